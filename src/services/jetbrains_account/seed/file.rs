//! The JetBrains Account section of a seed, as it stands in the file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::seed::file::Scalar;

/// What an organization has in JetBrains Account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct JetBrainsAccount {
    /// Calls are answered. Default true.
    #[schemars(with = "Option<bool>")]
    pub api_enabled: Option<Scalar>,
    /// Products beside those of the catalogue, or other names for those.
    #[serde(default)]
    pub products: Vec<Product>,
    /// Plug-ins, of which the catalogue has none.
    #[serde(default)]
    pub plugins: Vec<Product>,
    /// Its teams.
    #[serde(default)]
    pub teams: Vec<Team>,
    /// Who is what.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// One per person and profile, for people with a role there.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Its licences, in listing order.
    #[serde(default)]
    pub licenses: Vec<License>,
    /// Choices between observations that disagree.
    pub quirks: Option<Quirks>,
}

/// A product or a plug-in that licences can be of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Product {
    /// The code, like `AIU`: at most 64 letters, digits, `-` and `_`.
    #[schemars(with = "String")]
    pub code: Scalar,
    /// The name that answers show.
    #[schemars(with = "String")]
    pub name: Scalar,
}

/// A team.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Team {
    /// From 1 to 2147483647.
    #[schemars(with = "Option<i32>")]
    pub id: Option<Scalar>,
    /// At most 255 characters.
    #[schemars(with = "String")]
    pub name: Scalar,
}

/// A role of a person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Role {
    /// An e-mail address of `people`.
    #[schemars(with = "String")]
    pub person: Scalar,
    /// `organization_admin`, `viewer` or `primary_contact`; with a team `team_admin` or `viewer`.
    #[schemars(with = "String", extend("enum" = ["organization_admin", "viewer", "primary_contact", "team_admin"]))]
    pub role: Scalar,
    /// A team's id; left out, the role is of the organization.
    #[schemars(with = "Option<i32>")]
    pub team: Option<Scalar>,
}

/// A JetBrains Account token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Token {
    /// An e-mail address of `people`.
    #[schemars(with = "String")]
    pub person: Scalar,
    /// A team's id; left out, the token is of the organization.
    #[schemars(with = "Option<i32>")]
    pub team: Option<Scalar>,
    /// The token itself: visible ASCII without spaces.
    #[schemars(with = "Option<String>")]
    pub token: Option<Scalar>,
}

/// A value that is there: written, or `null`, which says something else than leaving it out.
pub(crate) type Nullable = Option<Scalar>;

fn read_nullable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Nullable>, D::Error> {
    Nullable::deserialize(deserializer).map(Some)
}

/// One licence, or `count` alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct License {
    /// The vendor's ids are 10 upper-case letters and digits.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// How many licences like this, with generated ids. Not together with `id`.
    #[schemars(with = "Option<u32>")]
    pub count: Option<Scalar>,
    /// A code of the catalogue, like `II`, or one of `products` or `plugins`.
    #[schemars(with = "String")]
    pub product: Scalar,
    /// The id of the team that holds it.
    #[schemars(with = "i32")]
    pub team: Scalar,
    /// The last day of the subscription: of a moment, the day that it is in at +03:00. Default `+1y`; left out beside
    /// `perpetual_until`, there is no subscription.
    #[schemars(with = "Option<String>")]
    pub valid_until: Option<Scalar>,
    /// The subscription renews itself. Default true.
    #[schemars(with = "Option<bool>")]
    pub auto_renew: Option<Scalar>,
    /// The reference of the purchase, which all licences of this entry share. `null`: without one. Default: generated.
    #[serde(default, deserialize_with = "read_nullable")]
    #[schemars(with = "Option<String>")]
    pub pack: Option<Nullable>,
    /// Who holds it: an e-mail address, `{ server: license_vault, uid: … }` or
    /// `{ license_key: …, registration_name: … }`.
    #[schemars(with = "Option<AssigneeSchema>")]
    pub assignee: Option<Spanned<Assignee>>,
    /// When it was last assigned. Default, with an assignee: now.
    #[schemars(with = "Option<String>")]
    pub assigned_at: Option<Scalar>,
    /// When it was last in use.
    #[schemars(with = "Option<String>")]
    pub last_seen_at: Option<Scalar>,
    /// `none`: neither an assignment nor a use is known, as of some assigned licences.
    #[serde(default, deserialize_with = "read_nullable")]
    #[schemars(with = "Option<String>", extend("enum" = ["none", null]))]
    pub last_seen: Option<Nullable>,
    /// An offline activation code was made. Default false.
    #[schemars(with = "Option<bool>")]
    pub offline_code: Option<Scalar>,
    /// Is given to people. Default true.
    #[schemars(with = "Option<bool>")]
    pub per_user: Option<Scalar>,
    /// The day until which upgrades of its perpetual part are due.
    #[schemars(with = "Option<String>")]
    pub perpetual_until: Option<Scalar>,
    /// May move to another team. Default true.
    #[schemars(with = "Option<bool>")]
    pub transferable: Option<Scalar>,
    /// Default false.
    #[schemars(with = "Option<bool>")]
    pub trial: Option<Scalar>,
    /// Default false.
    #[schemars(with = "Option<bool>")]
    pub suspended: Option<Scalar>,
    /// The domain it is bound to.
    #[schemars(with = "Option<String>")]
    pub domain: Option<Scalar>,
}

/// Who holds a licence.
#[derive(Debug)]
pub enum Assignee {
    /// A person, by address.
    Email(String),
    /// A server or a key.
    Other(Box<OtherAssignee>),
}

/// A server (`server`, `uid`) or a key (`license_key`, `registration_name`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct OtherAssignee {
    /// `license_server` or `license_vault`.
    #[schemars(with = "Option<String>", extend("enum" = ["license_server", "license_vault"]))]
    pub server: Option<Scalar>,
    /// The server's id.
    #[schemars(with = "Option<String>")]
    pub uid: Option<Scalar>,
    /// The key.
    #[schemars(with = "Option<String>")]
    pub license_key: Option<Scalar>,
    /// Whose name is in the key.
    #[schemars(with = "Option<String>")]
    pub registration_name: Option<Scalar>,
}

impl<'de> Deserialize<'de> for Assignee {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Assignee;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an e-mail address, { server, uid } or { license_key, registration_name }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Assignee, E> {
                Ok(Assignee::Email(text.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Assignee, A::Error> {
                OtherAssignee::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|other| Assignee::Other(Box::new(other)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// How the two forms look in the JSON Schema.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum AssigneeSchema {
    /// A person, by e-mail address.
    Email(String),
    /// A server or a key.
    Other(Box<OtherAssignee>),
}

/// Choices between observations that disagree.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Quirks {
    /// What a successful assign answers: 200 (default) or 204.
    #[schemars(with = "Option<u16>", extend("enum" = [200, 204]))]
    pub assign_success_status: Option<Scalar>,
    /// An assign without `sendEmail` or `includeOfflineActivationCode` is the HTML 400, as one suite of 2026 may have
    /// seen it. Default false.
    #[schemars(with = "Option<bool>")]
    pub flags_required: Option<Scalar>,
}
