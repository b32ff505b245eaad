//! What becomes of requests that a rule hits, as testers write it and see it.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    core::{
        duration::parse_duration,
        error::{Error, pointer},
    },
    domain::fault_rule::{Damage, Effect, Effects, HeaderValues, Headers, check_header, has_no_body},
    http::{control_input::check_text, extract::object, problem::Problem},
};

/// What becomes of a request. At least one of these, but in a list, where a step without any lets the request pass.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    /// It is answered with this status, as the service itself would unless there is a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 200, maximum = 599, example = 503)]
    status: Option<u16>,
    /// It is answered with the vendor's error that has this code, with the code's own status.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// It is answered with this body: a text as it is, everything else as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// Headers by name, each a text or a list of texts, in the place of the answer's own of that name; also of an
    /// answer that the service gives itself.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, HeaderValues>, example = json!({ "Retry-After": "30" }))]
    headers: Headers,
    /// It waits this long, like `500ms` or `2s`, up to a minute; or, as in `100ms..2s`, any time from one to the other,
    /// drawn from the id seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "500ms")]
    delay: Option<String>,
    /// What the connection suffers when the service has done its work: `connection_reset` is a TCP reset without an
    /// answer, `empty` leaves the body out, `truncated` closes the connection in the middle of the body. Of an answer
    /// without a body, as a 204, a 304 and every one to HEAD, `empty` sends nothing at all and closes, and `truncated`
    /// closes in the middle of the status line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "truncated")]
    fault: Option<Damage>,
}

/// What becomes of the requests: always the same, or, of a list, one after the other.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ThenOrSteps {
    Always(Then),
    InTurn(Vec<Then>),
}

// Derived for an untagged enum, an error would not say where it is.
impl<'de> Deserialize<'de> for ThenOrSteps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Step(Then);
        impl<'de> Deserialize<'de> for Step {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                object(deserializer).map(Self)
            }
        }
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = ThenOrSteps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ThenOrSteps, A::Error> {
                Then::deserialize(MapAccessDeserializer::new(members)).map(ThenOrSteps::Always)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ThenOrSteps, A::Error> {
                let mut steps = Vec::new();
                while let Some(Step(step)) = items.next_element()? {
                    steps.push(step);
                }
                Ok(ThenOrSteps::InTurn(steps))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Where an effect stands in a rule.
pub(super) fn place(effects: &Effects, step: usize) -> String {
    match effects {
        Effects::Always(_) => "/then".to_owned(),
        Effects::InTurn(_) => format!("/then/{step}"),
    }
}

impl ThenOrSteps {
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::InTurn(_))
    }

    /// How many steps there are, where there are steps.
    pub(crate) fn count_steps(&self) -> Option<i64> {
        match self {
            Self::Always(_) => None,
            Self::InTurn(steps) => i64::try_from(steps.len()).ok(),
        }
    }

    pub(super) fn read(self) -> Result<Effects, Problem> {
        match self {
            Self::Always(then) => {
                let effect = then.read("/then")?;
                if effect == Effect::default() {
                    const WHAT: &str = "expected at least one of status, code, body, headers, delay, fault";
                    return Err(Error::invalid("/then", WHAT).into());
                }
                Ok(Effects::Always(effect))
            }
            Self::InTurn(steps) if steps.is_empty() => {
                Err(Error::invalid("/then", "expected at least one step: `{}` is one that lets pass").into())
            }
            Self::InTurn(steps) => {
                let steps = steps.into_iter().enumerate().map(|(at, step)| step.read(&format!("/then/{at}")));
                Ok(Effects::InTurn(steps.collect::<Result<_, _>>()?))
            }
        }
    }
}

impl Then {
    /// `at` is where it stands.
    fn read(self, at: &str) -> Result<Effect, Problem> {
        self.code.as_deref().map_or(Ok(()), |code| check_text(&format!("{at}/code"), code))?;
        if let Some(status) = self.status {
            self.check_status(at, status)?;
        }
        check_headers(at, &self.headers)?;
        let (delay_millis, delay_up_to_millis) = match &self.delay {
            Some(text) => read_delay(text).map_err(|detail| Error::invalid(format!("{at}/delay"), detail))?,
            None => (None, None),
        };
        let Self { status, code, body, headers, delay: _, fault } = self;
        let effect = Effect { status, code, body, headers, delay_millis, delay_up_to_millis, fault };
        effect.check_delay().map_err(|detail| Error::invalid(format!("{at}/delay"), detail))?;
        Ok(effect)
    }

    fn check_status(&self, at: &str, status: u16) -> Result<(), Error> {
        if !(200..=599).contains(&status) {
            return Err(Error::invalid(format!("{at}/status"), "expected a status from 200 to 599"));
        }
        let bodies = [("body", self.body.is_some()), ("code", self.code.is_some())];
        match bodies.into_iter().find(|(_, is_there)| *is_there) {
            Some((name, _)) if has_no_body(status) => {
                Err(Error::invalid(format!("{at}/{name}"), format!("an answer with the status {status} has no body")))
            }
            _ => Ok(()),
        }
    }
}

fn check_headers(at: &str, headers: &Headers) -> Result<(), Problem> {
    for (name, values) in headers {
        let refuse = |detail: String| Problem::unknown(&pointer_below(at, name), detail);
        check_header(name, values).map_err(refuse)?;
        let is_same = |other: &&String| *other != name && other.eq_ignore_ascii_case(name);
        if let Some(other) = headers.keys().find(is_same) {
            return Err(refuse(format!("`{name}` and `{other}` are one header: a list gives it several values")));
        }
    }
    Ok(())
}

fn pointer_below(at: &str, name: &str) -> String {
    format!("{at}/headers{}", pointer([name]))
}

/// Reads `500ms`, or `100ms..2s`.
fn read_delay(text: &str) -> Result<(Option<u64>, Option<u64>), String> {
    let millis = |text: &str| Ok::<_, String>(u64::try_from(parse_duration(text)?.as_millis()).unwrap_or(u64::MAX));
    match text.split_once("..") {
        Some((from, to)) => Ok((Some(millis(from)?), Some(millis(to)?))),
        None => Ok((Some(millis(text)?), None)),
    }
}

impl From<Effects> for ThenOrSteps {
    fn from(effects: Effects) -> Self {
        match effects {
            Effects::Always(effect) => Self::Always(effect.into()),
            Effects::InTurn(steps) => Self::InTurn(steps.into_iter().map(Into::into).collect()),
        }
    }
}

impl From<Effect> for Then {
    fn from(effect: Effect) -> Self {
        let Effect { status, code, body, headers, delay_millis, delay_up_to_millis, fault } = effect;
        let up_to = delay_up_to_millis.map(|millis| format!("..{millis}ms")).unwrap_or_default();
        let delay = delay_millis.map(|millis| format!("{millis}ms{up_to}"));
        Self { status, code, body, headers, delay, fault }
    }
}
