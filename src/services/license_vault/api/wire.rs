//! Bodies of answers (license-vault §2).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::clock::Time,
    http::answer,
    services::license_vault::{
        JSON, LicenseVault,
        domain::{
            allocation::{Allocation, Denial, UsageRecord},
            catalogue::{Catalogue, CountedProduct},
            vault::{LicenseKind, Pool},
        },
    },
};

/// A 200 with a JSON body.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        answer::json::<LicenseVault>(JSON, &self.0)
    }
}

/// Formats a time as Java does an `Instant`: in UTC, with as many fractional digits as it needs.
pub(crate) fn format_instant(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// How many licences there are, and how many are in use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseUsages {
    /// One per product, also those without a licence, by code.
    license_usages: Vec<LicenseUsage>,
    #[schema(format = DateTime, example = "2026-01-31T08:15:30.123456789Z")]
    timestamp: String,
}

/// How many licences of one product there are, and how many are in use.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseUsage {
    #[schema(example = "ALL")]
    code: Cow<'static, str>,
    #[schema(example = "All Products Pack")]
    display_name: Cow<'static, str>,
    regular_in_use: i64,
    regular_total: i64,
    true_up_in_use: i64,
    true_up_total: i64,
    virtual_in_use: i64,
    virtual_total: i64,
}

impl LicenseUsages {
    /// Lists every product that there usually is, because clients expect a row of each (license-vault §2.2).
    ///
    /// unverified: a plug-in, or a product that only the legacy server knows, has a row too where the vault has
    /// licences for it, and else none (§2.3, §4.3).
    pub(crate) fn new(catalogue: &Catalogue, pools: &[Pool], now: Time) -> Self {
        let has_row =
            |product: &CountedProduct| product.is_always_shown || pools.iter().any(|pool| pool.product == product.code);
        let make_row = |CountedProduct { code, name: display_name, .. }: CountedProduct| {
            let count = |kind| {
                let pool = pools.iter().find(|pool| pool.product == code && pool.kind == kind);
                pool.map_or((0, 0), |pool| (pool.in_use, pool.total))
            };
            let (regular, true_up, virtual_) =
                (count(LicenseKind::Regular), count(LicenseKind::TrueUp), count(LicenseKind::Virtual));
            LicenseUsage {
                code,
                display_name,
                regular_in_use: regular.0,
                regular_total: regular.1,
                true_up_in_use: true_up.0,
                true_up_total: true_up.1,
                virtual_in_use: virtual_.0,
                virtual_total: virtual_.1,
            }
        };
        let counted = catalogue.list_counted().into_iter().filter(has_row);
        Self { license_usages: counted.map(make_row).collect(), timestamp: format_instant(now) }
    }
}

/// A request that found no licence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DenialRow {
    #[schema(format = DateTime)]
    timestamp: String,
    username: String,
    user_hostname: String,
    user_ip: String,
    /// What was asked for; a plug-in has no row in the usage.
    product_name: String,
    product_version: String,
    #[schema(example = "CANCELLED")]
    reason: String,
    #[schema(example = "Unable to find suitable license")]
    description: String,
}

impl From<Denial> for DenialRow {
    fn from(denial: Denial) -> Self {
        Self {
            timestamp: format_instant(denial.at),
            username: denial.user.username,
            user_hostname: denial.host,
            user_ip: denial.ip,
            product_name: denial.product_name,
            product_version: denial.product_version,
            reason: denial.reason,
            description: denial.description,
        }
    }
}

/// How a licence was bought.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LicenseType {
    Regular,
    TrueUp,
    Virtual,
}

impl From<LicenseKind> for LicenseType {
    fn from(kind: LicenseKind) -> Self {
        match kind {
            LicenseKind::Regular => Self::Regular,
            LicenseKind::TrueUp => Self::TrueUp,
            LicenseKind::Virtual => Self::Virtual,
        }
    }
}

/// A licence in a user's hands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserLicense {
    /// The same as `allocation_id` in the report.
    allocation_id: String,
    username: String,
    email: Option<String>,
    /// The licence's code, not that of what runs on it.
    code: String,
    display_name: String,
    r#type: LicenseType,
    #[schema(format = DateTime)]
    allocated_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    products: Vec<RunningProduct>,
}

/// What runs on a licence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunningProduct {
    connection_id: String,
    code: String,
    display_name: String,
    version: String,
    hostname: String,
    ip: String,
    #[schema(format = DateTime)]
    connected_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
}

impl UserLicense {
    pub(crate) fn new(catalogue: &Catalogue, allocation: Allocation) -> Self {
        let products = allocation.running.into_iter().map(|running| RunningProduct {
            connection_id: running.id,
            display_name: catalogue.find_product_name(&running.product).to_owned(),
            code: running.product,
            version: running.version,
            hostname: running.host,
            ip: running.ip,
            connected_at: format_instant(running.connected_at),
            last_seen_at: format_instant(running.last_seen_at),
        });
        Self {
            allocation_id: allocation.id,
            username: allocation.user.username,
            email: Some(allocation.user.email),
            display_name: catalogue.find_product_name(&allocation.product).to_owned(),
            code: allocation.product,
            r#type: allocation.kind.into(),
            allocated_at: format_instant(allocation.allocated_at),
            last_seen_at: format_instant(allocation.last_seen_at),
            products: products.collect(),
        }
    }
}

/// One occasion on which a user ran a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageRow {
    allocation_id: String,
    /// The licence's name.
    #[schema(example = "All Products Pack")]
    allocated_license: String,
    username: String,
    user_hostname: String,
    user_ip: String,
    product_name: String,
    product_version: String,
    license_type: LicenseType,
    #[schema(format = DateTime)]
    start_time: String,
    /// Null while it runs.
    #[schema(format = DateTime)]
    end_time: Option<String>,
}

impl UsageRow {
    pub(crate) fn new(catalogue: &Catalogue, usage: UsageRecord) -> Self {
        Self {
            allocation_id: usage.allocation,
            allocated_license: catalogue.find_product_name(&usage.license).to_owned(),
            username: usage.user.username,
            user_hostname: usage.connection.host,
            user_ip: usage.connection.ip,
            product_name: catalogue.find_product_name(&usage.connection.product).to_owned(),
            product_version: usage.connection.version,
            license_type: usage.kind.into(),
            start_time: format_instant(usage.connection.connected_at),
            end_time: usage.ended_at.map(format_instant),
        }
    }
}
