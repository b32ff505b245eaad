//! The licences on the page, filtered as the API filters them.

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    http::extract,
    services::jetbrains_account::{
        BASE, JetBrainsAccount,
        api::wire::requests::LicenseQuery,
        domain::{
            license::{Assignee, License, display_name},
            role::Profile,
        },
        store,
    },
    store::{ReadOnly, Session},
    web::{
        error::PageError,
        format::{count_noun, format_time_or},
        links::{encode_segment, format_query},
        parts::{Links, ROWS},
        view::Page,
    },
};

/// The parameters of the API's list that the page has fields for, and what the fields are called.
const FILTERS: [(&str, &str); 4] =
    [("productCode", "Product"), ("teamId", "Team"), ("assigneeEmail", "Holder"), ("assigned", "Held")];

/// The parameter that names one licence.
pub(super) const NAMED: &str = "license";

#[derive(Default)]
pub(super) struct LicenseList {
    pub rows: Vec<LicenseRow>,
    /// How many there are, in words.
    pub counted: String,
    /// What the API would refuse of the filters.
    pub refusal: Option<String>,
    /// The request to the API that answers the same.
    pub request: String,
    /// The codes of all licences, to choose from.
    pub products: Vec<String>,
    pub is_filtered: bool,
}

pub(super) struct LicenseRow {
    pub license: License,
    pub holder: String,
    pub since: String,
    pub until: String,
    pub state: &'static str,
}

/// Reads the licences that the page's query asks for, as the API reads its own.
pub(super) async fn list(
    db: &mut Session<ReadOnly>,
    page: &Page,
    organization: OrganizationId,
    profile: Profile,
) -> Result<(LicenseList, Links), PageError> {
    let filters = FILTERS.map(|(name, _)| (name, page.get(name).trim()));
    let rows = ROWS.to_string();
    let of_page = [("perPage", rows.as_str()), ("page", page.get("page"))];
    let query = format_query(filters.into_iter().chain(of_page));
    let path = profile.team().map_or_else(String::new, |id| format!("/teams/{id}"));
    let mut shown = LicenseList {
        request: format!("GET {BASE}/customer{path}/licenses{query}"),
        products: store::license::list_products(db, organization).await?,
        is_filtered: filters.iter().any(|(_, value)| !value.is_empty()),
        ..LicenseList::default()
    };
    // What is linked to by its id, whatever the filters.
    let named = page.get(NAMED);
    if !named.is_empty() {
        let found = store::license::find(db, organization, named).await?;
        let found = found.filter(|license| profile.team().is_none_or(|team| team == license.team.id));
        shown.request = format!("GET {BASE}/customer/licenses/{}", encode_segment(named));
        shown.is_filtered = true;
        shown.counted = count_noun(i64::from(found.is_some()), "licence");
        shown.rows = found.into_iter().map(|license| to_row(page, license)).collect();
        return Ok((shown, Links::new()));
    }
    let read = extract::read_query::<JetBrainsAccount, LicenseQuery>(query.trim_start_matches('?'));
    let (filter, asked) = match read.and_then(LicenseQuery::read) {
        Ok(read) => read,
        Err(Error::Unreadable(why)) => {
            shown.refusal = Some(name_field(&why));
            return Ok((shown, Links::new()));
        }
        Err(error) => return Err(error.into()),
    };
    let filter = match profile.team() {
        Some(team) => filter.and_then(|filter| filter.within_team(team)),
        None => filter,
    };
    let (licenses, total) = match &filter {
        Some(filter) => store::license::list_page(db, organization, filter, asked).await?,
        None => (Vec::new(), 0),
    };
    shown.rows = licenses.into_iter().map(|license| to_row(page, license)).collect();
    shown.counted = count_noun(total, "licence");
    Ok((shown, page.part_links("page", asked, total)))
}

/// Why a filter cannot be read, by the name of its field.
fn name_field(why: &str) -> String {
    let why = why.strip_prefix("query: ").unwrap_or(why);
    let field = FILTERS.iter().find_map(|(name, field)| Some((field, why.strip_prefix(name)?)));
    field.map_or_else(|| why.to_owned(), |(field, rest)| format!("{field}{rest}"))
}

fn to_row(page: &Page, license: License) -> LicenseRow {
    let holder = match &license.assignee {
        None => String::new(),
        Some(Assignee::User { email, given_name, account_name }) => {
            format!("{} <{email}>", display_name(given_name, account_name.as_deref()))
        }
        Some(Assignee::Server { uid, .. }) => format!("server {uid}"),
        Some(Assignee::LicenseKey { registration_name, .. }) => format!("licence key of {registration_name}"),
    };
    let state = if license.suspended {
        "suspended"
    } else if license.assignee.is_some() {
        "assigned"
    } else if license.is_expired(&page.answer_time()) {
        "expired"
    } else if license.unavailable(&page.answer_time()).is_some() {
        "not for people"
    } else {
        "free"
    };
    let until = license.subscription.as_ref().map(|subscription| subscription.valid_until.to_string());
    let since = if license.assignee.is_some() { format_time_or(license.assigned_at, "") } else { String::new() };
    LicenseRow { until: until.unwrap_or_else(|| "perpetual".to_owned()), holder, since, state, license }
}
