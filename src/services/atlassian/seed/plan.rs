//! Checks the Atlassian section of a seed, and fills in what it leaves out.

use serde_saphyr::Spanned;

use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::{
    core::{
        clock::{Time, shift},
        duration::{HumanDuration, parse_duration},
        ids::Ids,
        now::Now,
        rate_window::{Mode, RateLimit, check_window},
        suggest::describe_unknown,
        token::PlainToken,
    },
    domain::organization::email_key,
    seed::{
        Diagnostic,
        count::Count,
        file::Scalar,
        keys::Keys,
        plan::{Person, SectionPlanner},
        read::Reader,
    },
    services::atlassian::{
        domain::{
            api_access::{DEFAULT_LIMIT, DEFAULT_WINDOW, Quirks, SCOPES, User},
            api_key::ApiKey,
            api_token::ApiToken,
            service_account::{ClientStatus, OAuthClient, ServiceAccount, ServiceAccountToken, make_address},
        },
        seed::{
            bulk::TokenBatch,
            file::{
                Atlassian, SeedAccount, SeedAccountToken, SeedClient, SeedKey, SeedQuirks, SeedRateLimit, SeedToken,
            },
        },
    },
};

/// An administration as it is to be written.
#[derive(Debug)]
pub(crate) struct PlannedAtlassian {
    pub(crate) api_keys: Vec<NewKey>,
    pub(crate) api_tokens: Vec<NewTokens>,
    pub(crate) service_accounts: Vec<NewAccount>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) quirks: Option<Quirks>,
}

impl PlannedAtlassian {
    pub(crate) fn counts(&self) -> Vec<Count> {
        let api_tokens: i64 = self.api_tokens.iter().map(NewTokens::count).sum();
        let accounts = &self.service_accounts;
        let account_tokens = accounts.iter().map(|account| account.tokens.len()).sum();
        let clients = accounts.iter().map(|account| account.oauth_clients.len()).sum();
        vec![
            Count::new(self.api_keys.len(), "API key", "API keys"),
            Count::new(usize::try_from(api_tokens).unwrap_or_default(), "API token", "API tokens"),
            Count::new(accounts.len(), "service account", "service accounts"),
            Count::new(account_tokens, "service account token", "service account tokens"),
            Count::new(clients, "OAuth client", "OAuth clients"),
        ]
    }
}

#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) key: ApiKey,
    pub(crate) token: PlainToken,
    /// Where the seed names the key, for a diagnostic.
    pub(crate) place: Diagnostic,
}

impl NewKey {
    /// Says that the token is somebody's already.
    pub(super) fn say_taken(&self) -> String {
        format!("the API key `{}` is in use already", self.key.label)
    }
}

#[derive(Debug)]
pub(crate) enum NewTokens {
    /// Replaces the tokens that the user has with this label, and the one that has its id.
    One(ApiToken),
    Batch(TokenBatch),
}

impl NewTokens {
    pub(crate) fn count(&self) -> i64 {
        match self {
            Self::One(_) => 1,
            Self::Batch(batch) => batch.count(),
        }
    }

    pub(super) fn as_one(&self) -> Option<&ApiToken> {
        match self {
            Self::One(token) => Some(token),
            Self::Batch(_) => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) account: ServiceAccount,
    pub(crate) tokens: Vec<ServiceAccountToken>,
    pub(crate) oauth_clients: Vec<OAuthClient>,
}

/// API tokens that one seed line may ask for.
const MOST_TOKENS: i64 = 10_000_000;
/// The longest id, in bytes: it has to fit into a path.
const LONGEST_ID: usize = 100;

pub(crate) struct Planner<'a> {
    context: SectionPlanner<'a>,
    /// What the section has used already: labels of API keys, users' ids with labels of API tokens, ids of service
    /// accounts, of OAuth clients, of API keys, of API tokens.
    key_labels: Keys<String>,
    token_labels: Keys<(String, String)>,
    account_ids: Keys<String>,
    client_ids: Keys<String>,
    key_ids: Keys<String>,
    token_ids: Keys<String>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: SectionPlanner<'a>) -> Self {
        Self {
            context,
            key_labels: Keys::default(),
            token_labels: Keys::default(),
            account_ids: Keys::default(),
            client_ids: Keys::default(),
            key_ids: Keys::default(),
            token_ids: Keys::default(),
        }
    }

    fn reader(&self) -> &'a Reader<'a> {
        self.context.reader
    }

    pub(crate) fn plan(mut self, section: &Atlassian) -> PlannedAtlassian {
        PlannedAtlassian {
            api_keys: section.api_keys.iter().filter_map(|key| self.plan_key(key)).collect(),
            api_tokens: section.api_tokens.iter().filter_map(|token| self.plan_tokens(token)).collect(),
            service_accounts: section.service_accounts.iter().map(|a| self.plan_account(a)).collect(),
            rate_limit: section.rate_limit.as_ref().and_then(|limit| self.plan_rate_limit(limit)),
            quirks: section.quirks.as_ref().map(|quirks| self.plan_quirks(quirks)),
        }
    }

    fn read_user(&self, scalar: &Scalar) -> Option<User> {
        let email = self.context.person(scalar)?;
        self.context.people.get(&email_key(&email)).cloned().map(User::from)
    }

    fn read_texts(&self, scalars: &[Scalar]) -> Vec<String> {
        scalars.iter().filter_map(|scalar| self.reader().text(scalar)).collect()
    }

    fn read_date(&self, scalar: Option<&Scalar>) -> Option<Time> {
        self.reader().date(scalar, self.context.now)
    }

    fn plan_key(&mut self, key: &SeedKey) -> Option<NewKey> {
        let label = self.reader().text(&key.label).unwrap_or_default();
        let message = format!("another API key is called `{label}`");
        self.key_labels.insert(self.context.reader, label.clone(), key.label.referenced, message);
        let token = self.context.token(key.token.as_ref(), Ids::atlassian_key);
        let created_by = if let Some(scalar) = &key.created_by {
            self.read_user(scalar)
        } else {
            let first = self.context.people.values().next().cloned().map(User::from);
            if first.is_none() {
                self.reader()
                    .report(key.label.referenced, "somebody has to have made the key: add a person to `people`");
            }
            first
        };
        let scopes = key.scopes.as_ref().map(|scopes| {
            for scalar in scopes {
                if let Some(scope) = self.reader().text(scalar).filter(|scope| !is_scope(scope)) {
                    let detail = describe_unknown(&scope, "a scope of API keys", SCOPES);
                    self.reader().report(scalar.referenced, detail);
                }
            }
            self.read_texts(scopes)
        });
        let in_a_year = shift(self.context.now, HumanDuration::Years(1)).unwrap_or(self.context.now);
        let created_at = self.read_date(key.created_at.as_ref()).unwrap_or(self.context.now);
        Some(NewKey {
            key: ApiKey {
                id: choose_id(&mut self.context, key.id.as_ref(), &mut self.key_ids),
                label,
                scopes,
                created_at,
                expires_at: self.read_date(key.expires_at.as_ref()).unwrap_or(in_a_year),
                last_active_at: self.read_date(key.last_active_at.as_ref()).unwrap_or(created_at),
                created_by: created_by?,
            },
            token: token?,
            place: self.reader().place(key.token.as_ref().unwrap_or(&key.label).referenced),
        })
    }

    fn plan_tokens(&mut self, token: &Spanned<SeedToken>) -> Option<NewTokens> {
        let (at, token) = (token.referenced, &token.value);
        let blocked = token.status.as_ref().is_some_and(|scalar| match self.reader().text(scalar).as_deref() {
            Some("allowed") | None => false,
            Some("blocked") => true,
            Some(other) => {
                let detail = describe_unknown(other, "a status", ["allowed", "blocked"]);
                self.reader().report(scalar.referenced, detail);
                false
            }
        });
        let label = self.reader().opt_text(token.label.as_ref());
        let user = token.user.as_ref().map(|scalar| self.read_user(scalar).ok_or(()));
        let [created_at, expires_at, last_active_at] =
            [&token.created_at, &token.expires_at, &token.last_active_at].map(|date| self.read_date(date.as_ref()));
        let scopes = self.read_texts(&token.scopes);
        if let Some(count) = &token.count {
            if let Some(id) = &token.id {
                self.reader().report(id.referenced, "`count` tokens cannot have one id");
            }
            let users: Vec<User> = match user {
                Some(user) => user.into_iter().collect(),
                None => self.context.people.values().cloned().map(User::from).collect(),
            };
            if users.is_empty() && token.user.is_none() {
                self.reader().report(count.referenced, "the tokens have to be somebody's: add a person to `people`");
            }
            let count = self.reader().whole(count, 1, MOST_TOKENS)?;
            let label = label.unwrap_or_else(|| "token".to_owned());
            let now = self.context.now;
            return Some(NewTokens::Batch(TokenBatch {
                count,
                label,
                users,
                blocked,
                scopes,
                now,
                created_at,
                expires_at,
                last_active_at,
            }));
        }
        let (Some(user), Some(label)) = (user, label) else {
            self.reader().report(at, "a token needs `user` and `label`, or `count`");
            return None;
        };
        let user = user.ok()?;
        let message = format!("{} has another token with the label `{label}`", user.email);
        self.token_labels.insert(self.context.reader, (user.id.clone(), label.clone()), at, message);
        Some(NewTokens::One(ApiToken {
            id: choose_id(&mut self.context, token.id.as_ref(), &mut self.token_ids),
            label,
            blocked,
            scopes,
            created_at: created_at.unwrap_or(self.context.now),
            expires_at,
            last_active_at,
            user,
        }))
    }

    fn plan_account(&mut self, account: &SeedAccount) -> NewAccount {
        let name = self.reader().text(&account.name).unwrap_or_default();
        let id = match &account.id {
            Some(scalar) => read_id(self.reader(), scalar, &mut self.account_ids).unwrap_or_default(),
            None => self.context.ids.atlassian_account_id(),
        };
        let email = match &account.email {
            Some(scalar) => self.reader().text(scalar).unwrap_or_default(),
            None => make_address(&name, &self.context.ids.suffix()),
        };
        let user = User { id: id.clone(), name: name.clone(), email: email.clone() };
        let description = self.reader().opt_text(account.description.as_ref());
        let mut labels = Keys::default();
        let mut plan_token = |token| self.plan_account_token(token, &user, &mut labels);
        NewAccount {
            tokens: account.tokens.iter().filter_map(&mut plan_token).collect(),
            oauth_clients: account.oauth_clients.iter().map(|client| self.plan_client(client, &user)).collect(),
            account: ServiceAccount { id, name, email, description, updated_at: self.context.now, created_by: None },
        }
    }

    fn plan_account_token(
        &mut self,
        token: &SeedAccountToken,
        account: &User,
        labels: &mut Keys<String>,
    ) -> Option<ServiceAccountToken> {
        let created_at = self.read_date(token.created_at.as_ref()).unwrap_or(self.context.now);
        let mut expires_at = self.read_date(token.expires_at.as_ref());
        if let Some(scalar) = &token.status {
            let is_expired = expires_at.is_some_and(|at| at <= self.context.now);
            match self.reader().text(scalar).as_deref() {
                Some("allowed") if !is_expired => {}
                Some("expired") if is_expired || expires_at.is_none() => expires_at = expires_at.or(Some(created_at)),
                Some("allowed" | "expired") => self.reader().report(scalar.referenced, "`expires_at` says otherwise"),
                Some(other) => {
                    let detail = describe_unknown(other, "a status", ["allowed", "expired"]);
                    self.reader().report(scalar.referenced, detail);
                }
                None => {}
            }
        }
        let scopes = match &token.scopes {
            None => vec!["read:jira-work".to_owned()],
            Some(scopes) => self.read_texts(scopes),
        };
        if scopes.is_empty() {
            self.reader().report(token.label.referenced, "a service account's token has at least one scope");
        }
        let last_active_at = self.read_date(token.last_active_at.as_ref());
        let label = self.reader().text(&token.label)?;
        let message = format!("another token of the account has the label `{label}`");
        labels.insert(self.reader(), label.clone(), token.label.referenced, message);
        Some(ServiceAccountToken {
            id: choose_id(&mut self.context, token.id.as_ref(), &mut self.token_ids),
            label,
            scopes,
            created_at,
            expires_at,
            last_active_at,
            account: account.clone(),
        })
    }

    fn plan_client(&mut self, client: &SeedClient, account: &User) -> OAuthClient {
        let created_at = self.read_date(client.created_at.as_ref()).unwrap_or(self.context.now);
        let mut expires_at = self.read_date(client.expires_at.as_ref());
        let status: Option<ClientStatus> = client.status.as_ref().and_then(|scalar| self.reader().value(scalar));
        if status == Some(ClientStatus::Expired) {
            expires_at = expires_at.or(Some(created_at));
        }
        let id = match &client.id {
            Some(scalar) => read_id(self.reader(), scalar, &mut self.client_ids).unwrap_or_default(),
            None => self.context.ids.uuid().simple().to_string(),
        };
        let planned = OAuthClient {
            id,
            name: self.reader().text(&client.name).unwrap_or_default(),
            revoked_at: (status == Some(ClientStatus::Revoked)).then_some(self.context.now),
            revoker_id: None,
            scopes: self.read_texts(&client.scopes),
            created_at,
            updated_at: created_at,
            expires_at,
            created_by: None,
            account: account.clone(),
        };
        if let Some(scalar) = &client.status
            && status.is_some_and(|status| status != planned.status(&Now::at(self.context.now)))
        {
            self.reader().report(scalar.referenced, "`expires_at` says otherwise");
        }
        planned
    }

    fn plan_rate_limit(&self, limit: &SeedRateLimit) -> Option<RateLimit> {
        let window = limit.window.as_ref().and_then(|scalar| {
            let text = self.reader().text(scalar)?;
            let window = parse_duration(&text).and_then(check_window);
            window.map_err(|message| self.reader().report(scalar.referenced, message)).ok()
        });
        let count = limit.limit.as_ref().map(|scalar| self.reader().whole(scalar, 0, i64::from(u32::MAX)).ok_or(()));
        let mode: Option<Result<Mode, ()>> = limit.mode.as_ref().map(|scalar| self.reader().value(scalar).ok_or(()));
        Some(RateLimit {
            limit: count.transpose().ok()?.unwrap_or(DEFAULT_LIMIT),
            window: window.unwrap_or(DEFAULT_WINDOW),
            mode: mode.transpose().ok()?,
        })
    }

    fn plan_quirks(&self, quirks: &SeedQuirks) -> Quirks {
        let default = Quirks::default();
        let flag = |scalar: &Option<Scalar>, default| self.reader().flag(scalar.as_ref(), default);
        Quirks {
            missing_page_size_is_500: flag(&quirks.missing_page_size_is_500, default.missing_page_size_is_500),
            bad_query_is_500: flag(&quirks.bad_query_is_500, default.bad_query_is_500),
            empty_bulk_revoke_status: match &quirks.empty_bulk_revoke_status {
                None => default.empty_bulk_revoke_status,
                Some(scalar) => match self.reader().text(scalar).as_deref() {
                    Some("204") => 204,
                    Some("404") => 404,
                    _ => {
                        self.reader().report(scalar.referenced, "expected 204 or 404");
                        default.empty_bulk_revoke_status
                    }
                },
            },
            service_accounts: flag(&quirks.service_accounts, default.service_accounts),
            service_account_quota: quirks
                .service_account_quota
                .as_ref()
                .and_then(|scalar| self.reader().whole(scalar, 0, i64::from(u32::MAX)))
                .and_then(|quota| u32::try_from(quota).ok()),
        }
    }
}

/// The id that the seed says, else one that is made up.
fn choose_id(context: &mut SectionPlanner<'_>, said: Option<&Scalar>, taken: &mut Keys<String>) -> String {
    match said {
        Some(scalar) => read_id(context.reader, scalar, taken).unwrap_or_default(),
        None => context.ids.uuid().to_string(),
    }
}

/// Reads an id that none of `taken` is equal to.
fn read_id(reader: &Reader<'_>, scalar: &Scalar, taken: &mut Keys<String>) -> Option<String> {
    let id = reader.text(scalar)?;
    if id.len() > LONGEST_ID || id.contains(['/', '?', '#', '%', ' ']) {
        reader.report(scalar.referenced, format!("`{id}` cannot be an id: it has to fit into a path"));
    }
    taken.insert(reader, id.clone(), scalar.referenced, format!("another one has the id `{id}`"));
    Some(id)
}

/// Whether keys may have a scope: it can be selected today, or older keys have it (atlassian-api-access §8).
fn is_scope(scope: &str) -> bool {
    SCOPES.contains(&scope) || ["write:tokens:admin", "manage:org", "read:org"].contains(&scope)
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        Self { id: person.id, name: person.name, email: person.email }
    }
}
