//! The License Vault section of a seed, as it stands in the file.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::seed::file::Scalar;

/// An organization's License Vault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedVault {
    /// Letters, digits and hyphens, as in `<name>.fls.jetbrains.com`, where case does not matter.
    #[schemars(with = "String")]
    pub name: Scalar,
    /// `trial`, `organization_true_up` (default), `enterprise_floating` or `classroom`.
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["trial", "organization_true_up", "enterprise_floating", "classroom"])
    )]
    pub plan: Option<Scalar>,
    /// Licences are given back when an IDE closes. Default by the plan.
    #[schemars(with = "Option<bool>")]
    pub floating: Option<Scalar>,
    /// Who no rule names gets nothing. Default false.
    #[schemars(with = "Option<bool>")]
    pub strict_policy: Option<Scalar>,
    /// E-mail addresses of `people`, who may generate and delete the token.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub administrators: Vec<Scalar>,
    /// The vault's token. Left out, there is none.
    #[schemars(with = "Option<String>")]
    pub token: Option<Scalar>,
    /// The License Server's token for reports. Left out, there is none.
    #[schemars(with = "Option<String>")]
    pub reporting_token: Option<Scalar>,
    /// Tokens that are sent as `Automation`.
    #[serde(default)]
    pub automation_tokens: Vec<SeedAutomationToken>,
    /// How many licences there are: each kind of a product once.
    #[serde(default)]
    pub pools: Vec<SeedPool>,
    /// Who holds what, placed as if they had asked for it one after the other: there is a licence for each in `pools`,
    /// `rules` and `strict_policy` allow it, and a user has one licence for two machines.
    #[serde(default)]
    pub allocations: Vec<SeedAllocation>,
    /// Who got nothing.
    #[serde(default)]
    pub denials: Vec<SeedDenial>,
    /// Who may have what. Somebody whom a rule names gets only what rules list.
    pub rules: Option<Vec<SeedRule>>,
}

/// An automation token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedAutomationToken {
    /// What it is called.
    #[schemars(with = "String")]
    pub name: Scalar,
    /// The token itself: visible ASCII without spaces.
    #[schemars(with = "Option<String>")]
    pub token: Option<Scalar>,
    /// Left out, it never ends.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Scalar>,
}

/// How many licences of a product there are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedPool {
    /// A code of the vault's catalogue, like `ALL` or `II`, or of a product or plug-in that the JetBrains Account
    /// declares.
    #[schemars(with = "String")]
    pub product: Scalar,
    /// Bought in advance.
    #[schemars(with = "Option<u32>")]
    pub regular: Option<Scalar>,
    /// Billed later.
    #[schemars(with = "Option<u32>")]
    pub true_up: Option<Scalar>,
    /// For evaluation.
    #[schemars(with = "Option<u32>")]
    pub r#virtual: Option<Scalar>,
}

/// A licence in somebody's hands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedAllocation {
    /// An e-mail address.
    #[schemars(with = "String")]
    pub user: Scalar,
    /// The code of what was asked for. Where no licence of it is left, one of a pack that covers it is held.
    #[schemars(with = "String")]
    pub product: Scalar,
    /// `regular`, `true_up` or `virtual`, of the product itself. Left out, the first that is left in the order in which
    /// a vault gives licences out: regular, virtual, true-up.
    #[schemars(with = "Option<String>", extend("enum" = ["regular", "true_up", "virtual"]))]
    pub kind: Option<Scalar>,
    /// Default now.
    #[schemars(with = "Option<String>")]
    pub since: Option<Scalar>,
    /// What runs on it: each product once on a machine, on two machines at most.
    #[serde(default)]
    pub running: Vec<SeedRunning>,
}

/// A running product.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedRunning {
    /// Its code, or a declared plug-in's name. It has to run on the licence.
    #[schemars(with = "String")]
    pub product: Scalar,
    /// Default `2026.1`.
    #[schemars(with = "Option<String>")]
    pub version: Option<Scalar>,
    /// Default `localhost`.
    #[schemars(with = "Option<String>")]
    pub host: Option<Scalar>,
    /// Default `127.0.0.1`.
    #[schemars(with = "Option<String>")]
    pub ip: Option<Scalar>,
    /// Default as the licence.
    #[schemars(with = "Option<String>")]
    pub since: Option<Scalar>,
}

/// A request that found nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedDenial {
    /// An e-mail address.
    #[schemars(with = "String")]
    pub user: Scalar,
    /// A product's code, or a plug-in's name.
    #[schemars(with = "String")]
    pub product: Scalar,
    /// Default `2026.1`.
    #[schemars(with = "Option<String>")]
    pub product_version: Option<Scalar>,
    /// Default `localhost`.
    #[schemars(with = "Option<String>")]
    pub host: Option<Scalar>,
    /// Default `127.0.0.1`.
    #[schemars(with = "Option<String>")]
    pub ip: Option<Scalar>,
    /// Default now.
    #[schemars(with = "Option<String>")]
    pub at: Option<Scalar>,
    /// Default `CANCELLED`.
    #[schemars(with = "Option<String>")]
    pub reason: Option<Scalar>,
    /// Default `Unable to find suitable license`.
    #[schemars(with = "Option<String>")]
    pub description: Option<Scalar>,
}

/// Who may have what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedRule {
    /// E-mail addresses.
    #[schemars(with = "Vec<String>")]
    pub users: Vec<Scalar>,
    /// Codes of licences.
    #[schemars(with = "Vec<String>")]
    pub products: Vec<Scalar>,
    /// Obtains a licence even when none is free. Default false.
    #[schemars(with = "Option<bool>")]
    pub priority: Option<Scalar>,
}
