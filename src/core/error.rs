//! Everything that can go wrong, as one closed list. Becomes HTTP as the last step, in each service's own words.

use std::error::Error as StdError;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    // Who is asking.
    /// The request carries no credential.
    #[error("no credential")]
    CredentialMissing,
    /// The request does not say for which tenant it is.
    #[error("no tenant named")]
    TenantMissing,
    /// The credential is unknown, expired or belongs to another tenant.
    #[error("the credential is not valid here")]
    CredentialRejected,
    /// The tenant has switched the service off.
    #[error("the API is switched off for this organization")]
    ServiceDisabled,

    // May they.
    /// The token was made for another team.
    #[error("the token belongs to team {token_team}")]
    ForeignTeam {
        /// The team the token was made for.
        token_team: i32,
    },
    /// The token was made for a team, and this needs one of the organization.
    #[error("the token belongs to a team")]
    TeamToken,
    /// The owner of the token may only read.
    #[error("no permission to edit")]
    EditForbidden {
        customer_code: i64,
        /// The team that holds the licence, when one is in question.
        team: Option<i32>,
    },
    /// The credential is good, and another tenant's than the one that the request names.
    #[error("the credential belongs to another organization")]
    ForeignTenant,
    /// The credential lacks a scope.
    #[error("the scope {0} is needed")]
    ScopeMissing(&'static str),
    /// Only an administrator's browser session may do this.
    #[error("only an administrator's session may do this")]
    SessionRequired,
    /// Too many requests.
    #[error("too many requests")]
    RateLimited {
        /// Seconds until there may be more.
        retry_after: i64,
    },
    /// There is as much of it as there may be.
    #[error("{0}")]
    QuotaReached(String),
    /// Something that a control request makes is there already.
    #[error("{0}")]
    Exists(String),
    /// A person may not do this in the vendor's pages.
    #[error("{0}")]
    ActorRefused(String),

    // What they sent.
    /// The body or a parameter cannot be read; the text is for our log, vendors do not tell.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// The body is larger than we take.
    #[error("the body is too large")]
    BodyTooLarge,
    /// A field that must be there is not.
    #[error("{0}")]
    FieldMissing(&'static str),
    /// A contact's e-mail address does not pass; the address as it was sent.
    #[error("not an e-mail address we accept: {0}")]
    EmailInvalid(String),
    /// A contact's first or last name does not pass.
    #[error("{0}")]
    NameInvalid(NameProblem),
    /// A parameter or a member of the body is wrong; says which, and what would be right.
    #[error("{detail}")]
    Parameter {
        /// What kind of wrong.
        problem: ParameterProblem,
        /// The parameter, and what it should be.
        detail: String,
    },
    /// A query as it makes the vendor fail, where a quirk asks for that.
    #[error("the vendor fails here")]
    VendorFailure,
    /// A value in a control request is wrong.
    #[error("{detail}")]
    Invalid {
        /// JSON pointer to the value.
        pointer: String,
        /// What is wrong, and what would be right.
        detail: String,
    },

    // What they meant.
    /// No such licence.
    #[error("no licence {0}")]
    LicenseUnknown(String),
    /// No such team.
    #[error("no team {0}")]
    TeamUnknown(i32),
    /// No such product.
    #[error("no product {0}")]
    ProductUnknown(String),
    /// The team holds no free licence of the product.
    #[error("team {team} has no free licence of {product}")]
    NoLicenseAvailable {
        team: i32,
        /// The product's code.
        product: String,
    },
    /// The licence cannot be given to a person.
    #[error("the licence is not available: {0:?}")]
    LicenseUnavailable(Unavailable),
    /// The licence was assigned too short a time ago to be taken back.
    #[error("licence {0} was assigned recently")]
    RecentlyAssigned(String),
    /// A thing that a control request names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// No such path.
    #[error("no such path")]
    RouteUnknown,
    /// The path exists, the method does not.
    #[error("no such method here")]
    MethodUnknown,
    /// The vendor has it, we do not; says what and why.
    #[error("{0}")]
    NotEmulated(&'static str),
    /// A browser of another site, a foreign host name, or no control token.
    #[error("{0}")]
    ControlRefused(&'static str),

    // Us.
    /// Everything in the space was replaced after the request had been let in.
    #[error("everything was replaced while the request was under way: send it again")]
    DataReplaced,
    /// The request took too long.
    #[error("timed out")]
    TimedOut,
    /// The database does not answer.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A defect of ours. Logged with its chain, never sent.
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// Wraps a defect.
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// A wrong value in a control request, by its JSON pointer.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), detail: detail.into() }
    }

    /// A parameter or a member of the body that cannot be read.
    pub fn format(detail: impl Into<String>) -> Self {
        Self::Parameter { problem: ParameterProblem::Format, detail: detail.into() }
    }

    /// Writes what a client is not told into the log: our defects, with their whole chain. Why a request could not be
    /// read stands in the journal, because it repeats what was sent.
    pub fn log(&self) {
        let (Self::Internal(error) | Self::Unavailable(error)) = self else { return };
        let mut chain = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        tracing::error!(error = chain.join(": "), "{self}");
    }
}

/// What is wrong with a parameter (atlassian-api-access §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterProblem {
    /// A companion parameter is missing, or they contradict each other.
    Combination,
    /// It cannot be read.
    Format,
    /// It is a page size that is not allowed.
    PageSize,
    /// It is not something to sort by.
    Sort,
}

/// Why a licence cannot be assigned (jetbrains-account §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// Somebody holds it.
    Allocated,
    /// Its subscription is over, and it has no perpetual fallback.
    ExpiredWithoutFallback,
    /// It is not one that is given to people.
    NonPerUser,
}

/// What is wrong with a name; the texts are the vendor's (jetbrains-account §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing, or only spaces.
    #[error("This field can't be empty.")]
    Empty,
    /// A digit.
    #[error("Sorry, we can't accept digits in this field.")]
    Digits,
    /// A character that is not part of names.
    #[error("Please, don't use special characters.")]
    SpecialCharacters,
    /// Too many characters.
    #[error("Value is too long.")]
    TooLong,
}

/// A JSON pointer (RFC 6901).
pub fn pointer<T: AsRef<str>>(path: impl IntoIterator<Item = T>) -> String {
    path.into_iter().fold(String::new(), |mut pointer, name| {
        pointer.push('/');
        pointer.push_str(&name.as_ref().replace('~', "~0").replace('/', "~1"));
        pointer
    })
}
