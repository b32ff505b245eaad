//! The search box: filters in words, `status:4xx op:assignLicense cred:dan eve@example.test`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    contradiction,
    search_text::{find_name, split},
    short_path::ShortPaths,
};
use crate::{
    core::suggest::{describe_unknown, nearest, suggest},
    domain::{
        journal::{CredentialOutcome, Entry},
        path_pattern::PathPattern,
    },
    store::journal::Parts,
};

/// The names of filters, and what stands behind them.
const NAMES: [(&str, &str); 10] = [
    ("status", "404 or 4xx"),
    ("op", "an operation's id"),
    ("cred", "a part of what a credential is called"),
    ("service", "a service's name"),
    ("method", "GET, POST, …"),
    ("path", "a path, whole or as the list shows it, in which * stands for a segment"),
    ("reason", "a part of why it was refused, or all of it behind ="),
    ("id", "an x-request-id"),
    ("is", "refused, injected, ignored, limited, unknown or changed"),
    ("record", "the id of a record that was changed"),
];
/// In how many of the newest requests headers and bodies are searched, because all of these are read for that.
pub(super) const SEARCHED: usize = 1000;
const STATES: [&str; 6] = ["refused", "injected", "ignored", "limited", "unknown", "changed"];

/// The methods that there usually are.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// What is searched for. Everything has to fit.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Search {
    words: Vec<Word>,
    paths: ShortPaths,
}

#[derive(Debug, PartialEq)]
pub(super) struct Word {
    /// As it was written.
    pub written: String,
    pub is_not: bool,
    pub what: What,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// From the first to the last.
    Status(u16, u16),
    Operation(String),
    /// These, from here on, are in lower case.
    Credential(String),
    Service(String),
    Method(String),
    Path(String),
    Reason(String),
    /// All of it, but for quotes.
    WholeReason(String),
    Id(String),
    Is(&'static str),
    Record(String),
    /// Anywhere.
    Text(String),
}

/// What a word may name.
pub(super) struct Known<'a> {
    /// Operations, and the services that have one of that name.
    pub operations: BTreeMap<&'a str, Vec<&'a str>>,
    pub services: Vec<&'a str>,
    pub paths: ShortPaths,
}

/// What the space and its journal have that a word may name.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub credentials: BTreeSet<String>,
    pub methods: BTreeSet<String>,
}

impl Search {
    /// Reads the box.
    ///
    /// # Errors
    /// Which word is wrong, and what would be right; or why no request can have all of them.
    pub(super) fn read(text: &str, known: &Known<'_>) -> Result<Self, String> {
        if text.matches('"').count() % 2 == 1 {
            return Err("a quote is opened and never closed: put one behind the text, too".to_owned());
        }
        let words: Vec<Word> = split(text).into_iter().map(|word| read_word(word, known)).collect::<Result<_, _>>()?;
        contradiction::check(&words, &known.operations)?;
        Ok(Self { words, paths: known.paths.clone() })
    }

    /// What is wrong with the words about credentials and methods, when all are known that the space and its journal
    /// have.
    pub(super) fn check_seen(&self, seen: &Seen) -> Result<(), String> {
        let labels = || seen.credentials.iter().map(String::as_str);
        let others = seen.methods.iter().map(String::as_str).filter(|method| !METHODS.contains(method));
        let methods = METHODS.into_iter().chain(others);
        for Word { what, .. } in &self.words {
            match what {
                What::Credential(part) if !labels().any(|label| label.to_lowercase().contains(part)) => {
                    return Err(format!("no credential is called `{part}`{}", suggest(part, labels())));
                }
                What::Method(name) if methods.clone().all(|method| !method.eq_ignore_ascii_case(name)) => {
                    return Err(describe_unknown(&name.to_uppercase(), "a method of any request", methods));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// As much of a request as it looks at.
    pub(super) fn parts(&self) -> Parts {
        let looks_into_bodies = self.words.iter().any(|word| matches!(word.what, What::Text(_) | What::Record(_)));
        if looks_into_bodies { Parts::OfNewest(SEARCHED) } else { Parts::WithoutMessages }
    }

    /// Which words do not fit.
    pub(super) fn judge(&self, entry: &Entry) -> Verdict {
        let mut verdict = Verdict::Fits;
        for Word { is_not, what, .. } in &self.words {
            if what.matches(entry, &self.paths) != *is_not {
                continue;
            }
            let name = what.name().filter(|_| !is_not);
            verdict = match (verdict, name) {
                (Verdict::Fits, Some(name)) => Verdict::FailsBy(name),
                (Verdict::FailsBy(other), Some(name)) if name == other => Verdict::FailsBy(name),
                _ => return Verdict::Fails,
            };
        }
        verdict
    }
}

/// Whether a request is one of those that are searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// It would be without the filters of this name.
    FailsBy(&'static str),
    Fails,
}

impl Verdict {
    pub(super) fn fits(self) -> bool {
        self == Self::Fits
    }

    /// Whether it fits without the filters of one name: what each of those would leave is counted so.
    pub(super) fn fits_but(self, name: &str) -> bool {
        matches!(self, Self::Fits) || matches!(self, Self::FailsBy(by) if by == name)
    }
}

fn read_word(written: String, known: &Known<'_>) -> Result<Word, String> {
    let (is_not, plain) = written
        .strip_prefix('-')
        .filter(|rest| !rest.is_empty())
        .map_or((false, written.as_str()), |rest| (true, rest));
    let what = match find_name(plain) {
        Some((name, value)) => read_filter(&name, value, known)?,
        None => What::Text(plain.replace('"', "").to_lowercase()),
    };
    Ok(Word { written, is_not, what })
}

fn read_filter(name: &str, value: String, known: &Known<'_>) -> Result<What, String> {
    let lower = value.to_lowercase();
    Ok(match name {
        "status" => {
            let (from, to) = read_status(&lower).ok_or(format!("`{value}` is not a status: 404 or 4xx"))?;
            What::Status(from, to)
        }
        "op" => {
            let found = known.operations.keys().find(|id| id.eq_ignore_ascii_case(&value));
            let unknown = || describe_unknown(&value, "an operation", known.operations.keys().copied());
            What::Operation((*found.ok_or_else(unknown)?).to_owned())
        }
        "cred" => What::Credential(lower),
        "service" if known.services.contains(&lower.as_str()) => What::Service(lower),
        "service" => return Err(describe_unknown(&value, "a service", known.services.iter().copied())),
        "method" => What::Method(lower),
        "path" if value.contains('?') => {
            return Err(format!("`path:{value}` looks at paths: search for what stands behind ? as a text"));
        }
        "path" => What::Path(value),
        "reason" => match value.strip_prefix('=') {
            Some(whole) => What::WholeReason(whole.to_owned()),
            None => What::Reason(lower),
        },
        "id" => What::Id(lower),
        "record" => What::Record(lower),
        "is" => {
            let found = STATES.iter().find(|state| **state == lower);
            What::Is(found.ok_or_else(|| describe_unknown(&value, "something a request is", STATES))?)
        }
        other => {
            let all = || NAMES.iter().map(|(name, _)| *name);
            let hint = match nearest(other, all()).and_then(|near| NAMES.iter().find(|(name, _)| *name == near)) {
                Some((name, value)) => format!("did you mean {name}: ({value})?"),
                None => format!("there are {}:", all().collect::<Vec<_>>().join(":, ")),
            };
            return Err(format!("there is no filter `{other}:`, {hint} A text with a colon goes in quotes."));
        }
    })
}

/// `404`, or all of a class: `4xx`.
fn read_status(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse::<u16>().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let status = text.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some((status, status))
}

impl What {
    fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Status(..) => "status",
            Self::Operation(_) => "op",
            Self::Credential(_) => "cred",
            Self::Service(_) => "service",
            Self::Method(_) => "method",
            Self::Path(_) => "path",
            Self::Reason(_) | Self::WholeReason(_) => "reason",
            Self::Id(_) => "id",
            Self::Is(_) => "is",
            Self::Record(_) => "record",
            Self::Text(_) => return None,
        })
    }

    fn matches(&self, entry: &Entry, short: &ShortPaths) -> bool {
        match self {
            Self::Status(from, to) => (*from..=*to).contains(&entry.status),
            Self::Operation(id) => entry.operation.as_deref() == Some(id),
            Self::Credential(part) => entry.credential().is_some_and(|label| label.to_lowercase().contains(part)),
            Self::Service(name) => entry.service.as_deref() == Some(name),
            Self::Method(method) => entry.method.eq_ignore_ascii_case(method),
            Self::Path(path) => {
                let mut paths = std::iter::once(&entry.path).chain(&entry.other_paths).map(|path| &**path);
                let pattern = PathPattern::new(path);
                paths.any(|known| pattern.matches(known))
                    || pattern.matches(short.without_base(entry))
                    || pattern.matches(&short.shorten(entry))
            }
            Self::Reason(part) => describe_reason(entry).to_lowercase().contains(part),
            Self::WholeReason(whole) => entry.trace.refusal.as_deref().is_some_and(|why| without_quotes(why) == *whole),
            Self::Id(start) => entry.id.starts_with(start.as_str()),
            Self::Is("refused") => entry.status >= 400,
            Self::Is("injected") => entry.trace.fault.is_some(),
            Self::Is("ignored") => !entry.ignored().is_empty(),
            Self::Is("limited") => entry.trace.rate_limit.as_ref().is_some_and(|window| window.exceeded),
            Self::Is("changed") => entry.changed.is_some(),
            Self::Record(id) => has_changed(id, entry),
            Self::Is(_) => entry.trace.credential.outcome == CredentialOutcome::Unknown,
            Self::Text(text) => is_anywhere(text, entry, short),
        }
    }
}

/// Whether it changed the record of this id: of more than are kept one by one, those that it named.
fn has_changed(id: &str, entry: &Entry) -> bool {
    let Some(changed) = &entry.changed else { return false };
    let names = |text: &str| text.to_lowercase().contains(id);
    changed.first.iter().any(|change| change.id.to_lowercase() == id)
        || changed.further() > 0
            && (std::str::from_utf8(&entry.request.body).is_ok_and(names) || entry.query.as_deref().is_some_and(names))
}

/// Why it was not simply answered: what is shown in the list, and what refusals are grouped by.
pub(super) fn describe_reason(entry: &Entry) -> String {
    let decision = Some(describe_decision(entry)).filter(|decision| !decision.is_empty());
    decision.into_iter().chain(entry.list_untold()).collect::<Vec<_>>().join("; ")
}

/// The same without what nothing read.
pub(super) fn describe_decision(entry: &Entry) -> String {
    let fault = entry.trace.fault.as_ref().map(|fault| format!("injected: {}", fault.description));
    fault.into_iter().chain(entry.trace.refusal.clone()).collect::<Vec<_>>().join("; ")
}

/// A reason as a word of the search can hold it.
pub(super) fn without_quotes(reason: &str) -> String {
    reason.replace('"', "")
}

fn is_anywhere(text: &str, entry: &Entry, short: &ShortPaths) -> bool {
    let has = |whole: &str| whole.to_lowercase().contains(text);
    let query = || entry.query.as_deref().unwrap_or_default();
    let decoded = || form_urlencoded::parse(query().as_bytes()).any(|(name, value)| has(&format!("{name}={value}")));
    let body = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(has);
    let header = || entry.request.headers.iter().any(|(name, value)| has(&format!("{name}: {value}")));
    // As the first line of a request has them.
    let line = |path: &str| {
        let mark = if query().is_empty() { "" } else { "?" };
        has(&format!("{} {path}{mark}{}", entry.method, query()))
    };
    line(&entry.path)
        || line(&short.shorten(entry))
        || decoded()
        || has(&entry.id)
        || entry.operation.as_deref().is_some_and(has)
        || entry.credential().is_some_and(has)
        || has(&describe_reason(entry))
        || entry.changed.iter().flat_map(|changed| &changed.first).any(|change| has(&change.what))
        || header()
        || body(&entry.request.body)
        || body(&entry.response.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{Change, Changed, example_entry};

    fn known() -> Known<'static> {
        let of_billing = |id| (id, vec!["billing"]);
        Known {
            operations: ["addInvoice", "getInvoice"].map(of_billing).into(),
            services: vec!["billing", "parking"],
            paths: ShortPaths(vec![("billing", "/v1")]),
        }
    }

    #[test]
    fn every_word_has_to_fit() {
        let mut entry = example_entry("page=2&to=a%40b", r#"{"email":"Eve@example.test"}"#);
        entry.status = 403;
        entry.trace.refusal = Some("no permission to edit".into());
        entry.trace.credential.label = Some("dan@example.test (team 1)".into());
        for (text, fits) in [
            ("", true),
            ("status:403", true),
            ("status:4xx op:addinvoice cred:dan eve@example.test", true),
            ("status:4xx op:getInvoice", false),
            ("status:200", false),
            ("-status:2xx", true),
            ("-status:4xx", false),
            ("to=a@b", true),
            ("service:billing method:post path:/v1/*", true),
            ("path:/v1/other", false),
            (r#"reason:"permission to""#, true),
            (r#""to edit""#, true),
            ("is:refused -is:ignored -is:injected", true),
            ("id:1 page=2", true),
            ("https://nowhere", false),
        ] {
            let search = Search::read(text, &known()).unwrap();
            assert_eq!(search.judge(&entry).fits(), fits, "{text}");
        }
        for (text, but_status, but_credential) in [
            ("cred:dan", true, true),
            ("status:200 cred:dan", true, false),
            ("status:4xx status:404", true, false),
            ("status:200 cred:eve", false, false),
            ("-status:403", false, false),
            ("status:200 -status:403", false, false),
            ("-status:403 status:200", false, false),
            ("status:2xx cred:eve", false, false),
            ("status:200 nowhere", false, false),
        ] {
            let verdict = Search::read(text, &known()).unwrap().judge(&entry);
            assert_eq!((verdict.fits_but("status"), verdict.fits_but("cred")), (but_status, but_credential), "{text}");
        }
    }

    #[test]
    fn of_many_changed_records_those_fit_that_the_request_named() {
        let mut entry = example_entry("only=7", r#"["IN2000","IN2001"]"#);
        let change = Change::new("invoice", "IN1000", "sent IN1000");
        for (count, fits) in
            [(None, [false; 4]), (Some(1), [true, false, false, false]), (Some(20), [true, true, false, true])]
        {
            entry.changed = count.map(|count| Changed { count, first: vec![change.clone()] }.into());
            let found = ["record:in1000", "record:IN2001", "record:IN2002", "changed:yes record:7"].map(|text| {
                let search = Search::read(text, &known()).unwrap();
                search.judge(&entry).fits()
            });
            assert_eq!(found, fits, "{count:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        for (text, says) in [
            ("statsu:404", "did you mean status:"),
            ("colour:red", "there are status:, op:"),
            ("status:9xx", "is not a status"),
            ("op:addInvoise", "did you mean `addInvoice`?"),
            ("service:bill", "is not a service"),
            ("eve \"unclosed", "a quote is opened and never closed"),
            ("path:/v1/a?b=c", "search for what stands behind ? as a text"),
            ("is:odd", "is not something a request is"),
        ] {
            let refused = Search::read(text, &known()).unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
        let seen =
            Seen { credentials: ["dan@example.test (team 1)".to_owned()].into(), methods: ["PURGE".to_owned()].into() };
        let check = |text| Search::read(text, &known()).unwrap().check_seen(&seen);
        for good in ["cred:DAN 404", "404", "method:get", "method:purge", "-method:PATCH"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let unknown = check("method:FOO").unwrap_err();
        assert!(unknown.starts_with("`FOO` is not a method of any request"), "{unknown}");
        let unknown = check("cred:dan cred:Nobody").unwrap_err();
        assert!(unknown.starts_with("no credential is called `nobody`: expected `dan@"), "{unknown}");
    }
}
