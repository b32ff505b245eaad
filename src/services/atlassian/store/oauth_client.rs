//! OAuth clients of service accounts.

use serde::Deserialize;

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::{journal::Change, organization::OrganizationId},
    services::atlassian::{
        domain::{
            api_access::User,
            listing::{Filter, PageRequest, PageResult, micros_or_none, read_micros},
            service_account::OAuthClient,
        },
        store::{
            delete_one,
            listing::{self, ListedTable},
        },
    },
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
    },
};

/// What people call a record of these.
pub(crate) const CLIENT: &str = "OAuth client";

/// The clients, each with the name and address of its service account.
const TABLE: ListedTable = ListedTable {
    name: "(SELECT c.*, a.name AS account_name, a.email AS account_email, a.position FROM oauth_client c \
           JOIN service_account a ON a.organization_id = c.organization_id AND a.id = c.service_account_id) client",
    columns: "id, name, scopes, created_at, updated_at, expires_at, revoked_at, revoker_id, person_id, person_name, \
              person_email, service_account_id, account_name, account_email",
    may_be_large: false,
};

#[derive(Deserialize)]
struct StoredClient {
    id: String,
    name: String,
    scopes: String,
    created_at: i64,
    updated_at: i64,
    expires_at: i64,
    revoked_at: i64,
    revoker_id: Option<String>,
    person_id: Option<String>,
    person_name: Option<String>,
    person_email: Option<String>,
    service_account_id: String,
    account_name: String,
    account_email: String,
}

/// The columns of [`TABLE`], in their order.
type ClientRow = (
    String,
    String,
    String,
    i64,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
);

impl From<ClientRow> for StoredClient {
    fn from(row: ClientRow) -> Self {
        Self {
            id: row.0,
            name: row.1,
            scopes: row.2,
            created_at: row.3,
            updated_at: row.4,
            expires_at: row.5,
            revoked_at: row.6,
            revoker_id: row.7,
            person_id: row.8,
            person_name: row.9,
            person_email: row.10,
            service_account_id: row.11,
            account_name: row.12,
            account_email: row.13,
        }
    }
}

fn read_oauth_client(row: StoredClient) -> Result<OAuthClient, Error> {
    let created_by = match (row.person_id, row.person_name, row.person_email) {
        (Some(id), Some(name), Some(email)) => Some(User { id, name, email }),
        _ => None,
    };
    Ok(OAuthClient {
        id: row.id,
        name: row.name,
        revoked_at: read_micros(row.revoked_at),
        revoker_id: row.revoker_id,
        scopes: serde_json::from_str(&row.scopes).map_err(Error::internal)?,
        created_at: from_micros(row.created_at),
        updated_at: from_micros(row.updated_at),
        expires_at: read_micros(row.expires_at),
        created_by,
        account: User { id: row.service_account_id, name: row.account_name, email: row.account_email },
    })
}

/// Lists one page of the clients.
pub async fn page<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    page: &PageRequest,
    now: &Now,
) -> Result<PageResult<OAuthClient>, Error> {
    listing::page(db, &TABLE, organization, &Filter::default(), page, now, read_oauth_client).await
}

/// Counts the clients.
pub async fn count<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<i64, Error> {
    const SQL: &str = "SELECT count(*) FROM oauth_client WHERE organization_id = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).fetch_one(c).await)?)
}

async fn select<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    condition: &str,
    id: Option<&str>,
) -> Result<Vec<OAuthClient>, Error> {
    let ListedTable { columns, name, .. } = TABLE;
    let sql = format!(
        "SELECT {columns} FROM {name} WHERE organization_id = $1 AND {condition} ORDER BY position, created_at, id"
    );
    let sql = sqlx::AssertSqlSafe(sql);
    let rows: Vec<ClientRow> = on!(db, |c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_all(c).await)?;
    rows.into_iter().map(|row| read_oauth_client(row.into())).collect()
}

/// Finds a client.
pub async fn find<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    id: &str,
) -> Result<Option<OAuthClient>, Error> {
    if !can_be_stored(id) {
        return Ok(None);
    }
    Ok(select(db, organization, "id = $2", Some(id)).await?.pop())
}

/// Lists the clients of one service account, or of all, account by account, newest last.
pub async fn list_of_accounts<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    account: Option<&str>,
) -> Result<Vec<OAuthClient>, Error> {
    select(db, organization, "service_account_id = COALESCE($2, service_account_id)", account).await
}

/// Adds a client, or replaces the one with its id.
pub async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    client: &OAuthClient,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO oauth_client (organization_id, id, service_account_id, name, scopes, created_at, \
                       updated_at, expires_at, revoked_at, revoker_id, person_id, person_name, person_email) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                       ON CONFLICT (organization_id, id) DO UPDATE SET \
                       service_account_id = excluded.service_account_id, name = excluded.name, \
                       scopes = excluded.scopes, created_at = excluded.created_at, updated_at = excluded.updated_at, \
                       expires_at = excluded.expires_at, revoked_at = excluded.revoked_at, \
                       revoker_id = excluded.revoker_id, person_id = excluded.person_id, \
                       person_name = excluded.person_name, person_email = excluded.person_email";
    let creator = client.created_by.as_ref();
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(&client.id)
        .bind(&client.account.id)
        .bind(&client.name)
        .bind(serde_json::json!(client.scopes).to_string())
        .bind(micros(client.created_at))
        .bind(micros(client.updated_at))
        .bind(micros_or_none(client.expires_at))
        .bind(micros_or_none(client.revoked_at))
        .bind(&client.revoker_id)
        .bind(creator.map(|user| &user.id))
        .bind(creator.map(|user| &user.name))
        .bind(creator.map(|user| &user.email))
        .execute(c)
        .await
        .map(drop))?;
    db.note_change(|| {
        let made = format!("created the OAuth client {} of {}", client.name, client.account.name);
        Change::new(CLIENT, &client.id, made)
    });
    Ok(())
}

/// Deletes a client; `false` when there is none.
pub async fn delete(db: &mut Session<ReadWrite>, organization: OrganizationId, id: &str) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM oauth_client WHERE organization_id = $1 AND id = $2 RETURNING name";
    let change = |name| Change::new(CLIENT, id, format!("deleted the OAuth client {name}"));
    delete_one(db, SQL, organization, id, change).await
}
