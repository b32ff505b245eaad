//! Atlassian → API tokens, API keys, service accounts: lists with the filters of the API, and what is taken away.

use askama::Template;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    core::error::Error,
    domain::organization::Organization,
    services::atlassian::{
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

/// Service accounts on a page.
const ACCOUNTS: i64 = 100;

/// What a list is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Tokens,
    Keys,
    Accounts,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Tokens, "api-tokens", "API tokens"),
        (Self::Keys, "api-keys", "API keys"),
        (Self::Accounts, "service-accounts", "Service accounts"),
    ];

    fn of(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map_or(Self::Tokens, |(tab, ..)| *tab)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(tab, ..)| *tab == self).map_or("", |(_, name, _)| name)
    }
}

/// A date that can be searched for, and how it is asked for now.
struct DateFilter {
    /// As the API's parameters begin.
    field: &'static str,
    title: &'static str,
    kind: String,
    value: String,
    unit: String,
    from: String,
    to: String,
    range_from: String,
    range_to: String,
}

impl DateFilter {
    fn of(page: &Page, field: &'static str, title: &'static str) -> Self {
        let of = |part: &str| page.get(&format!("{field}{part}")).to_owned();
        Self {
            kind: of("SearchType"),
            value: of("Value"),
            unit: of("Uom"),
            from: of("From"),
            to: of("To"),
            range_from: of("RangeFrom"),
            range_to: of("RangeTo"),
            field,
            title,
        }
    }
}

/// A service account with what is its own, and what can be done about it.
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
    /// What is wrong with the filters.
    wrong: Option<String>,
    counted: String,
    /// The call of the API that answers the same.
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

    /// Takes something away, after a question.
    fn takes(&self, path: &str, label: &str, what: &str) -> ControlAction {
        let call = self.page.call("DELETE", &self.route(path), json!({ "actor": self.actor }), label);
        call.of(what).asks(format!("{label} {what}? This cannot be undone."))
    }
}

/// Shows the list that the query names, else the API tokens.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let (organizations, Some(organization)) = page.organization().await? else {
        return render_empty_page(&page, "Atlassian", "organization");
    };
    let (people, actor) = page.people(&organization, None).await?;
    let tab = Tab::of(page.get("tab"));
    let keep = ["organization", "as"].map(|name| (name, page.get(name)));
    let link = |name: &'static str| page.link("/atlassian", &[keep[0], keep[1], ("tab", name)]);
    let created = || DateFilter::of(&page, "createdAt", "Created");
    let last_active = || DateFilter::of(&page, "lastActiveAt", "Last active");
    let expires = || DateFilter::of(&page, "expiresAt", "Expires");
    let mut shown = Administration {
        organizations: &organizations,
        organization: &organization,
        people: &people,
        actor: &actor,
        tab,
        tabs: Tab::ALL.map(|(it, name, title)| (title, link(name), it == tab)).into(),
        dates: match tab {
            Tab::Tokens => vec![created(), last_active()],
            Tab::Keys => vec![expires(), last_active()],
            Tab::Accounts => Vec::new(),
        },
        fields: match tab {
            Tab::Tokens => TOKEN_FIELDS.map(|(name, _)| name).into(),
            Tab::Keys => KEY_FIELDS.map(|(name, _)| name).into(),
            Tab::Accounts => Vec::new(),
        },
        wrong: None,
        counted: String::new(),
        request: request(&page, &organization, tab),
        tokens: Vec::new(),
        keys: Vec::new(),
        accounts: Vec::new(),
        revoke_all: None,
        links: Vec::new(),
        page: &page,
    };
    let mut db = page.app().db.read().await?;
    match fill(&mut db, &mut shown).await {
        Ok(()) => {}
        // As the API would refuse it.
        Err(FillError::Parameter(error)) => shown.wrong = Some(error.detail),
        Err(FillError::Other(error)) => return Err(error.into()),
    }
    drop(db);
    render_page(&page, &shown)
}

/// The call of the API that answers what the page shows.
fn request(page: &Page, organization: &Organization, tab: Tab) -> String {
    let ours = ["organization", "as", "tab"];
    let mut pairs: Vec<(&str, &str)> = page.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.retain(|(name, _)| !ours.contains(name));
    pairs.sort_unstable();
    let base = crate::services::atlassian::BASE;
    format!("GET {base}/orgs/{}/{}{}", organization.org_id, tab.name(), format_query(pairs))
}

/// The page's query, read as the API reads its own.
fn read_query<T: DeserializeOwned>(page: &Page) -> Result<T, Error> {
    serde_json::from_value(json!(page.query)).map_err(Error::internal)
}

/// Why a list cannot be shown.
#[derive(thiserror::Error, Debug)]
#[error(transparent)]
enum FillError {
    /// A filter that the API would refuse.
    Parameter(#[from] ParameterError),
    Other(#[from] Error),
}

async fn fill(db: &mut Session<ReadOnly>, shown: &mut Administration<'_>) -> Result<(), FillError> {
    let (page, id, now) = (shown.page, shown.organization.id, shown.page.now());
    let (next, prev) = match shown.tab {
        Tab::Tokens => {
            let (filter, of) = read_query::<TokenQuery>(page)?.read(now)?;
            let total = store::api_token::count(db, id, &filter).await?;
            let found = store::api_token::page(db, id, &filter, &of).await?;
            let revoke = |token: ApiToken| {
                let path = format!("api-tokens/{}", encode_segment(&token.id));
                let what = format!("the API token {} of {}", token.label, token.user.email);
                let call = shown.takes(&path, "Revoke", &what);
                (token, call)
            };
            let tokens = found.items.into_iter().map(revoke).collect();
            shown.revoke_all = (total > 0)
                .then(|| shown.takes("api-tokens", "Revoke all", "API tokens of all users, whatever the filter"));
            shown.tokens = tokens;
            shown.counted = count_noun(total, "API token");
            (found.next, found.prev)
        }
        Tab::Keys => {
            let (filter, of) = read_query::<KeyQuery>(page)?.read(now)?;
            shown.counted = count_noun(store::api_key::count(db, id, &filter).await?, "API key");
            let found = store::api_key::page(db, id, &filter, &of).await?;
            let revoke = |key: ApiKey| {
                let path = format!("api-keys/{}", encode_segment(&key.id));
                let call = shown.takes(&path, "Revoke", &format!("the API key {}", key.label));
                (key, call)
            };
            shown.keys = found.items.into_iter().map(revoke).collect();
            (found.next, found.prev)
        }
        Tab::Accounts => {
            accounts(db, shown).await?;
            (None, None)
        }
    };
    let leads = |cursor: Option<Cursor>, title| Some((title, page.with(&[("cursor", &encode(&cursor?))])));
    shown.links = [leads(prev, "Previous page"), leads(next, "Next page")].into_iter().flatten().collect();
    Ok(())
}

/// Service accounts with their tokens and clients, filtered as the API filters those.
async fn accounts(db: &mut Session<ReadOnly>, shown: &mut Administration<'_>) -> Result<(), Error> {
    let id = shown.organization.id;
    let (label, name) = (read_query::<LabelQuery>(shown.page)?, read_query::<ClientNameQuery>(shown.page)?);
    let mut rows = Vec::new();
    for (_, account) in store::service_account::list(db, id, 0, ACCOUNTS).await? {
        let mut tokens = store::service_account::tokens(db, id, Some(&account.id)).await?;
        let mut clients = store::oauth_client::of_accounts(db, id, Some(&account.id)).await?;
        let path = format!("service-accounts/{}", encode_segment(&account.id));
        let whose = format!("all API tokens of {}", account.name);
        let mut buttons = Vec::new();
        if !tokens.is_empty() {
            buttons.push(shown.takes(&format!("{path}/api-tokens"), "Revoke", &whose));
        }
        buttons.push(shown.takes(&path, "Delete", &format!("the service account {}", account.name)));
        tokens.retain(|token| label.matches(&token.label));
        clients.retain(|client| name.matches(&client.name));
        let delete = |client: OAuthClient| {
            let path = format!("oauth-clients/{}", encode_segment(&client.id));
            let call = shown.takes(&path, "Delete", &format!("the OAuth client {}", client.name));
            (client, call)
        };
        rows.push(AccountRow { clients: clients.into_iter().map(delete).collect(), account, tokens, buttons });
    }
    shown.counted = count_noun(store::service_account::count(db, id).await?, "service account");
    shown.accounts = rows;
    Ok(())
}
