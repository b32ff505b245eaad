//! How a request was decided, as the journal keeps it and the control API shows it.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::core::{clock::Time, error::unescape_in_pointer};

/// How a request was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrailAnswer)]
pub struct DecisionTrace {
    pub credential: CredentialTrace,
    pub permission: PermissionTrace,
    /// The window that it was counted in; absent where nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitTrace>,
    /// The injected fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<AppliedFault>,
    /// Why it was refused, in Locum's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What it sent that nothing read; absent where all was read, and where the service refused it before it read. Of
    /// one whose credential was refused, only what nearly is where a credential is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Ignored>>)]
    pub ignored: Option<Arc<[Ignored]>>,
}

/// Something that a request sent and nothing read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IgnoredTrail)]
pub struct Ignored {
    /// Where it stood: `query/NAME`, `header/NAME`, `body/NAME`, `body/NAME/0/NAME`; or `body`, which is all of it.
    #[schema(example = "query/perpage")]
    pub at: String,
    /// The name, or the scheme of a credential, that is read there and is the most like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "perPage")]
    pub did_you_mean: Option<Cow<'static, str>>,
    /// Why it was not read, where that is not for its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "DELETE takes none")]
    pub reason: Option<Cow<'static, str>>,
}

impl Ignored {
    /// Bytes of memory that it takes, about.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.at.len()
    }

    /// The sentences that do not stand in the reason of the refusal, to be shown behind that.
    pub fn list_untold(all: &[Self], refusal: Option<&str>) -> Vec<String> {
        let is_told = |sentence: &String| refusal.is_some_and(|refusal| refusal.contains(sentence.as_str()));
        all.iter().map(ToString::to_string).filter(|sentence| !is_told(sentence)).collect()
    }
}

/// Says it in a sentence.
impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names are shown as they were sent, because people do not read pointers; who writes it out escapes for its form.
        let names: Vec<_> = self.at.split('/').map(unescape_in_pointer).collect();
        write!(f, "{} was not read", names.join("/"))?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        if let Some(near) = &self.did_you_mean {
            write!(f, ": did you mean {near}?")?;
        }
        Ok(())
    }
}

/// Which credential matched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CredentialTrail)]
pub struct CredentialTrace {
    /// `nothing` (none was sent), `unknown`, `expired` or `good`.
    #[schema(value_type = String, example = "good")]
    pub outcome: CredentialOutcome,
    /// What it is called, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub label: Option<Arc<str>>,
}

/// What became of a credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialOutcome {
    /// There was none.
    #[default]
    Nothing,
    /// There was one that nobody knows.
    Unknown,
    /// It is somebody's, and it has expired.
    Expired,
    /// It speaks for somebody.
    Good,
}

impl fmt::Display for CredentialOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Good => "good",
        })
    }
}

/// Which role or scope was needed, and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PermissionTrail)]
pub struct PermissionTrace {
    /// Absent where no handler asked, as for an unknown path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "read:tokens:admin")]
    pub needed: Option<Cow<'static, str>>,
    /// What the credential may do, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "every scope")]
    pub held: Option<Arc<str>>,
}

/// A rate-limit window, after the request was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WindowTrail)]
pub struct RateLimitTrace {
    /// Requests in one window.
    pub limit: i64,
    /// How many more are let through.
    pub remaining: i64,
    /// When counting starts over.
    #[schema(value_type = String, format = DateTime)]
    pub reset: Time,
    /// The request was refused for it.
    pub exceeded: bool,
}

/// An injected fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FaultTrail)]
pub struct AppliedFault {
    /// The rule's id.
    pub id: String,
    /// What it did.
    #[serde(rename = "did")]
    #[schema(example = "delay 500ms, status 503")]
    pub description: String,
}
