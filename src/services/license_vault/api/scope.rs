//! What a handler of this service may do. There are no finer scopes, because a token may do everything that the API
//! offers (license-vault §2.1).

use crate::{
    http::caller::{Scope, Writes},
    services::license_vault::{LicenseVault, Need},
    store::Changes,
};

/// Reads usage, denials and allocations.
pub(crate) struct Read;

/// Revokes licences and disconnects products.
pub(crate) struct Write;

/// Reads the License Server's reports.
pub(crate) struct Reports;

impl Scope<LicenseVault> for Read {
    const NEED: Need = Need::Api;
    const NEEDS: &'static str = "a vault token or an automation token";
}

impl Scope<LicenseVault> for Write {
    const NEED: Need = Need::Api;
    const NEEDS: &'static str = "a vault token or an automation token";
}

impl Scope<LicenseVault> for Reports {
    const NEED: Need = Need::Reporting;
    const NEEDS: &'static str = "the reporting token";
}

impl Writes for Write {
    const CHANGES: Changes = Changes::Data;
}
