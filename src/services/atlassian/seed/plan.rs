//! From the file to what is written: checked, and with everything that the file leaves out.

use std::collections::HashSet;

use serde_saphyr::Spanned;

use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::{
    core::{
        clock::{Time, shift},
        duration::{HumanDuration, parse_duration},
        ids::Ids,
        rate_window::{Mode, RateLimit, check_window},
        suggest::suggest,
        token::PlainToken,
    },
    domain::organization::email_key,
    seed::{
        Diagnostic,
        file::Scalar,
        plan::{People, Person, SectionPlanner, literal_token, person},
        read::Reader,
    },
    services::atlassian::{
        domain::{
            api_access::{DEFAULT_LIMIT, DEFAULT_WINDOW, Quirks, SCOPES, User},
            api_key::ApiKey,
            api_token::ApiToken,
            service_account::{ClientStatus, OAuthClient, ServiceAccount, ServiceAccountToken, address},
        },
        seed::{
            bulk::Many,
            file::{
                Atlassian, SeedAccount, SeedAccountToken, SeedClient, SeedKey, SeedQuirks, SeedRateLimit, SeedToken,
            },
        },
    },
};

/// Checked, complete, ready to be written.
#[derive(Debug)]
pub(crate) struct PlannedAtlassian {
    /// The API keys.
    pub api_keys: Vec<NewKey>,
    /// Users' API tokens.
    pub api_tokens: Vec<NewTokens>,
    /// Service accounts.
    pub service_accounts: Vec<NewAccount>,
    /// The rate limit.
    pub rate_limit: Option<RateLimit>,
    /// The choices.
    pub quirks: Option<Quirks>,
}

/// An API key of a plan.
#[derive(Debug)]
pub(crate) struct NewKey {
    /// The record.
    pub key: ApiKey,
    /// The key itself.
    pub token: PlainToken,
    /// Where the seed names it, for a complaint.
    pub place: Diagnostic,
}

/// API tokens of a plan.
#[derive(Debug)]
pub(crate) enum NewTokens {
    /// One, in the place of what the user has under its label.
    One(ApiToken),
    /// Many alike, made when they are written: a million of them would not fit here.
    Many(Many),
}

/// A service account of a plan.
#[derive(Debug)]
pub(crate) struct NewAccount {
    /// The account.
    pub account: ServiceAccount,
    /// Its tokens.
    pub tokens: Vec<ServiceAccountToken>,
    /// Its clients.
    pub oauth_clients: Vec<OAuthClient>,
}

/// API tokens that one seed line may ask for.
const MOST_TOKENS: i64 = 10_000_000;
/// The longest id, in bytes: it has to fit into a path.
const LONGEST_ID: usize = 100;

/// Makes the plan of one organization.
pub(crate) struct Planner<'a> {
    pub(crate) r: &'a Reader<'a>,
    pub(crate) known: &'a People,
    pub(crate) now: Time,
    pub(crate) ids: &'a mut Ids,
    /// Tokens that the files have spelled out.
    pub(crate) taken: &'a mut HashSet<String>,
    /// No token is spelled out.
    pub(crate) fresh: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: SectionPlanner<'a>) -> Self {
        let SectionPlanner { reader: r, people: known, now, ids, taken, fresh } = context;
        Self { r, known, now, ids, taken, fresh }
    }

    pub(crate) fn plan(mut self, section: &Atlassian) -> PlannedAtlassian {
        let (mut labels, mut accounts, mut clients) = (HashSet::new(), HashSet::new(), HashSet::new());
        PlannedAtlassian {
            api_keys: section.api_keys.iter().filter_map(|key| self.key(key, &mut labels)).collect(),
            api_tokens: section.api_tokens.iter().filter_map(|token| self.tokens(token)).collect(),
            service_accounts: section
                .service_accounts
                .iter()
                .filter_map(|a| self.account(a, &mut accounts, &mut clients))
                .collect(),
            rate_limit: section.rate_limit.as_ref().and_then(|limit| self.rate_limit(limit)),
            quirks: section.quirks.as_ref().map(|quirks| self.quirks(quirks)),
        }
    }

    fn user(&self, scalar: &Scalar) -> Option<User> {
        let email = person(self.r, scalar, self.known)?;
        self.known.get(&email_key(&email)).cloned().map(User::from)
    }

    fn texts(&self, scalars: &[Scalar]) -> Vec<String> {
        scalars.iter().filter_map(|scalar| self.r.text(scalar)).collect()
    }

    fn date(&self, scalar: Option<&Scalar>) -> Option<Time> {
        self.r.date(scalar, self.now)
    }

    fn id(&self, scalar: &Scalar, taken: &mut HashSet<String>) -> Option<String> {
        let id = self.r.text(scalar)?;
        if id.len() > LONGEST_ID || id.contains(['/', '?', '#', '%', ' ']) {
            self.r.report(scalar.referenced, format!("`{id}` cannot be an id: it has to fit into a path"));
        }
        if !taken.insert(id.clone()) {
            self.r.report(scalar.referenced, format!("another one has the id `{id}`"));
        }
        Some(id)
    }

    fn key(&mut self, key: &SeedKey, labels: &mut HashSet<String>) -> Option<NewKey> {
        let label = self.r.text(&key.label)?;
        if !labels.insert(label.clone()) {
            self.r.report(key.label.referenced, format!("another API key is called `{label}`"));
        }
        let token = match key.token.as_ref().filter(|_| !self.fresh) {
            None => self.ids.atlassian_key(),
            Some(scalar) => literal_token(self.r, scalar, self.taken)?,
        };
        let created_by = if let Some(scalar) = &key.created_by {
            self.user(scalar)?
        } else {
            let first = self.known.values().next().cloned().map(User::from);
            if first.is_none() {
                self.r.report(key.label.referenced, "somebody has to have made the key: add a person to `people`");
            }
            first?
        };
        let scopes = key.scopes.as_ref().map(|scopes| {
            for scalar in scopes {
                if let Some(scope) = self.r.text(scalar).filter(|scope| !is_scope(scope)) {
                    let near = suggest(&scope, SCOPES);
                    self.r.report(scalar.referenced, format!("`{scope}` is not a scope of API keys{near}"));
                }
            }
            self.texts(scopes)
        });
        let year = shift(self.now, HumanDuration::Years(1)).unwrap_or(self.now);
        Some(NewKey {
            key: ApiKey {
                id: self.ids.uuid().to_string(),
                label,
                scopes,
                created_at: self.date(key.created_at.as_ref()).unwrap_or(self.now),
                expires_at: self.date(key.expires_at.as_ref()).unwrap_or(year),
                last_active_at: self.date(key.last_active_at.as_ref()),
                created_by,
            },
            token,
            place: self.r.place(key.token.as_ref().unwrap_or(&key.label).referenced),
        })
    }

    fn tokens(&mut self, token: &Spanned<SeedToken>) -> Option<NewTokens> {
        let (at, token) = (token.referenced, &token.value);
        let blocked = token.status.as_ref().is_some_and(|scalar| match self.r.text(scalar).as_deref() {
            Some("allowed") | None => false,
            Some("blocked") => true,
            Some(other) => {
                self.r.report(scalar.referenced, format!("`{other}` is not a status: expected allowed or blocked"));
                false
            }
        });
        let label = self.r.opt_text(token.label.as_ref());
        let user = token.user.as_ref().map(|scalar| self.user(scalar).ok_or(()));
        let dates = [&token.created_at, &token.expires_at, &token.last_active_at].map(|date| self.date(date.as_ref()));
        let [created_at, expires_at, last_active_at] = dates;
        let scopes = self.texts(&token.scopes);
        if let Some(count) = &token.count {
            let users = match user {
                Some(user) => vec![user.ok()?],
                None => self.known.values().cloned().map(User::from).collect(),
            };
            if users.is_empty() {
                self.r.report(count.referenced, "the tokens have to be somebody's: add a person to `people`");
            }
            let count = self.r.whole(count, 0, MOST_TOKENS)?;
            let label = label.unwrap_or_else(|| "token".to_owned());
            let now = self.now;
            return Some(NewTokens::Many(Many {
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
            self.r.report(at, "a token needs `user` and `label`, or `count`");
            return None;
        };
        Some(NewTokens::One(ApiToken {
            id: self.ids.uuid().to_string(),
            label,
            blocked,
            scopes,
            created_at: created_at.unwrap_or(self.now),
            expires_at,
            last_active_at,
            user: user.ok()?,
        }))
    }

    fn account(
        &mut self,
        account: &SeedAccount,
        taken: &mut HashSet<String>,
        clients: &mut HashSet<String>,
    ) -> Option<NewAccount> {
        let name = self.r.text(&account.name)?;
        let id = match &account.id {
            Some(scalar) => self.id(scalar, taken)?,
            None => self.ids.atlassian_account_id(),
        };
        let email = match &account.email {
            Some(scalar) => self.r.text(scalar)?,
            None => address(&name, &self.ids.suffix()),
        };
        let user = User { id: id.clone(), name: name.clone(), email: email.clone() };
        let description = self.r.opt_text(account.description.as_ref());
        Some(NewAccount {
            tokens: account.tokens.iter().filter_map(|token| self.account_token(token, &user)).collect(),
            oauth_clients: account.oauth_clients.iter().filter_map(|c| self.client(c, &user, clients)).collect(),
            account: ServiceAccount { id, name, email, description, updated_at: self.now, created_by: None },
        })
    }

    fn account_token(&mut self, token: &SeedAccountToken, account: &User) -> Option<ServiceAccountToken> {
        let created_at = self.date(token.created_at.as_ref()).unwrap_or(self.now);
        let mut expires_at = self.date(token.expires_at.as_ref());
        if let Some(scalar) = &token.status {
            let is_expired = expires_at.is_some_and(|at| at <= self.now);
            match self.r.text(scalar).as_deref() {
                Some("allowed") if !is_expired => {}
                Some("expired") if is_expired || expires_at.is_none() => expires_at = expires_at.or(Some(created_at)),
                Some("allowed" | "expired") => self.r.report(scalar.referenced, "`expires_at` says otherwise"),
                Some(other) => {
                    self.r.report(scalar.referenced, format!("`{other}` is not a status: expected allowed or expired"));
                }
                None => {}
            }
        }
        let scopes = match &token.scopes {
            None => vec!["read:jira-work".to_owned()],
            Some(scopes) => self.texts(scopes),
        };
        if scopes.is_empty() {
            self.r.report(token.label.referenced, "a service account's token has at least one scope");
        }
        Some(ServiceAccountToken {
            id: self.ids.uuid().to_string(),
            label: self.r.text(&token.label)?,
            scopes,
            created_at,
            expires_at,
            last_active_at: self.date(token.last_active_at.as_ref()),
            account: account.clone(),
        })
    }

    fn client(&mut self, client: &SeedClient, account: &User, taken: &mut HashSet<String>) -> Option<OAuthClient> {
        let created_at = self.date(client.created_at.as_ref()).unwrap_or(self.now);
        let mut expires_at = self.date(client.expires_at.as_ref());
        let status: Option<ClientStatus> = client.status.as_ref().and_then(|scalar| self.r.value(scalar));
        if status == Some(ClientStatus::Expired) {
            expires_at = expires_at.or(Some(created_at));
        }
        let id = match &client.id {
            Some(scalar) => self.id(scalar, taken)?,
            None => self.ids.uuid().simple().to_string(),
        };
        let client_of = OAuthClient {
            id,
            name: self.r.text(&client.name)?,
            revoked_at: (status == Some(ClientStatus::Revoked)).then_some(self.now),
            revoker_id: None,
            scopes: self.texts(&client.scopes),
            created_at,
            updated_at: created_at,
            expires_at,
            created_by: None,
            account: account.clone(),
        };
        if let Some(scalar) = &client.status
            && status.is_some_and(|status| status != client_of.status(self.now))
        {
            self.r.report(scalar.referenced, "`expires_at` says otherwise");
        }
        Some(client_of)
    }

    fn rate_limit(&self, limit: &SeedRateLimit) -> Option<RateLimit> {
        let window = match &limit.window {
            None => DEFAULT_WINDOW,
            Some(scalar) => {
                let text = self.r.text(scalar)?;
                let window = parse_duration(&text).and_then(check_window);
                window.map_err(|message| self.r.report(scalar.referenced, message)).ok()?
            }
        };
        let count = limit.limit.as_ref().map(|scalar| self.r.whole(scalar, 0, i64::from(u32::MAX)).ok_or(()));
        let mode: Option<Result<Mode, ()>> = limit.mode.as_ref().map(|scalar| self.r.value(scalar).ok_or(()));
        Some(RateLimit {
            limit: count.transpose().ok()?.unwrap_or(DEFAULT_LIMIT),
            window,
            mode: mode.transpose().ok()?,
        })
    }

    fn quirks(&self, quirks: &SeedQuirks) -> Quirks {
        let default = Quirks::default();
        let flag = |scalar: &Option<Scalar>, default| self.r.flag(scalar.as_ref(), default);
        Quirks {
            missing_page_size_is_500: flag(&quirks.missing_page_size_is_500, default.missing_page_size_is_500),
            bad_query_is_500: flag(&quirks.bad_query_is_500, default.bad_query_is_500),
            empty_bulk_revoke_status: match &quirks.empty_bulk_revoke_status {
                None => default.empty_bulk_revoke_status,
                Some(scalar) => match self.r.text(scalar).as_deref() {
                    Some("204") => 204,
                    Some("404") => 404,
                    _ => {
                        self.r.report(scalar.referenced, "expected 204 or 404");
                        default.empty_bulk_revoke_status
                    }
                },
            },
            service_accounts: flag(&quirks.service_accounts, default.service_accounts),
            service_account_quota: quirks
                .service_account_quota
                .as_ref()
                .and_then(|scalar| self.r.whole(scalar, 0, i64::from(u32::MAX)))
                .and_then(|quota| u32::try_from(quota).ok()),
        }
    }
}

/// The vendor's of today, and what older keys hold (atlassian-api-access §8).
fn is_scope(scope: &str) -> bool {
    SCOPES.contains(&scope) || ["write:tokens:admin", "manage:org", "read:org"].contains(&scope)
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        Self { id: person.id, name: person.name, email: person.email }
    }
}
