//! JetBrains licences.

use std::{borrow::Cow, collections::BTreeSet};

use serde::Deserialize;

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
        paging::Page,
    },
    domain::{
        journal::Change,
        organization::{OrganizationId, email_key},
    },
    services::jetbrains_account::domain::{
        contact::Contact,
        day::Day,
        license::{Assignee, License, LicenseFilter, Subscription},
        product::Product,
        team::Team,
    },
    store::{
        can_be_stored,
        dialect::Dialect,
        on,
        session::{ReadWrite, Session},
        sql::{Bind, Sql, bound, flag},
        state::Cell,
    },
};

/// What people call a record of these.
pub(crate) const RECORD: &str = "licence";

/// Licences written by one statement. SQLite looks every `$n` up among those before it, so that many are slow.
const ROWS_PER_INSERT: usize = 40;
/// Ids named by one statement.
const IDS_PER_STATEMENT: usize = 500;

/// A licence as the database hands it over: an array in this order.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    product_code: Cow<'a, str>,
    declared_name: Option<String>,
    team_id: i32,
    #[serde(borrow)]
    team_name: Cow<'a, str>,
    valid_until: Option<i64>,
    #[serde(deserialize_with = "flag")]
    auto_renew: bool,
    pack: Option<String>,
    perpetual_until: Option<i64>,
    #[serde(borrow)]
    assignee_kind: Option<Cow<'a, str>>,
    assignee: Option<String>,
    assignee_name: Option<String>,
    account_name: Option<String>,
    assigned_at: Option<i64>,
    last_seen_at: Option<i64>,
    #[serde(deserialize_with = "flag")]
    offline_code: bool,
    #[serde(deserialize_with = "flag")]
    per_user: bool,
    #[serde(deserialize_with = "flag")]
    transferable: bool,
    #[serde(deserialize_with = "flag")]
    trial: bool,
    #[serde(deserialize_with = "flag")]
    suspended: bool,
    domain: Option<String>,
}

/// The members of [`Row`], and the rows they are of.
const COLUMNS: &str = "l.id, l.product_code, d.name, l.team_id, t.name, l.valid_until, l.auto_renew, l.pack, \
                       l.perpetual_until, l.assignee_kind, l.assignee, l.assignee_name, \
                       CASE WHEN p.jetbrains_account THEN p.name END, l.assigned_at, l.last_seen_at, \
                       l.offline_code, l.per_user, l.transferable, l.trial, l.suspended, l.domain";
const NAMES: &str = " FROM picked l \
                     JOIN team t ON t.organization_id = l.organization_id AND t.id = l.team_id \
                     LEFT JOIN declared_product d ON d.organization_id = l.organization_id AND d.code = l.product_code \
                     LEFT JOIN person p ON p.organization_id = l.organization_id AND p.email_key = l.assignee_key";
/// What [`License::unavailable`] says in Rust, but for the end of the subscription, which needs the time.
const AVAILABLE: &str = " AND assignee_kind IS NULL AND per_user AND valid_until IS NOT NULL \
                          AND (perpetual_until IS NOT NULL OR ";

impl Row<'_> {
    fn into_license(self) -> Result<License, Error> {
        let text = Option::<String>::unwrap_or_default;
        let assignee = match self.assignee_kind.as_deref() {
            None => None,
            Some("user") => Some(Assignee::User {
                email: text(self.assignee),
                given_name: text(self.assignee_name),
                account_name: self.account_name,
            }),
            Some("license_key") => {
                Some(Assignee::LicenseKey { registration_name: text(self.assignee_name), key: text(self.assignee) })
            }
            Some(server) => {
                let kind = server.parse().map_err(Error::internal)?;
                Some(Assignee::Server { uid: text(self.assignee), kind })
            }
        };
        Ok(License {
            id: self.id.into_owned(),
            product: Product::named(&self.product_code, self.declared_name),
            team: Team { id: self.team_id, name: self.team_name.into_owned() },
            subscription: self.valid_until.map(|until| Subscription {
                valid_until: Day::of(from_micros(until)),
                pack: self.pack,
                auto_renew: self.auto_renew,
            }),
            perpetual_until: self.perpetual_until.map(from_micros).map(Day::of),
            assignee,
            assigned_at: self.assigned_at.map(from_micros),
            last_seen_at: self.last_seen_at.map(from_micros),
            offline_code: self.offline_code,
            per_user: self.per_user,
            transferable: self.transferable,
            trial: self.trial,
            suspended: self.suspended,
            domain: self.domain,
        })
    }
}

fn read_licenses(text: &str) -> Result<Vec<License>, Error> {
    let rows: Vec<Row<'_>> = serde_json::from_str(text).map_err(Error::internal)?;
    rows.into_iter().map(Row::into_license).collect()
}

/// Completes a `WITH picked AS (…)` to a select of one text.
fn push_rows(sql: &mut Sql, dialect: Dialect) {
    dialect.push_json_rows(sql, COLUMNS, |sql| _ = sql.push("l.position"));
    sql.push(NAMES);
}

/// `organization_id = $1 AND …` for what is asked.
fn push_filter(sql: &mut Sql, organization: OrganizationId, filter: &LicenseFilter) {
    sql.push("organization_id = ").bind(organization.0);
    if [&filter.product_code, &filter.assignee_email].into_iter().flatten().any(|text| !can_be_stored(text)) {
        sql.push(" AND FALSE");
        return;
    }
    if let Some(team) = filter.team {
        sql.push(" AND team_id = ").bind(i64::from(team));
    }
    if let Some(code) = &filter.product_code {
        sql.push(" AND product_code = ").bind(code.clone());
    }
    if let Some(email) = &filter.assignee_email {
        sql.push(" AND assignee_key = ").bind(email_key(email));
    }
    match filter.assigned {
        Some(true) => sql.push(" AND assignee_kind IS NOT NULL"),
        Some(false) => sql.push(" AND assignee_kind IS NULL"),
        None => sql,
    };
}

/// One page of the licences that pass the filter, in the listing order, and how many pass it in all.
pub async fn list_page<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &LicenseFilter,
    page: Page,
) -> Result<(Vec<License>, i64), Error> {
    let mut condition = Sql::default();
    push_filter(&mut condition, organization, filter);
    let condition = condition.text().to_owned();

    let mut sql = Sql::new("WITH picked AS (SELECT * FROM license WHERE ");
    push_filter(&mut sql, organization, filter);
    sql.push(" ORDER BY position").push_limit(page.size).push(" OFFSET ").bind(page.offset());
    sql.push(") SELECT (SELECT count(*) FROM license WHERE ").push_raw(&condition).push("), ");
    push_rows(&mut sql, db.dialect());
    let (text, binds) = sql.into_parts();
    let (total, rows): (i64, String) = on!(db, |c| bound!(sqlx::query_as(text), binds).fetch_one(c).await)?;
    Ok((read_licenses(&rows)?, total))
}

/// The codes of the products that there are licences of, by code.
pub(crate) async fn list_products<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Vec<String>, Error> {
    const SQL: &str = "SELECT DISTINCT product_code FROM license WHERE organization_id = $1 ORDER BY product_code";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).fetch_all(c).await)?)
}

async fn select<M>(db: &mut Session<M>, mut sql: Sql) -> Result<Vec<License>, Error> {
    sql.push(") SELECT ");
    push_rows(&mut sql, db.dialect());
    let (text, binds) = sql.into_parts();
    let rows: String = on!(db, |c| bound!(sqlx::query_scalar(text), binds).fetch_one(c).await)?;
    read_licenses(&rows)
}

/// The one that there is at most. Without a group, for which SQLite makes a table.
async fn select_one<M>(db: &mut Session<M>, mut sql: Sql) -> Result<Option<License>, Error> {
    sql.push(") SELECT ");
    db.dialect().push_json_row(&mut sql, COLUMNS);
    sql.push(NAMES);
    let (text, binds) = sql.into_parts();
    let row: Option<String> = on!(db, |c| bound!(sqlx::query_scalar(text), binds).fetch_optional(c).await)?;
    let read = |row: String| serde_json::from_str::<Row<'_>>(&row).map_err(Error::internal)?.into_license();
    row.map(read).transpose()
}

/// One licence.
pub async fn find<M>(db: &mut Session<M>, organization: OrganizationId, id: &str) -> Result<Option<License>, Error> {
    if !can_be_stored(id) {
        return Ok(None);
    }
    let mut sql = Sql::new("WITH picked AS (SELECT * FROM license WHERE organization_id = ");
    sql.bind(organization.0).push(" AND id = ").bind(id.to_owned());
    select_one(db, sql).await
}

/// The first licence of a product in a team that can be assigned, in the listing order.
pub async fn first_available<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    team: i32,
    product_code: &str,
    now: Time,
) -> Result<Option<License>, Error> {
    let mut sql = Sql::new("WITH picked AS (SELECT * FROM license WHERE organization_id = ");
    sql.bind(organization.0).push(" AND team_id = ").bind(i64::from(team));
    sql.push(" AND product_code = ").bind(product_code.to_owned());
    sql.push(AVAILABLE).push_raw(&Day::number_sql("valid_until")).push(" >= ").bind(Day::of(now).number());
    sql.push(") ORDER BY position LIMIT 1");
    select_one(db, sql).await
}

/// Every licence that passes the filter. For filters that name a person: their licences are few.
pub async fn list<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &LicenseFilter,
) -> Result<Vec<License>, Error> {
    let mut sql = Sql::new("WITH picked AS (SELECT * FROM license WHERE ");
    push_filter(&mut sql, organization, filter);
    select(db, sql).await
}

/// Gives a licence to a person, at the session's time. A person with an account needs no offline code.
pub async fn assign(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    id: &str,
    contact: &Contact,
    offline_code: bool,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE license SET assignee_kind = 'user', assignee = $3, assignee_key = $4, \
                       assignee_name = $5, assigned_at = $6, last_seen_at = NULL, \
                       offline_code = $7 AND NOT EXISTS (SELECT 1 FROM person p WHERE p.organization_id = $1 \
                       AND p.email_key = $4 AND p.jetbrains_account) \
                       WHERE organization_id = $1 AND id = $2 AND assignee_kind IS NULL";
    let assigned_at = micros(db.now());
    let binds = [
        organization.0.into(),
        id.into(),
        (&contact.email).into(),
        email_key(&contact.email).into(),
        contact.full_name().into(),
        assigned_at.into(),
        offline_code.into(),
    ];
    db.note_change(|| change(id, format!("assigned {id} to {}", contact.email)));
    db.write_along(SQL, binds).await
}

/// Takes a licence back from whoever holds it.
///
/// unverified: that it still says when it was last assigned and in use.
pub async fn release(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    license: &License,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE license SET assignee_kind = NULL, assignee = NULL, assignee_key = NULL, \
                       assignee_name = NULL, offline_code = FALSE WHERE organization_id = $1 AND id = $2";
    let id = &license.id;
    db.note_change(|| change(id, format!("took {id} back from {}", describe_holder(license))));
    db.write_along(SQL, [organization.0.into(), id.into()]).await
}

/// A change of a licence.
fn change(id: &str, what: String) -> Change {
    Change::new(RECORD, id, what)
}

fn describe_holder(license: &License) -> String {
    match &license.assignee {
        Some(Assignee::User { email, .. }) => email.clone(),
        Some(Assignee::Server { uid, .. }) => format!("the server {uid}"),
        Some(Assignee::LicenseKey { registration_name, .. }) => format!("the licence key of {registration_name}"),
        None => "nobody".to_owned(),
    }
}

/// `team_id <> $1 AND …` for those of the licences that a move to `team` moves: not the ones that are unknown, there
/// already, or not transferable.
fn push_movable(sql: &mut Sql, organization: OrganizationId, ids: &[Bind], team: i32) {
    sql.push(" WHERE organization_id = ").bind(organization.0);
    sql.push(" AND team_id <> ").bind(i64::from(team)).push(" AND transferable AND id IN ");
    sql.bind_row(ids.iter().cloned());
}

fn bind_ids(ids: &BTreeSet<String>) -> Vec<Bind> {
    ids.iter().filter(|id| can_be_stored(id)).cloned().map(Bind::Text).collect()
}

/// The teams that would lose licences by [`move_to_team`].
pub async fn find_teams_of_movable<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    ids: &BTreeSet<String>,
    team: i32,
) -> Result<BTreeSet<i32>, Error> {
    let mut teams = BTreeSet::new();
    for chunk in bind_ids(ids).chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new("SELECT DISTINCT team_id FROM license");
        push_movable(&mut sql, organization, chunk, team);
        let (text, binds) = sql.into_parts();
        let rows: Vec<i64> = on!(db, |c| bound!(sqlx::query_scalar(text), binds).persistent(false).fetch_all(c).await)?;
        for row in rows {
            teams.insert(i32::try_from(row).map_err(Error::internal)?);
        }
    }
    Ok(teams)
}

/// Moves licences to a team and returns the ids of those that moved.
pub async fn move_to_team(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    ids: &BTreeSet<String>,
    team: &Team,
) -> Result<BTreeSet<String>, Error> {
    let mut moved = BTreeSet::new();
    for chunk in bind_ids(ids).chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new("UPDATE license SET team_id = ");
        sql.bind(i64::from(team.id));
        push_movable(&mut sql, organization, chunk, team.id);
        sql.push(" RETURNING id");
        let (text, binds) = sql.into_parts();
        let rows: Vec<String> =
            on!(db, |c| bound!(sqlx::query_scalar(text), binds).persistent(false).fetch_all(c).await)?;
        moved.extend(rows);
    }
    let each = moved.iter().map(|id| change(id, format!("moved {id} to the team {} ({})", team.name, team.id)));
    db.note_changes(moved.len(), each);
    Ok(moved)
}

/// Adds licences behind those that are there; one whose id is there already is replaced in its place.
pub async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    licenses: &[License],
) -> Result<(), Error> {
    const NEXT: &str = "SELECT COALESCE(MAX(position), 0) + 1 FROM license WHERE organization_id = $1";
    const INSERT: &str = "INSERT INTO license (organization_id, id, position, product_code, team_id, valid_until, \
                          auto_renew, pack, perpetual_until, assignee_kind, assignee, assignee_key, assignee_name, \
                          assigned_at, last_seen_at, offline_code, per_user, transferable, trial, suspended, domain) \
                          VALUES ";
    const REPLACE: &str = " ON CONFLICT (organization_id, id) DO UPDATE SET product_code = excluded.product_code, \
                           team_id = excluded.team_id, valid_until = excluded.valid_until, \
                           auto_renew = excluded.auto_renew, pack = excluded.pack, \
                           perpetual_until = excluded.perpetual_until, assignee_kind = excluded.assignee_kind, \
                           assignee = excluded.assignee, assignee_key = excluded.assignee_key, \
                           assignee_name = excluded.assignee_name, assigned_at = excluded.assigned_at, \
                           last_seen_at = excluded.last_seen_at, offline_code = excluded.offline_code, \
                           per_user = excluded.per_user, transferable = excluded.transferable, \
                           trial = excluded.trial, suspended = excluded.suspended, domain = excluded.domain";
    let mut position: i64 = on!(db, |c| sqlx::query_scalar(NEXT).bind(organization.0).fetch_one(c).await)?;
    for chunk in licenses.chunks(ROWS_PER_INSERT) {
        let mut sql = Sql::new(INSERT);
        for (at, license) in chunk.iter().enumerate() {
            if at > 0 {
                sql.push(", ");
            }
            sql.bind_row(list_cells(organization.0, position, license).map(to_bind));
            position += 1;
        }
        sql.push(REPLACE);
        let (text, binds) = sql.into_parts();
        // Only full chunks are worth a prepared statement that is kept.
        let keep = chunk.len() == ROWS_PER_INSERT;
        on!(db, |c| bound!(sqlx::query(text), binds).persistent(keep).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// PostgreSQL has to be told of what type a null is.
fn to_bind((column, cell): (&'static str, Cell)) -> Bind {
    const DATES: [&str; 4] = ["valid_until", "perpetual_until", "assigned_at", "last_seen_at"];
    match cell {
        Cell::Null if DATES.contains(&column) => Bind::OptInt(None),
        cell => cell.into(),
    }
}

/// The cells of a licence's row.
pub(crate) fn list_cells(organization: i64, position: i64, license: &License) -> [(&'static str, Cell); 21] {
    let (kind, assignee, key, name) = match &license.assignee {
        None => (None, None, None, None),
        Some(Assignee::User { email, given_name, .. }) => {
            (Some("user"), Some(email), Some(email_key(email)), Some(given_name))
        }
        Some(Assignee::Server { uid, kind }) => (Some((*kind).into()), Some(uid), None, None),
        Some(Assignee::LicenseKey { registration_name, key }) => {
            (Some("license_key"), Some(key), None, Some(registration_name))
        }
    };
    let subscription = license.subscription.as_ref();
    [
        ("organization_id", organization.into()),
        ("id", (&license.id).into()),
        ("position", position.into()),
        ("product_code", license.product.code.as_ref().into()),
        ("team_id", license.team.id.into()),
        ("valid_until", subscription.map(|s| micros(s.valid_until.moment())).into()),
        ("auto_renew", subscription.is_some_and(|s| s.auto_renew).into()),
        ("pack", subscription.and_then(|s| s.pack.as_ref()).into()),
        ("perpetual_until", license.perpetual_until.map(|day| micros(day.moment())).into()),
        ("assignee_kind", kind.into()),
        ("assignee", assignee.into()),
        ("assignee_key", key.into()),
        ("assignee_name", name.into()),
        ("assigned_at", license.assigned_at.map(micros).into()),
        ("last_seen_at", license.last_seen_at.map(micros).into()),
        ("offline_code", license.offline_code.into()),
        ("per_user", license.per_user.into()),
        ("transferable", license.transferable.into()),
        ("trial", license.trial.into()),
        ("suspended", license.suspended.into()),
        ("domain", license.domain.as_ref().into()),
    ]
}
