//! Atlassian → API tokens, API keys, service accounts: lists with the API's filters, buttons that revoke and delete.

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
            listing::Cursor,
            service_account::{OAuthClient, ServiceAccount, ServiceAccountToken},
        },
        store,
    },
    store::{ReadOnly, Session},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_time, format_time_or},
        links::{encode_segment, format_query},
        view::{Page, Person, render_empty_page, render_page},
    },
};

/// How many service accounts the page shows.
const SHOWN_ACCOUNTS: i64 = 100;

/// What the page lists. Its text stands in the page's query, and in the path of the API's list.
#[derive(Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
enum Tab {
    ApiTokens,
    ApiKeys,
    ServiceAccounts,
}

impl Tab {
    const TITLES: [(Self, &'static str); 3] =
        [(Self::ApiTokens, "API tokens"), (Self::ApiKeys, "API keys"), (Self::ServiceAccounts, "Service accounts")];

    fn name(self) -> &'static str {
        self.into()
    }
}

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
}

/// A service account with its credentials and buttons.
struct AccountRow {
    account: ServiceAccount,
    tokens: Vec<ServiceAccountToken>,
    clients: Vec<(OAuthClient, ControlAction)>,
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
    /// The request to the API that answers the same.
    request: String,
    tokens: Vec<(ApiToken, ControlAction)>,
    keys: Vec<(ApiKey, ControlAction)>,
    accounts: Vec<AccountRow>,
    revoke_all: Option<ControlAction>,
    links: Vec<(&'static str, String)>,
}

impl Administration<'_> {
    fn route(&self, path: &str) -> String {
        format!("/organizations/{}/atlassian/{path}", self.organization.customer_code)
    }

    /// Makes a button that deletes or revokes something, after a question.
    fn make_button(&self, path: &str, label: &str, what: &str) -> ControlAction {
        let action = self.page.call("DELETE", &self.route(path), json!({ "actor": self.actor }), label);
        action.of(what).asks(format!("{label} {what}? This cannot be undone."))
    }
}

/// Shows the list that the query names, else the API tokens.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let (organizations, Some(organization)) = page.organization().await? else {
        return render_empty_page(&page, "Atlassian", "organization");
    };
    let (people, actor) = page.people(&organization, None).await?;
    let tab = page.get("tab").parse().unwrap_or(Tab::ApiTokens);
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
        request: format_request(&page, &organization, tab),
        tokens: Vec::new(),
        keys: Vec::new(),
        accounts: Vec::new(),
        revoke_all: None,
        links: Vec::new(),
        page: &page,
    };
    let mut db = page.app().db.read().await?;
    match fill(&mut db, &mut administration).await {
        Ok(()) => {}
        Err(FillError::Parameter(error)) => administration.refusal = Some(error.detail),
        Err(FillError::Other(error)) => return Err(error.into()),
    }
    drop(db);
    render_page(&page, &administration)
}

/// Formats the request to the API that answers what the page shows.
fn format_request(page: &Page, organization: &Organization, tab: Tab) -> String {
    let page_only = ["organization", "as", "tab"];
    let mut pairs: Vec<(&str, &str)> = page.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.retain(|(name, _)| !page_only.contains(name));
    pairs.sort_unstable();
    let base = crate::services::atlassian::BASE;
    format!("GET {base}/orgs/{}/{}{}", organization.org_id, tab.name(), format_query(pairs))
}

/// Reads the page's query as the API reads its own.
fn read_query<T: DeserializeOwned>(page: &Page) -> Result<T, Error> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&page.query).finish();
    extract::read_query::<Atlassian, T>(&query)
}

/// Why a list cannot be shown.
#[derive(thiserror::Error, Debug)]
#[error(transparent)]
enum FillError {
    /// A filter that the API would refuse.
    Parameter(#[from] ParameterError),
    Other(#[from] Error),
}

/// Fills in the records of the page's tab.
async fn fill(db: &mut Session<ReadOnly>, administration: &mut Administration<'_>) -> Result<(), FillError> {
    let (page, id) = (administration.page, administration.organization.id);
    let now = &page.answer_time();
    let (next, prev) = match administration.tab {
        Tab::ApiTokens => {
            let (filter, page_request) = read_query::<TokenQuery>(page)?.read(now)?;
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
            (found.next, found.prev)
        }
        Tab::ApiKeys => {
            let (filter, page_request) = read_query::<KeyQuery>(page)?.read(now)?;
            administration.heading = count_noun(store::api_key::count(db, id, &filter, now).await?, "API key");
            let found = store::api_key::page(db, id, &filter, &page_request, now).await?;
            let revoke = |key: ApiKey| {
                let path = format!("api-keys/{}", encode_segment(&key.id));
                let button = administration.make_button(&path, "Revoke", &format!("the API key {}", key.label));
                (key, button)
            };
            administration.keys = found.items.into_iter().map(revoke).collect();
            (found.next, found.prev)
        }
        Tab::ServiceAccounts => {
            fill_accounts(db, administration).await?;
            (None, None)
        }
    };
    let make_link = |cursor: Option<Cursor>, title| Some((title, page.with(&[("cursor", &encode(&cursor?))])));
    administration.links =
        [make_link(prev, "Previous page"), make_link(next, "Next page")].into_iter().flatten().collect();
    Ok(())
}

/// Fills in the service accounts with their tokens and clients, which are filtered as the API filters them.
async fn fill_accounts(db: &mut Session<ReadOnly>, administration: &mut Administration<'_>) -> Result<(), Error> {
    let (page, id) = (administration.page, administration.organization.id);
    let (label, name) = (read_query::<LabelQuery>(page)?, read_query::<ClientNameQuery>(page)?);
    let mut rows = Vec::new();
    for (_, account) in store::service_account::list(db, id, 0, SHOWN_ACCOUNTS).await? {
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
        let delete = |client: OAuthClient| {
            let path = format!("oauth-clients/{}", encode_segment(&client.id));
            let button = administration.make_button(&path, "Delete", &format!("the OAuth client {}", client.name));
            (client, button)
        };
        rows.push(AccountRow { clients: clients.into_iter().map(delete).collect(), account, tokens, buttons });
    }
    administration.heading = count_noun(store::service_account::count(db, id).await?, "service account");
    administration.accounts = rows;
    Ok(())
}
