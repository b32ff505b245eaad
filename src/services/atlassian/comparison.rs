//! What `locum compare` asks the real service.

use crate::services::comparison::{Comparison, Parameter, Question, Scheme};

macro_rules! of_organization {
    ($rest:literal) => {
        concat!("/admin/api-access/v1/orgs/{org}", $rest)
    };
}

// Lines of "Our guess" that several requests settle.
const LEFT_OUT: (&str, &str) = ("6", "every empty or blank value of the query is left out");
const COMPANIONS: (&str, &str) = ("5", "companions without a search type");
const WINDOWS: (&str, &str) = ("5", "the grammar of relative windows");
const HEADERS_ON_REFUSALS: (&str, &str) = ("4", "headers also on every 4xx after authentication");
const FIVE_HUNDREDS: (&str, &str) = ("12", "the 500s that one organization saw");
const PAGES: (&str, &str) = ("6", "`self` on every page");
const TIMES: (&str, &str) = ("7.1", "times with milliseconds and `Z`");
const KEYS: (&str, &str) = ("7.8", "`keyType` is `CLOUD_ADMIN`");
const SERVICE_ACCOUNTS: (&str, &str) = ("7.18", "`id` and `atlassianId` are the same");
const USERS: (&str, &str) = ("9.1", "no rate headers, no limit");
const ROUTE_FIRST: (&str, &str) = ("2", "a wrong path or method is refused before authentication");

/// The demo's service accounts have tokens that expire and clients that nobody revoked.
const MORE_DATA: &str = "
version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    atlassian:
      service_accounts:
        - id: svc-compare
          name: compare
          tokens:
            - { label: never used, created_at: -9d }
            - { label: used, created_at: -9d, expires_at: +90d, last_active_at: -1h }
          oauth_clients:
            - { id: client-compare, name: revoked, created_at: -9d, expires_at: +90d, status: revoked }
";

/// Reading, and refusals of what is asked wrongly. No wrong key is sent: somebody may be told of it.
pub(super) const COMPARISON: Comparison = Comparison {
    name: "atlassian",
    title: "Atlassian API Access",
    schemes: &[Scheme { word: "Bearer", demo_token: "demo-atlassian-key" }],
    parameters: &[Parameter { name: "org", demo: "8f2b0c1e-0000-4000-8000-000000000001" }],
    headers: &[("authorization", "{scheme} {token}")],
    more_data: Some(MORE_DATA),
    questions: &[
        Question::new("api-tokens", of_organization!("/api-tokens?pageSize=100"))
            .takes(&[("account", "/data/0/user/id")])
            .settles(&[TIMES, PAGES]),
        Question::new("api-tokens-default-page", of_organization!("/api-tokens")).settles(&[FIVE_HUNDREDS]),
        Question::new("api-tokens-first-page", of_organization!("/api-tokens?pageSize=1"))
            .takes(&[("cursor", "/links/next")])
            .settles(&[PAGES]),
        Question::new("api-tokens-second-page", of_organization!("/api-tokens?pageSize=1&cursor={cursor}"))
            .settles(&[PAGES]),
        Question::new(
            "api-tokens-cursor-of-another-sort",
            of_organization!("/api-tokens?pageSize=1&sort=label&cursor={cursor}"),
        )
        .settles(&[PAGES]),
        Question::new("api-tokens-empty-cursor", of_organization!("/api-tokens?pageSize=20&cursor=")),
        Question::new("api-tokens-bad-cursor", of_organization!("/api-tokens?pageSize=20&cursor=no-cursor"))
            .settles(&[FIVE_HUNDREDS, HEADERS_ON_REFUSALS]),
        Question::new("api-tokens-page-size-0", of_organization!("/api-tokens?pageSize=0"))
            .settles(&[FIVE_HUNDREDS, HEADERS_ON_REFUSALS]),
        Question::new("api-tokens-page-size-1001", of_organization!("/api-tokens?pageSize=1001")),
        Question::new("api-tokens-page-size-no-number", of_organization!("/api-tokens?pageSize=many")),
        Question::new("api-tokens-page-size-empty", of_organization!("/api-tokens?pageSize=")).settles(&[LEFT_OUT]),
        Question::new("api-tokens-status-blank", of_organization!("/api-tokens?pageSize=20&status=%20"))
            .settles(&[LEFT_OUT]),
        Question::new("api-tokens-sorted", of_organization!("/api-tokens?pageSize=20&sort=-createdAt,label")),
        Question::new("api-tokens-sort-field-twice", of_organization!("/api-tokens?pageSize=20&sort=label,-label"))
            .settles(&[("6", "a field named twice counts once")]),
        Question::new("api-tokens-bad-sort", of_organization!("/api-tokens?pageSize=20&sort=nothing"))
            .settles(&[FIVE_HUNDREDS]),
        Question::new("api-tokens-allowed", of_organization!("/api-tokens?pageSize=20&status=allowed")),
        Question::new("api-tokens-status-in-capitals", of_organization!("/api-tokens?pageSize=20&status=ALLOWED"))
            .settles(&[FIVE_HUNDREDS]),
        Question::new("api-tokens-nothing-found", of_organization!("/api-tokens?pageSize=20&q=no-token-has-this-name")),
        Question::new(
            "api-tokens-companion-alone",
            of_organization!("/api-tokens?pageSize=20&createdAtUom=day&createdAtValue=1"),
        )
        .settles(&[COMPANIONS]),
        Question::new(
            "api-tokens-range-without-ends",
            of_organization!("/api-tokens?pageSize=20&createdAtSearchType=range"),
        ),
        Question::new(
            "api-tokens-range-ends-swapped",
            of_organization!(
                "/api-tokens?pageSize=20&createdAtSearchType=range\
                 &createdAtFrom=2026-01-02T00:00:00Z&createdAtTo=2026-01-01T00:00:00Z"
            ),
        )
        .settles(&[COMPANIONS]),
        Question::new(
            "api-tokens-companion-of-another-type",
            of_organization!(
                "/api-tokens?pageSize=20&createdAtSearchType=gt&createdAtUom=day&createdAtValue=1\
                 &createdAtRangeFrom=-1d"
            ),
        )
        .settles(&[COMPANIONS]),
        Question::new(
            "api-tokens-window",
            of_organization!("/api-tokens?pageSize=20&createdAtSearchType=range_time&createdAtRangeFrom=-3w%202d"),
        )
        .settles(&[WINDOWS]),
        Question::new(
            "api-tokens-window-in-wrong-order",
            of_organization!("/api-tokens?pageSize=20&createdAtSearchType=range_time&createdAtRangeFrom=-2d%203w"),
        )
        .settles(&[WINDOWS]),
        Question::new("api-token-count", of_organization!("/api-tokens/count")),
        Question::new("api-keys", of_organization!("/api-keys?pageSize=20")).settles(&[KEYS]),
        Question::new("api-keys-page-size-30", of_organization!("/api-keys?pageSize=30"))
            .settles(&[HEADERS_ON_REFUSALS]),
        Question::new("api-key-count", of_organization!("/api-keys/count")),
        Question::new("oauth-clients", of_organization!("/oauth-clients?pageSize=100"))
            .takes(&[("client", "/data/0/clientId")]),
        Question::new("oauth-client", of_organization!("/oauth-clients/{client}")),
        Question::new("oauth-client-unknown", of_organization!("/oauth-clients/no-such-client")),
        Question::new("service-accounts", of_organization!("/service-accounts"))
            .takes(&[("service_account", "/items/0/id")])
            .settles(&[SERVICE_ACCOUNTS]),
        Question::new("service-accounts-limit-1", of_organization!("/service-accounts?limit=1"))
            .settles(&[SERVICE_ACCOUNTS]),
        Question::new("service-accounts-limit-81", of_organization!("/service-accounts?limit=81"))
            .settles(&[SERVICE_ACCOUNTS]),
        Question::new("service-account-tokens", of_organization!("/service-accounts/api-tokens")),
        Question::new("service-account-clients", of_organization!("/service-accounts/oauth-clients")),
        Question::new("tokens-of-service-account", of_organization!("/service-accounts/{service_account}/api-tokens")),
        Question::new(
            "clients-of-service-account",
            of_organization!("/service-accounts/{service_account}/oauth-clients"),
        ),
        Question::new(
            "tokens-of-unknown-service-account",
            of_organization!("/service-accounts/no-such-account/api-tokens"),
        ),
        Question::new("user-tokens", "/users/{account}/manage/api-tokens").settles(&[USERS]),
        Question::new("user-tokens-unknown-account", "/users/no-such-account/manage/api-tokens").settles(&[USERS]),
        Question::new(
            "another-organization",
            "/admin/api-access/v1/orgs/00000000-0000-4000-8000-00000000abcd/api-tokens?pageSize=20",
        )
        .settles(&[("2", "another organization's key is 403")]),
        Question::new("wrong-path", of_organization!("/no-such-path")),
        Question::new("wrong-method", of_organization!("/api-keys/revoke/no-such-key"))
            .settles(&[("2", "`Method Not Allowed` with 405")]),
        Question::new("no-credential", of_organization!("/api-tokens?pageSize=20")).with(&[]),
        Question::new("wrong-path-without-credential", of_organization!("/no-such-path"))
            .with(&[])
            .settles(&[ROUTE_FIRST]),
        Question::new("wrong-method-without-credential", of_organization!("/api-keys/revoke/no-such-key"))
            .with(&[])
            .settles(&[ROUTE_FIRST]),
    ],
};
