//! Batches of API tokens, one for a line of a seed, which are made only while they are written.

use crate::{
    core::{
        clock::{Time, shift},
        duration::HumanDuration,
        ids::Ids,
        progress::Progress,
    },
    domain::organization::OrganizationId,
    seed::apply::ApplyError,
    services::atlassian::{
        domain::{api_access::User, api_token::ApiToken},
        store,
    },
    store::{ReadWrite, Session},
};

/// API tokens written by one statement.
const TOKENS_PER_INSERT: usize = 2_000;
/// API tokens from which on the database is told to look at its statistics again.
const TOKENS_TO_ANALYZE: i64 = 100_000;
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

/// Makes the tokens and writes them, some at a time, because all of them may not fit into memory.
pub(super) async fn write_batch(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    batch: &TokenBatch,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let mut written = 0;
    while written < batch.count {
        let until = batch.count.min(written + i64::try_from(TOKENS_PER_INSERT).unwrap_or(i64::MAX));
        let tokens: Vec<ApiToken> = (written..until).map(|number| batch.make_token(number, db.ids())).collect();
        store::api_token::add(db, organization, &tokens).await?;
        progress.advance(tokens.len());
        written = until;
    }
    if batch.count >= TOKENS_TO_ANALYZE {
        store::api_token::analyze(db).await?;
    }
    Ok(())
}
