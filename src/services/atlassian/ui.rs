//! Atlassian → API tokens, API keys, service accounts: lists with the API's filters, buttons that revoke and delete.

mod record;
mod tab;

use askama::Template;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    core::error::Error,
    domain::organization::Organization,
    http::extract,
    services::atlassian::{
        Atlassian,
        api::{
            error::ParameterError,
            query::{ClientNameQuery, KEY_FIELDS, KeyQuery, LabelQuery, TOKEN_FIELDS, TokenQuery, encode},
        },
        domain::{
            api_key::ApiKey,
            api_token::ApiToken,
            service_account::{OAuthClient, ServiceAccount, ServiceAccountToken},
        },
        store,
    },
    store::{ReadOnly, Session},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_time, format_time_or, name_few},
        links::{encode_segment, format_query},
        view::{Page, Person, render_empty_page, render_page},
    },
};

use tab::{PAGE_ONLY, Tab, keep_filters};

pub(crate) use record::find_record;
pub(crate) use tab::PARAMETERS;

/// The most rows that a page shows, because with more it would get long, and over 60 KB. The API goes up to 1000.
const MOST_ROWS: i64 = 25;
/// The same of service accounts, whose rows are larger.
const MOST_ACCOUNTS: i64 = 12;
/// The most tokens and clients that it shows of one service account.
const MOST_OF_ACCOUNT: usize = 5;

/// How a date is looked for: as the API has it, and as the page does.
const SEARCH_TYPES: [(&str, &str); 4] =
    [("gt", "further away than"), ("lt", "nearer than"), ("range", "from – to"), ("range_time", "from – to, relative")];

/// The fields of a date filter, as the page's query fills them.
struct DateFilter {
    /// The date's name, which the API's parameters begin with.
    field: &'static str,
    title: &'static str,
    search_type: String,
    value: String,
    unit: String,
    from: String,
    to: String,
    range_from: String,
    range_to: String,
}

impl DateFilter {
    fn read(page: &Page, field: &'static str, title: &'static str) -> Self {
        let get = |part: &str| page.get(&format!("{field}{part}")).to_owned();
        Self {
            search_type: get("SearchType"),
            value: get("Value"),
            unit: get("Uom"),
            from: get("From"),
            to: get("To"),
            range_from: get("RangeFrom"),
            range_to: get("RangeTo"),
            field,
            title,
        }
    }

    /// Writes the names of its parameters as the labels of its fields are.
    fn name_fields(&self, detail: &str) -> String {
        let Self { field, title, .. } = self;
        let mut named = detail.to_owned();
        for (search_type, described) in SEARCH_TYPES {
            // With what follows, because one is the beginning of another.
            let parameter = format!("{field}SearchType={search_type} needs");
            named = named.replace(&parameter, &format!("{title} {described} needs"));
        }
        let labels = [
            ("SearchType", "How"),
            ("Value", "Value"),
            ("Uom", "Unit"),
            ("From", "From"),
            ("To", "To"),
            ("RangeFrom", "Relative from"),
            ("RangeTo", "Relative to"),
        ];
        labels
            .iter()
            .fold(named, |named, (part, label)| named.replace(&format!("{field}{part}"), &format!("{title}: {label}")))
    }
}

/// A service account with its credentials and buttons.
struct AccountRow {
    account: ServiceAccount,
    tokens: Vec<ServiceAccountToken>,
    clients: Vec<(OAuthClient, ControlAction)>,
    /// Tokens and clients that pass the filters, but are too many to show.
    more: usize,
    buttons: Vec<ControlAction>,
}

#[derive(Template)]
#[template(path = "atlassian.html", config = "src/services/atlassian/askama.toml")]
struct Administration<'a> {
    page: &'a Page,
    organizations: &'a [Organization],
    organization: &'a Organization,
    people: &'a [Person],
    actor: &'a str,
    tab: Tab,
    tabs: Vec<(&'static str, String, bool)>,
    dates: Vec<DateFilter>,
    fields: Vec<&'static str>,
    /// What the API would refuse of the filters.
    refusal: Option<String>,
    /// How many records there are, in words.
    heading: String,
    /// The requests to the API that answer the same.
    requests: Vec<String>,
    is_filtered: bool,
    tokens: Vec<(ApiToken, ControlAction)>,
    keys: Vec<(ApiKey, ControlAction)>,
    accounts: Vec<AccountRow>,
    revoke_all: Option<ControlAction>,
    links: Vec<(&'static str, String)>,
    /// What was done, and how many are left.
    note: Option<String>,
}

impl Administration<'_> {
    fn route(&self, path: &str) -> String {
        format!("/organizations/{}/atlassian/{path}", self.organization.customer_code)
    }

    /// Makes a button that deletes or revokes something, after a question.
    fn make_button(&self, path: &str, label: &str, what: &str) -> ControlAction {
        let action = self.page.call("DELETE", &self.route(path), json!({ "actor": self.actor }), label);
        let done = if label == "Delete" { "Deleted" } else { "Revoked" };
        action.of(what).says(format!("{done} {what}")).asks(format!("{label} {what}? This cannot be undone."))
    }
}

/// Shows the list that the query names, else the API tokens.
pub(crate) async fn show(mut page: Page) -> Result<Response, PageError> {
    let note = page.note.take();
    let (organizations, Some(organization)) = page.organization().await? else {
        return render_empty_page(&page, "Atlassian", "organization");
    };
    let (people, actor) = page.people(&organization, None).await?;
    let tab = Tab::find(&page)?;
    keep_filters(&mut page, tab);
    let [chosen_organization, chosen_actor] = ["organization", "as"].map(|name| (name, page.get(name)));
    let make_link = |tab: Tab| page.link("/atlassian", &[chosen_organization, chosen_actor, ("tab", tab.name())]);
    let created = || DateFilter::read(&page, "createdAt", "Created");
    let last_active = || DateFilter::read(&page, "lastActiveAt", "Last active");
    let expires = || DateFilter::read(&page, "expiresAt", "Expires");
    let mut administration = Administration {
        organizations: &organizations,
        organization: &organization,
        people: &people,
        actor: &actor,
        tab,
        tabs: Tab::TITLES.map(|(other, title)| (title, make_link(other), other == tab)).into(),
        dates: match tab {
            Tab::ApiTokens => vec![created(), last_active()],
            Tab::ApiKeys => vec![expires(), last_active()],
            Tab::ServiceAccounts => Vec::new(),
        },
        fields: match tab {
            Tab::ApiTokens => TOKEN_FIELDS.map(|(name, _)| name).into(),
            Tab::ApiKeys => KEY_FIELDS.map(|(name, _)| name).into(),
            Tab::ServiceAccounts => Vec::new(),
        },
        refusal: None,
        heading: String::new(),
        requests: format_requests(&page, &organization, tab),
        is_filtered: page.query.keys().any(|name| !PAGE_ONLY.contains(&name.as_str()) && name != "cursor"),
        tokens: Vec::new(),
        keys: Vec::new(),
        accounts: Vec::new(),
        revoke_all: None,
        links: Vec::new(),
        note,
        page: &page,
    };
    let mut db = page.app().db.read().await?;
    match fill(&mut db, &mut administration).await {
        Ok(()) => {}
        Err(FillError::Parameter(error)) => {
            let dates = administration.dates.iter();
            administration.refusal = Some(dates.fold(error.detail, |detail, date| date.name_fields(&detail)));
        }
        Err(FillError::TooMuch(detail)) => administration.refusal = Some(detail),
        Err(FillError::Other(error)) => return Err(error.into()),
    }
    drop(db);
    render_page(&page, &administration)
}

/// Formats the requests to the API that answer what the page shows: of service accounts, a list of each kind.
fn format_requests(page: &Page, organization: &Organization, tab: Tab) -> Vec<String> {
    let base = crate::services::atlassian::BASE;
    let format = |list: &str, pairs: Vec<(&str, &str)>| {
        format!("GET {base}/orgs/{}/{list}{}", organization.org_id, format_query(pairs))
    };
    if tab == Tab::ServiceAccounts {
        let rows = MOST_ACCOUNTS.to_string();
        let pairs = vec![("limit", rows.as_str()), ("cursor", page.get("cursor"))];
        let filtered = |parameter, list| {
            let value = page.get(parameter);
            (!value.is_empty()).then(|| format(list, vec![(parameter, value)]))
        };
        let tokens = filtered("tokenLabel", "service-accounts/api-tokens");
        let clients = filtered("clientName", "service-accounts/oauth-clients");
        return std::iter::once(format(tab.name(), pairs)).chain(tokens).chain(clients).collect();
    }
    let mut pairs: Vec<(&str, &str)> = page.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.retain(|(name, _)| !PAGE_ONLY.contains(name));
    pairs.sort_unstable();
    vec![format(tab.name(), pairs)]
}

/// Reads the page's query as the API reads its own.
fn read_query<T: DeserializeOwned>(page: &Page) -> Result<T, Error> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&page.query).finish();
    extract::read_query::<Atlassian, T>(&query)
}

/// Why a list cannot be shown.
#[derive(thiserror::Error, Debug)]
enum FillError {
    /// A filter that the API would refuse.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// What the API would answer, but no page shows.
    #[error("{0}")]
    TooMuch(String),
    #[error(transparent)]
    Other(#[from] Error),
}

/// Fills in the records of the page's tab.
async fn fill(db: &mut Session<ReadOnly>, administration: &mut Administration<'_>) -> Result<(), FillError> {
    let (page, id) = (administration.page, administration.organization.id);
    let now = &page.answer_time();
    let (next, prev) = match administration.tab {
        Tab::ApiTokens => {
            let (filter, page_request) = read_query::<TokenQuery>(page)?.read(now)?;
            check_size(page)?;
            let total = store::api_token::count(db, id, &filter, now).await?;
            let found = store::api_token::page(db, id, &filter, &page_request, now).await?;
            let revoke = |token: ApiToken| {
                let path = format!("api-tokens/{}", encode_segment(&token.id));
                let what = format!("the API token {} of {}", token.label, token.user.email);
                let button = administration.make_button(&path, "Revoke", &what);
                (token, button)
            };
            let tokens = found.items.into_iter().map(revoke).collect();
            let everything = "API tokens of all users, whatever the filter";
            administration.revoke_all =
                (total > 0).then(|| administration.make_button("api-tokens", "Revoke all", everything));
            administration.tokens = tokens;
            administration.heading = count_noun(total, "API token");
            (found.next.map(|it| encode(&it)), found.prev.map(|it| encode(&it)))
        }
        Tab::ApiKeys => {
            let (filter, page_request) = read_query::<KeyQuery>(page)?.read(now)?;
            check_size(page)?;
            administration.heading = count_noun(store::api_key::count(db, id, &filter, now).await?, "API key");
            let found = store::api_key::page(db, id, &filter, &page_request, now).await?;
            let revoke = |key: ApiKey| {
                let path = format!("api-keys/{}", encode_segment(&key.id));
                let button = administration.make_button(&path, "Revoke", &format!("the API key {}", key.label));
                (key, button)
            };
            administration.keys = found.items.into_iter().map(revoke).collect();
            (found.next.map(|it| encode(&it)), found.prev.map(|it| encode(&it)))
        }
        Tab::ServiceAccounts => fill_accounts(db, administration).await?,
    };
    let make_link = |cursor: Option<String>, title| Some((title, page.with(&[("cursor", &cursor?)])));
    administration.links =
        [make_link(prev, "Previous page"), make_link(next, "Next page")].into_iter().flatten().collect();
    Ok(())
}

fn check_size(page: &Page) -> Result<(), FillError> {
    match page.get("pageSize").parse::<i64>() {
        Ok(size) if size > MOST_ROWS => {
            let detail = format!("this page shows at most {MOST_ROWS} rows at once; the API answers up to 1000");
            Err(FillError::TooMuch(detail))
        }
        _ => Ok(()),
    }
}

/// Where the parts of the list after and before this one begin.
type Around = (Option<String>, Option<String>);

/// Fills in the service accounts with their tokens and clients, which are filtered as the API filters them.
async fn fill_accounts(
    db: &mut Session<ReadOnly>,
    administration: &mut Administration<'_>,
) -> Result<Around, FillError> {
    let (page, id) = (administration.page, administration.organization.id);
    let (label, name) = (read_query::<LabelQuery>(page)?, read_query::<ClientNameQuery>(page)?);
    let after = match page.get("cursor") {
        "" => 0,
        text => {
            let position = text.parse().ok().filter(|position: &i64| *position >= 0);
            position.ok_or_else(|| ParameterError::format("cursor is none of this list's"))?
        }
    };
    let mut rows = Vec::new();
    let mut found = store::service_account::list(db, id, after, MOST_ACCOUNTS + 1).await?;
    let has_more = found.len() > usize::try_from(MOST_ACCOUNTS).unwrap_or_default();
    found.truncate(usize::try_from(MOST_ACCOUNTS).unwrap_or_default());
    let next = found.last().filter(|_| has_more).map(|(position, _)| position.to_string());
    let prev = match after {
        0 => None,
        after => Some(store::service_account::find_page_before(db, id, after, MOST_ACCOUNTS).await?.to_string()),
    };
    for (_, account) in found {
        let mut tokens = store::service_account::list_tokens(db, id, Some(&account.id)).await?;
        let mut clients = store::oauth_client::list_of_accounts(db, id, Some(&account.id)).await?;
        let path = format!("service-accounts/{}", encode_segment(&account.id));
        let all_tokens = format!("all API tokens of {}", account.name);
        let mut buttons = Vec::new();
        if !tokens.is_empty() {
            buttons.push(administration.make_button(&format!("{path}/api-tokens"), "Revoke", &all_tokens));
        }
        buttons.push(administration.make_button(&path, "Delete", &format!("the service account {}", account.name)));
        tokens.retain(|token| label.matches(&token.label));
        clients.retain(|client| name.matches(&client.name));
        let more = tokens.len().saturating_sub(MOST_OF_ACCOUNT) + clients.len().saturating_sub(MOST_OF_ACCOUNT);
        tokens.truncate(MOST_OF_ACCOUNT);
        clients.truncate(MOST_OF_ACCOUNT);
        let delete = |client: OAuthClient| {
            let path = format!("oauth-clients/{}", encode_segment(&client.id));
            let button = administration.make_button(&path, "Delete", &format!("the OAuth client {}", client.name));
            (client, button)
        };
        let clients = clients.into_iter().map(delete).collect();
        rows.push(AccountRow { account, tokens, clients, more, buttons });
    }
    administration.heading = count_noun(store::service_account::count(db, id).await?, "service account");
    administration.accounts = rows;
    Ok((next, prev))
}
