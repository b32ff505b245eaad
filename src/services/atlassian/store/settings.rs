//! Callers of the service, administrators' sessions, and organizations' settings.

use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::{
    core::{
        duration::HumanDuration,
        error::Error,
        ids::Ids,
        token::{Keyring, PlainToken},
    },
    domain::{
        credential::Credential,
        journal::Change,
        organization::{OrganizationId, Person},
    },
    services::atlassian::domain::api_access::{Access, Admin, Quirks, User},
    store::{
        credential::{self, CredentialKind, NewCredential},
        on, organization,
        rate_window::read_policy,
        session::{ReadWrite, Session},
    },
};

/// The service's name.
pub const SERVICE: &str = "atlassian";

/// An administrator's browser session.
///
/// unverified: how long it lasts (atlassian-api-access §7.12).
pub(crate) const SESSION: CredentialKind = CredentialKind {
    lifetime: Some(HumanDuration::Millis(8 * 3_600_000)),
    ..CredentialKind::new("session", Ids::atlassian_session)
};

/// Finds the caller of a credential.
pub async fn find_admin<M>(db: &mut Session<M>, credential: &Credential) -> Result<Option<Admin>, Error> {
    const SQL: &str = "SELECT o.id, o.name, o.customer_code, o.org_id, k.id, k.scopes, p.atlassian_account_id, p.name, \
                       p.email, a.quirks, r.most, r.window_micros, r.mode FROM organization o \
                       LEFT JOIN api_key k ON k.credential_id = $1 \
                       LEFT JOIN atlassian_session s ON s.credential_id = $1 LEFT JOIN person p ON p.id = s.person_id \
                       LEFT JOIN atlassian a ON a.organization_id = o.id \
                       LEFT JOIN rate_policy r ON r.organization_id = o.id WHERE o.id = $2";
    type Text = Option<String>;
    type Row = (i64, String, i64, String, Text, Text, Text, Text, Text, Text, Option<i64>, Option<i64>, Text);
    let row: Option<Row> =
        on!(db, |c| sqlx::query_as(SQL).bind(credential.id.0).bind(credential.organization.0).fetch_optional(c).await)?;
    let Some((id, name, code, org_id, key, scopes, account, person, email, quirks, most, window, mode)) = row else {
        return Ok(None);
    };
    let scopes = scopes.map(|scopes| serde_json::from_str(&scopes)).transpose().map_err(Error::internal)?;
    let access = match (key, person, email) {
        (Some(_), ..) => Access::Key { scopes },
        (None, Some(name), Some(email)) => {
            Access::Session { administrator: User { id: account.unwrap_or_default(), name, email } }
        }
        _ => return Ok(None),
    };
    Ok(Some(Admin {
        organization: organization::organization((id, name, code, org_id)),
        access,
        rate_limit: most.zip(window).map(|(most, window)| read_policy((most, window, mode))).transpose()?,
        quirks: quirks
            .map(|quirks| serde_json::from_str(&quirks))
            .transpose()
            .map_err(Error::internal)?
            .unwrap_or_default(),
    }))
}

/// Sets an organization's quirks.
pub async fn set_quirks(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    quirks: &Quirks,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO atlassian (organization_id, quirks) VALUES ($1, $2) \
                       ON CONFLICT (organization_id) DO UPDATE SET quirks = excluded.quirks";
    let quirks = serde_json::to_string(quirks).map_err(Error::internal)?;
    on!(db, |c| sqlx::query(SQL).bind(organization.0).bind(&quirks).execute(c).await.map(drop))?;
    Ok(())
}

/// Opens an administrator's browser session. `token` is the value of its cookie.
pub async fn open_session(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: OrganizationId,
    person: &Person,
    token: &PlainToken,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO atlassian_session (credential_id, person_id) VALUES ($1, $2)";
    let label = format!("{} (session)", person.email);
    let new = NewCredential {
        organization,
        service: SERVICE,
        kind: SESSION.name,
        created_at: None,
        label: &label,
        expires_at: SESSION.expiry(db.now()),
    };
    let credential = credential::issue(db, keyring, &new, token).await?;
    let credential = credential.ok_or_else(|| Error::internal("a generated session was in use"))?;
    on!(db, |c| sqlx::query(SQL).bind(credential.0).bind(person.id.0).execute(c).await.map(drop))?;
    db.note_change(|| Change::new("session", &label, format!("opened a session of {}", person.email)));
    Ok(())
}
