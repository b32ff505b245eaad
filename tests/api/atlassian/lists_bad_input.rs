//! Queries that lists and counts refuse (atlassian-api-access §3, §5, §6).

use crate::support::{Client, FULL_KEY, TestApp, apply, on_both_databases};

const COMBINATION: &str = "INVALID_API_TOKEN_SEARCH_QUERY";
const FORMAT: &str = "INVALID_FIELD_FORMAT";

/// What is wrong with the seven parameters of a date, called `@` here.
const DATES: [(&str, &str); 45] = [
    // Companions without their search type.
    ("@Uom=day", COMBINATION),
    ("@Value=1", COMBINATION),
    ("@From=2026-01-01", COMBINATION),
    ("@To=2026-01-01", COMBINATION),
    ("@RangeFrom=-1d", COMBINATION),
    ("@RangeTo=-1d", COMBINATION),
    ("@Uom=nonsense", COMBINATION),
    // A search type without its companions.
    ("@SearchType=gt", COMBINATION),
    ("@SearchType=lt&@Uom=day", COMBINATION),
    ("@SearchType=lt&@Value=1", COMBINATION),
    ("@SearchType=gt&@From=2026-01-01", COMBINATION),
    ("@SearchType=range", COMBINATION),
    ("@SearchType=range&@Uom=day&@Value=1", COMBINATION),
    ("@SearchType=range&@RangeFrom=-1d", COMBINATION),
    ("@SearchType=range_time", COMBINATION),
    ("@SearchType=range_time&@From=2026-01-01", COMBINATION),
    // An empty value is left out, whatever it is of.
    ("@SearchType=&@Uom=day&@Value=1", COMBINATION),
    ("@SearchType=gt&@Uom=&@Value=1", COMBINATION),
    ("@SearchType=gt&@Uom=day&@Value=", COMBINATION),
    ("@SearchType=range&@From=&@To=%20", COMBINATION),
    // Ends in the wrong order.
    ("@SearchType=range&@From=2026-01-02&@To=2026-01-01", COMBINATION),
    ("@SearchType=range&@From=2026-01-01T00:00:00Z&@To=2026-01-01T00:00:00%2B01:00", COMBINATION),
    ("@SearchType=range_time&@RangeFrom=-1d&@RangeTo=-2d", COMBINATION),
    ("@SearchType=range_time&@RangeFrom=1d&@RangeTo=-1d", COMBINATION),
    // Values that cannot be read.
    ("@SearchType=GT&@Uom=day&@Value=1", FORMAT),
    ("@SearchType=Range&@From=2026-01-01", FORMAT),
    ("@SearchType=rangeTime&@RangeFrom=-1d", FORMAT),
    ("@SearchType=eq&@Value=1", FORMAT),
    ("@SearchType=gt&@Uom=days&@Value=1", FORMAT),
    ("@SearchType=gt&@Uom=Day&@Value=1", FORMAT),
    ("@SearchType=gt&@Uom=month&@Value=1", FORMAT),
    ("@SearchType=gt&@Uom=day&@Value=-1", FORMAT),
    ("@SearchType=gt&@Uom=day&@Value=1.5", FORMAT),
    ("@SearchType=gt&@Uom=day&@Value=one", FORMAT),
    ("@SearchType=gt&@Uom=day&@Value=99999999999999999999", FORMAT),
    ("@SearchType=range&@From=yesterday", FORMAT),
    ("@SearchType=range&@To=2026-02-30", FORMAT),
    ("@SearchType=range&@To=1767225600", FORMAT),
    ("@SearchType=range&@From=2026-01-01&@To=x", FORMAT),
    ("@SearchType=range_time&@RangeFrom=3", FORMAT),
    ("@SearchType=range_time&@RangeFrom=-", FORMAT),
    ("@SearchType=range_time&@RangeFrom=1h%202d", FORMAT),
    ("@SearchType=range_time&@RangeFrom=3W", FORMAT),
    ("@SearchType=range_time&@RangeTo=2026-01-01", FORMAT),
    ("@SearchType=range_time&@RangeFrom=1d%20-2h", FORMAT),
];

/// Which dates each list can be filtered by.
const LISTS: [(&str, [&str; 2]); 2] =
    [("/api-tokens", ["createdAt", "lastActiveAt"]), ("/api-keys", ["expiresAt", "lastActiveAt"])];

#[apply(on_both_databases)]
async fn bad_dates_are_refused(app: TestApp) {
    for (list, fields) in LISTS {
        for (field, (query, code)) in fields.iter().flat_map(|field| DATES.iter().map(move |it| (field, it))) {
            let query = query.replace('@', field);
            for path in [list.to_owned(), format!("{list}/count")] {
                let detail =
                    app.atlassian(FULL_KEY).get(&format!("{path}?{query}")).await.expect_atlassian_error(400, code);
                assert!(detail.contains(field), "{query}: {detail}");
            }
        }
    }
}

#[apply(on_both_databases)]
async fn bad_statuses_and_key_types_are_refused(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for wrong in ["status=ALLOWED", "status=Blocked", "status=expired", "status=allowed,blocked"] {
        for path in ["/api-tokens", "/api-tokens/count"] {
            full.get(&format!("{path}?{wrong}")).await.expect_atlassian_error(400, FORMAT);
        }
    }
    for wrong in ["keyType=cloud_admin", "keyType=USER"] {
        for path in ["/api-keys", "/api-keys/count"] {
            full.get(&format!("{path}?{wrong}")).await.expect_atlassian_error(400, FORMAT);
        }
    }
}

#[apply(on_both_databases)]
async fn bad_page_sizes_are_refused(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for list in ["/api-tokens", "/oauth-clients"] {
        for good in ["1", "30", "1000"] {
            full.get(&format!("{list}?pageSize={good}")).await.expect_ok();
        }
        for wrong in ["0", "-1", "1001", "ten", "1.0", "99999999999999999999", "0x10"] {
            let answer = full.get(&format!("{list}?pageSize={wrong}")).await;
            let detail = answer.expect_atlassian_error(400, "INVALID_PAGE_SIZE");
            assert!(detail.contains("from 1 to 1000"), "{detail}");
        }
    }
    for wrong in ["0", "1", "15", "30", "101", "1000", "ten", "-5"] {
        full.get(&format!("/api-keys?pageSize={wrong}")).await.expect_atlassian_error(400, "INVALID_PAGE_SIZE");
    }
}

#[apply(on_both_databases)]
async fn bad_sorts_are_refused(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let wrong = [
        "Label",
        "name",
        "status",
        "label,",
        ",label",
        "--label",
        "-",
        "label%20asc",
        "label;createdAt",
        "CREATED_AT_DESC",
    ];
    for (list, others) in [("/api-tokens", "createdBy.name"), ("/api-keys", "createdAt"), ("/api-keys", "user.name")] {
        for sort in wrong.into_iter().chain([others]) {
            full.get(&format!("{list}?sort={sort}")).await.expect_atlassian_error(400, "INVALID_SORT");
        }
    }
    // These ignore the parameter.
    for path in ["/api-tokens/count", "/api-keys/count", "/oauth-clients", "/service-accounts"] {
        full.get(&format!("{path}?sort=nonsense")).await.expect_ok();
    }
}

/// What every parameter of a list or a count is when it is empty, or blank: left out.
#[apply(on_both_databases)]
async fn empty_values_are_left_out(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let of_date = |date: &str| {
        ["SearchType", "Uom", "Value", "From", "To", "RangeFrom", "RangeTo"].map(|part| format!("{date}{part}"))
    };
    let paging = ["sort", "pageSize", "cursor"].map(ToOwned::to_owned);
    for (list, [one, other]) in LISTS {
        let filters = ["q", "status", "keyType"].map(ToOwned::to_owned);
        let filters: Vec<String> = filters.into_iter().chain(of_date(one)).chain(of_date(other)).collect();
        for (path, names) in [
            (list.to_owned(), filters.iter().chain(&paging).collect::<Vec<_>>()),
            (format!("{list}/count"), filters.iter().collect()),
        ] {
            expect_the_same(&full, &path, &names).await;
        }
    }
    for (path, names) in [
        ("/oauth-clients", &["pageSize", "cursor"][..]),
        ("/service-accounts", &["limit", "cursor"]),
        ("/service-accounts/api-tokens", &["tokenLabel"]),
        ("/service-accounts/svc-1/api-tokens", &["tokenLabel"]),
        ("/service-accounts/oauth-clients", &["clientName"]),
        ("/service-accounts/svc-1/oauth-clients", &["clientName"]),
    ] {
        expect_the_same(&full, path, names).await;
    }
}

/// The path answers the same without a query, and with any of these empty or blank.
async fn expect_the_same(caller: &Client, path: &str, names: &[impl AsRef<str>]) {
    let without = caller.get(path).await;
    without.expect_ok();
    for name in names.iter().map(AsRef::as_ref) {
        for empty in ["", "%20", "+%20", "&SAME=x".replace("SAME", name).as_str()] {
            let answer = caller.get(&format!("{path}?{name}={empty}")).await;
            assert_eq!((answer.status, answer.text()), (without.status, without.text()), "{path}?{name}={empty}");
        }
    }
}

#[apply(on_both_databases)]
async fn blanks_around_values_do_not_count(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for (path, count) in [
        ("/api-tokens/count?q=%20laptop", "1"),
        ("/api-tokens/count?q=laptop%20", "1"),
        ("/api-tokens/count?q=+lap+top", "0"),
        ("/api-tokens/count?status=%20blocked+", "1"),
        ("/api-keys/count?keyType=CLOUD_ADMIN%20&q=%20full", "1"),
    ] {
        assert_eq!(full.get(path).await.text(), count, "{path}");
    }
    for path in ["/service-accounts/api-tokens?tokenLabel=%20ci%20", "/service-accounts/oauth-clients?clientName=+sync"]
    {
        assert_eq!(full.get(path).await.expect_ok().as_array().unwrap().len(), 1, "{path}");
    }
    assert_eq!(full.get("/oauth-clients?pageSize=%201").await.list_member("name").len(), 1);
}

#[apply(on_both_databases)]
async fn bad_limits_are_refused_with_the_range(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for good in ["1", "80"] {
        full.get(&format!("/service-accounts?limit={good}")).await.expect_ok();
    }
    for wrong in ["0", "81", "-1", "many", "1.5", "99999999999999999999"] {
        let detail = full.get(&format!("/service-accounts?limit={wrong}")).await.expect_atlassian_error(400, FORMAT);
        assert_eq!(detail, format!("limit must be a whole number from 1 to 80, not `{wrong}`"));
    }
    for wrong in ["-1", "x"] {
        full.get(&format!("/service-accounts?cursor={wrong}")).await.expect_atlassian_error(400, FORMAT);
    }
    for date in ["createdAt", "lastActiveAt"] {
        let query = format!("{date}SearchType=lt&{date}Uom=day&{date}Value=-1");
        let detail = full.get(&format!("/api-tokens?{query}")).await.expect_atlassian_error(400, FORMAT);
        assert_eq!(detail, format!("{date}Value must be a whole number from 0, not `-1`"));
    }
}

#[apply(on_both_databases)]
async fn cursors_of_other_lists_are_refused(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let next = async |query: &str| {
        let page = full.get(&format!("/api-tokens?pageSize=1&{query}")).await.expect_ok();
        page["links"]["next"].as_str().unwrap().to_owned()
    };
    let (by_time, by_label, by_both) = (next("").await, next("sort=label").await, next("sort=label,createdAt").await);
    for (query, cursor) in [
        ("", "x"),
        ("", "1"),
        ("", "%00"),
        ("", "https://api.atlassian.com/next"),
        ("", &by_time[1..]),
        ("", &by_label),
        ("", &by_both),
        ("sort=label", &by_time),
        ("sort=label", &by_both),
        ("sort=createdAt,label", &by_both),
    ] {
        full.get(&format!("/api-tokens?{query}&cursor={cursor}")).await.expect_atlassian_error(400, FORMAT);
    }
    for list in ["/api-keys", "/oauth-clients"] {
        full.get(&format!("{list}?cursor=x")).await.expect_atlassian_error(400, FORMAT);
        full.get(&format!("{list}?cursor={by_label}")).await.expect_atlassian_error(400, FORMAT);
    }
    full.get("/api-tokens/count?cursor=x").await.expect_ok();
}
