//! Who has a JetBrains Account.

use crate::{
    core::error::Error,
    domain::organization::PersonId,
    store::{ReadWrite, Session, session::on},
};

/// Whether somebody has a JetBrains Account, so that the name is shown instead of masked.
pub(crate) async fn set_has_account(db: &mut Session<ReadWrite>, person: PersonId, has: bool) -> Result<(), Error> {
    const SQL: &str = "UPDATE person SET jetbrains_account = $2 WHERE id = $1";
    on!(db, |c| sqlx::query(SQL).bind(person.0).bind(has).execute(c).await.map(drop))?;
    Ok(())
}
