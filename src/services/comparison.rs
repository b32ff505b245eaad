//! What `locum compare` asks a service: each service's folder has its own list, because it is the vendor's words.

/// Harmless requests to a service, and what they need. All are GETs: what they ask for changes nothing, and no more does
/// a refusal.
pub struct Comparison {
    /// The service's name, or that of another product that it emulates too.
    pub name: &'static str,
    pub title: &'static str,
    /// How a token is presented: the first one is taken where nothing else is said.
    pub schemes: &'static [Scheme],
    /// What requests name beside the token: the user says it of the real service.
    pub parameters: &'static [Parameter],
    /// The headers of a request that says nothing else, with [placeholders](Question::path).
    pub headers: &'static [(&'static str, &'static str)],
    pub questions: &'static [Question],
    /// A seed in addition to the demo's, for the Locum that is asked: of each member that records may lack, or that may be
    /// null, there has to be a record that has it and one that does not, because what all of Locum's records have
    /// alike counts as what it always answers.
    pub more_data: Option<&'static str>,
}

/// A way to present a token.
pub struct Scheme {
    /// The word in front of the token, for `{scheme}`.
    pub word: &'static str,
    /// A token of the demo seed that is presented so.
    pub demo_token: &'static str,
}

/// What requests name, and what that is in the demo seed.
pub struct Parameter {
    pub name: &'static str,
    pub demo: &'static str,
}

/// A request that is sent to both.
pub struct Question {
    /// Its name in reports: lower case, with hyphens.
    pub name: &'static str,
    /// Path and query from the root on. `{name}` stands for a parameter, for `{token}`, or for what an earlier answer
    /// had there.
    pub path: &'static str,
    /// Other headers than usual.
    pub headers: Option<&'static [(&'static str, &'static str)]>,
    /// What later requests need of its answer: a placeholder, and where it stands in the body (RFC 6901).
    pub takes: &'static [(&'static str, &'static str)],
    /// The lines of `docs/fidelity.md`, of "Our guess", that the answer settles: the section of the contract, and words
    /// that only this line has.
    pub settles: &'static [(&'static str, &'static str)],
}

impl Question {
    pub const fn new(name: &'static str, path: &'static str) -> Self {
        Self { name, path, headers: None, takes: &[], settles: &[] }
    }

    /// The same with these headers only.
    pub const fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = Some(headers);
        self
    }

    pub const fn takes(mut self, takes: &'static [(&'static str, &'static str)]) -> Self {
        self.takes = takes;
        self
    }

    pub const fn settles(mut self, settles: &'static [(&'static str, &'static str)]) -> Self {
        self.settles = settles;
        self
    }
}
