//! Batches of API tokens, one for a line of a seed, which are made only while they are written.

use std::collections::HashSet;

use crate::{
    core::{
        clock::{Time, shift},
        duration::HumanDuration,
        error::Error,
        ids::Ids,
        progress::Progress,
    },
    services::atlassian::{
        domain::{api_access::User, api_token::ApiToken},
        seed::plan::NewTokens,
        store::api_token,
    },
    store::{ReadWrite, Session, state::Loader},
};

/// How many tokens are made before whoever watches is told.
const TOKENS_BETWEEN_LOOKS: i64 = 2_000;
const DAY_SECONDS: i64 = 86_400;

/// API tokens with made-up labels and dates.
#[derive(Debug)]
pub(crate) struct TokenBatch {
    pub(super) count: i64,
    pub(super) label: String,
    pub(super) users: Vec<User>,
    pub(super) blocked: bool,
    pub(super) scopes: Vec<String>,
    pub(super) now: Time,
    pub(super) created_at: Option<Time>,
    pub(super) expires_at: Option<Time>,
    pub(super) last_active_at: Option<Time>,
}

impl TokenBatch {
    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// Makes the token with this number, from 0.
    fn make_token(&self, number: i64, ids: &mut Ids) -> ApiToken {
        let earlier = |seconds: i64| self.now - chrono::TimeDelta::seconds(seconds);
        // Spread over the year, in another order than the labels, so that sorting by date is seen to do something.
        let age = (number * 7_919 % 364) * DAY_SECONDS + number * 104_729 % DAY_SECONDS;
        let created_at = self.created_at.unwrap_or_else(|| earlier(age));
        let was_used = number % 10 != 9;
        let last_active_at = self.last_active_at.or_else(|| was_used.then(|| earlier(age * (number % 97) / 97)));
        let users = i64::try_from(self.users.len()).unwrap_or(1);
        let owner = usize::try_from(number % users.max(1)).unwrap_or_default();
        ApiToken {
            id: ids.uuid().to_string(),
            label: format!("{}-{:06}", self.label, number + 1),
            blocked: self.blocked,
            scopes: self.scopes.clone(),
            created_at,
            expires_at: self.expires_at.or_else(|| shift(created_at, HumanDuration::Years(1))),
            last_active_at,
            user: self.users[owner].clone(),
        }
    }
}

/// Adds the tokens of a seed, those of batches some at a time, because all of them may not fit into memory. A token
/// takes the place of one of a batch before it that has the same owner and label.
pub(super) async fn add_tokens(
    db: &mut Session<ReadWrite>,
    loader: &mut Loader,
    organization: i64,
    tokens: &[NewTokens],
    progress: &Progress,
) -> Result<(), Error> {
    if !db.is_trial() {
        let count: i64 = tokens.iter().map(NewTokens::count).sum();
        loader.expect("api_token", usize::try_from(count).map_err(Error::internal)?)?;
    }
    for (at, new) in tokens.iter().enumerate() {
        let batch = match new {
            NewTokens::One(token) => {
                loader.add("api_token", api_token::list_cells(organization, token))?;
                continue;
            }
            NewTokens::Batch(_) if db.is_trial() => continue,
            NewTokens::Batch(batch) => batch,
        };
        let later = tokens[at..].iter().filter_map(NewTokens::as_one);
        let later: HashSet<(&str, &str)> = later.map(|one| (one.user.id.as_str(), one.label.as_str())).collect();
        for number in 0..batch.count {
            let token = batch.make_token(number, db.ids());
            if !later.contains(&(token.user.id.as_str(), token.label.as_str())) {
                loader.add("api_token", api_token::list_cells(organization, &token))?;
            }
            if number % TOKENS_BETWEEN_LOOKS == TOKENS_BETWEEN_LOOKS - 1 {
                loader.pour_many(db).await?;
                progress.advance(usize::try_from(TOKENS_BETWEEN_LOOKS).map_err(Error::internal)?);
            }
        }
    }
    Ok(())
}
