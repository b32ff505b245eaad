//! Organizations and their people.

use std::collections::HashMap;

use crate::{
    core::error::Error,
    domain::organization::{Organization, OrganizationId, Person, PersonId, SpaceId, email_key},
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
    },
};

/// `id, name, customer_code, org_id`
pub(crate) type Row = (i64, String, i64, String);

pub(crate) fn organization((id, name, customer_code, org_id): Row) -> Organization {
    Organization { id: OrganizationId(id), name, customer_code, org_id }
}

/// The organization with this customer code.
pub async fn find_by_customer_code<M>(
    db: &mut Session<M>,
    space: SpaceId,
    customer_code: i64,
) -> Result<Option<Organization>, Error> {
    const SQL: &str =
        "SELECT id, name, customer_code, org_id FROM organization WHERE space_id = $1 AND customer_code = $2";
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).bind(customer_code).fetch_optional(c).await)?;
    Ok(row.map(organization))
}

/// Every organization of a space, oldest first.
pub async fn list<M>(db: &mut Session<M>, space: SpaceId) -> Result<Vec<Organization>, Error> {
    const SQL: &str = "SELECT id, name, customer_code, org_id FROM organization WHERE space_id = $1 ORDER BY id";
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(organization).collect())
}

/// The customer codes and org ids of all organizations in other spaces than the session's.
pub async fn list_elsewhere(db: &mut Session<ReadWrite>) -> Result<Vec<(i64, String)>, Error> {
    const SQL: &str = "SELECT customer_code, org_id FROM organization WHERE space_id <> $1";
    let space = db.space().id.0;
    Ok(on!(db, |c| sqlx::query_as(SQL).bind(space).fetch_all(c).await)?)
}

/// Adds an organization to the session's space, or renames the one with its customer code.
pub async fn upsert(
    db: &mut Session<ReadWrite>,
    name: &str,
    customer_code: i64,
    org_id: &str,
) -> Result<OrganizationId, Error> {
    const SQL: &str = "INSERT INTO organization (space_id, name, customer_code, org_id) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (space_id, customer_code) DO UPDATE SET name = excluded.name, \
                       org_id = excluded.org_id RETURNING id";
    let space = db.space().id.0;
    let id = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(space)
        .bind(name)
        .bind(customer_code)
        .bind(org_id)
        .fetch_one(c)
        .await)?;
    Ok(OrganizationId(id))
}

/// Adds a person, or renames the one with that address.
pub async fn upsert_person(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    email: &str,
    name: &str,
) -> Result<PersonId, Error> {
    const SQL: &str = "INSERT INTO person (organization_id, email, email_key, name) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (organization_id, email_key) DO UPDATE SET email = excluded.email, \
                       name = excluded.name RETURNING id";
    let id = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(organization.0)
        .bind(email)
        .bind(email_key(email))
        .bind(name)
        .fetch_one(c)
        .await)?;
    Ok(PersonId(id))
}

/// Somebody by address.
pub async fn find_person<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    email: &str,
) -> Result<Option<Person>, Error> {
    const SQL: &str = "SELECT id, email FROM person WHERE organization_id = $1 AND email_key = $2";
    if !can_be_stored(email) {
        return Ok(None);
    }
    let row: Option<(i64, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(email_key(email)).fetch_optional(c).await)?;
    Ok(row.map(|(id, email)| Person { id: PersonId(id), email }))
}

/// What is known of somebody.
#[derive(Debug, Clone)]
pub struct KnownPerson {
    pub id: PersonId,
    pub name: String,
}

/// Everybody, by the address' key.
pub async fn people<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
) -> Result<HashMap<String, KnownPerson>, Error> {
    const SQL: &str = "SELECT email_key, id, name FROM person WHERE organization_id = $1";
    let rows: Vec<(String, i64, String)> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(key, id, name)| (key, KnownPerson { id: PersonId(id), name })).collect())
}
