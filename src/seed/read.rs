//! From text to a seed file, and from a written value to what it means.

use std::{cell::RefCell, collections::HashSet, fmt::Display, str::FromStr};

use serde::{Deserialize as _, de::DeserializeOwned};
use serde_saphyr::{DuplicateKeyPolicy, Location, MessageFormatter as _, UserMessageFormatter};

use crate::{
    core::{
        clock::{self, Time},
        duration::HumanDuration,
        suggest::suggest,
    },
    seed::{
        Diagnostic, Diagnostics,
        file::{Document, Scalar, Seed, SeedFile, VERSION},
        lenient::{Lenient, Notes, Path},
    },
};

/// How often a text is read that parts of cannot be read, each time without one more of these.
const MOST_READINGS: usize = 20;

/// What came of the text of a seed.
pub struct Examined<O> {
    /// What it says; `None` where a part of it cannot be read. Keys that nobody knows or that are doubled are left out.
    pub seed: Option<Seed<O>>,
    /// What is wrong with its form, from its top to its bottom.
    pub problems: Vec<Diagnostic>,
}

/// Reads the text of a seed.
///
/// # Errors
/// Everything wrong with its form.
pub fn parse<O: DeserializeOwned>(file: SeedFile) -> Result<Seed<O>, Diagnostics> {
    let Examined { seed, problems } = examine(file);
    seed.filter(|_| problems.is_empty()).ok_or(Diagnostics(problems))
}

/// Reads the text of a seed as far as it goes.
pub fn examine<O: DeserializeOwned>(file: SeedFile) -> Examined<O> {
    let text = match &file.text {
        Ok(text) => text,
        Err(why) => {
            let (file, message) = (file.name.clone(), why.clone());
            let problem = Diagnostic { file, line: 0, column: 0, is_of_object: false, message };
            return Examined { seed: None, problems: vec![problem] };
        }
    };
    // Nearly all are right, and this is the fast way.
    if let Ok(document) = serde_saphyr::from_str_with_options(text, options(&file, DuplicateKeyPolicy::Error)) {
        return Examined { seed: Some(Seed { file, document }), problems: Vec::new() };
    }
    let (document, problems) = find_problems(&file, text);
    Examined { seed: document.map(|document| Seed { file, document }), problems }
}

/// Everything wrong with a text's form, and the document where it can be read all the same.
fn find_problems<O: DeserializeOwned>(file: &SeedFile, text: &str) -> (Option<Document<O>>, Vec<Diagnostic>) {
    let at = |place: Location, message| Diagnostic {
        file: file.name.clone(),
        line: place.line(),
        column: place.column(),
        is_of_object: false,
        message,
    };
    let (mut problems, mut skipped, mut not_guessed) = (Vec::new(), HashSet::new(), HashSet::new());
    let mut document: Option<Document<O>> = None;
    for _ in 0..MOST_READINGS {
        let notes = Notes::new(skipped, not_guessed);
        let options = options(file, DuplicateKeyPolicy::PassThrough);
        let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
            Document::deserialize(Lenient::new(deserializer, &notes))
        });
        (skipped, not_guessed) = (notes.skipped, notes.not_guessed);
        let wrong_guesses = notes.wrong_guesses.into_inner();
        if !wrong_guesses.is_empty() {
            // What is wrong below the right key was not looked at, and what is below the other one means nothing.
            not_guessed.extend(wrong_guesses);
            skipped.clear();
            problems.clear();
            continue;
        }
        problems.extend(notes.found.into_inner().into_iter().map(|(place, message)| at(place, message)));
        let error = match read {
            Ok(read) => {
                document = Some(read).filter(|_| skipped.is_empty());
                break;
            }
            Err(error) => error,
        };
        let path = notes.failed.into_inner().unwrap_or_default();
        if !follows_from(&error, &path, &skipped) {
            let place = error.location().unwrap_or(Location::UNKNOWN);
            let hint = if is_about_a_value(&error) { String::new() } else { explain_variable(text, place) };
            let is_of_object = matches!(error.without_snippet(), serde_saphyr::Error::SerdeMissingField { .. });
            problems.push(Diagnostic { is_of_object, ..at(place, format!("{}{hint}", message(&error))) });
        }
        // What is wrong with the text's form cannot be passed over, and nothing is left without the document.
        if !is_about_a_value(&error) || path.is_empty() || !skipped.insert(path) {
            break;
        }
    }
    if document.as_ref().is_some_and(|document| document.version.value != VERSION) {
        // Another version may have other keys; that it is another is said where values are checked.
        problems.clear();
    }
    problems.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
    problems.dedup();
    (document, problems)
}

fn options(file: &SeedFile, duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    let mut options = serde_saphyr::options! { with_snippet: false, duplicate_keys: duplicate_keys };
    if file.fills_variables {
        // The server's owner may have as many records as fit into memory.
        let most = usize::MAX;
        options.budget = serde_saphyr::budget! { max_nodes: most, max_events: most, max_total_scalar_bytes: most };
    }
    options
}

/// Whether a value cannot be read, and not the text.
fn is_about_a_value(error: &serde_saphyr::Error) -> bool {
    use serde_saphyr::Error as E;
    matches!(
        error.without_snippet(),
        E::SerdeMissingField { .. }
            | E::SerdeUnknownField { .. }
            | E::SerdeInvalidType { .. }
            | E::SerdeInvalidValue { .. }
            | E::NullIntoString { .. }
            | E::Unexpected { .. }
    )
}

/// What is said beside an error of YAML's form where a variable may be the cause: between braces or brackets, its own
/// braces are YAML's.
fn explain_variable(text: &str, place: Location) -> String {
    let line = place.line().checked_sub(1).and_then(|before| text.lines().nth(usize::try_from(before).ok()?));
    let variable = line.and_then(|line| {
        let (before, rest) = line.split_once("${")?;
        let is_in_flow = before.trim_end().ends_with([':', ',', '[', '{']) && before.contains(['[', '{']);
        is_in_flow.then(|| rest.split_once('}').map_or(rest, |(name, _)| name))
    });
    let write = |name| format!(": between braces or brackets, a variable stands in quotes: `\"${{{name}}}\"`");
    variable.map(write).unwrap_or_default()
}

/// Whether a value is missing only because it was passed over.
fn follows_from(error: &serde_saphyr::Error, path: &Path, skipped: &HashSet<Path>) -> bool {
    let serde_saphyr::Error::SerdeMissingField { field, .. } = error.without_snippet() else { return false };
    let mut missing = path.clone();
    missing.push((*field).to_owned());
    skipped.contains(&missing)
}

fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error::{
        DuplicateMappingKey, NullIntoString, SerdeInvalidType, SerdeMissingField, SerdeUnknownField, Unexpected,
        UnexpectedContainerEndWhileReadingKeyNode,
    };
    match error.without_snippet() {
        SerdeUnknownField { field, expected, .. } => {
            format!("unknown key `{field}`{}", suggest(field, expected.iter().copied()))
        }
        SerdeMissingField { field, .. } => format!("`{field}` is missing"),
        DuplicateMappingKey { key: Some(key), .. } => format!("duplicate key `{key}`"),
        NullIntoString { .. } => "a value is missing here".to_owned(),
        SerdeInvalidType { unexpected, expected, .. } => format!("expected {expected}, found {unexpected}"),
        Unexpected { expected: "string scalar" | "scalar", .. } => {
            "expected a single value, not a list and not keys with values".to_owned()
        }
        Unexpected { expected: "sequence start", .. } => "expected a list".to_owned(),
        Unexpected { expected: "mapping start", .. } => "expected keys with values".to_owned(),
        UnexpectedContainerEndWhileReadingKeyNode { .. } => "a key is missing here".to_owned(),
        other => UserMessageFormatter.format_message(other).into_owned(),
    }
}

/// Reads values of one file and collects what is wrong with them.
pub struct Reader<'a> {
    file: &'a SeedFile,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a SeedFile) -> Self {
        Self { file, diagnostics: RefCell::default() }
    }

    /// What is wrong, from the file's top to its bottom.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        diagnostics
    }

    /// Something is wrong at a place.
    pub fn report(&self, at: Location, message: impl Display) {
        let diagnostic = Diagnostic { message: message.to_string(), ..self.place(at) };
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// A place in this file, with nothing wrong there yet.
    pub fn place(&self, at: Location) -> Diagnostic {
        let (file, message) = (self.file.name.clone(), String::new());
        Diagnostic { file, line: at.line(), column: at.column(), is_of_object: false, message }
    }

    /// A text that is not empty, variables filled in.
    pub fn text(&self, scalar: &Scalar) -> Option<String> {
        let checked = fill_in(&scalar.value, self.file.fills_variables).and_then(|text| {
            if text.trim().is_empty() {
                Err("must not be empty".to_owned())
            } else if text.chars().any(char::is_control) {
                Err("must not hold control characters".to_owned())
            } else {
                Ok(text)
            }
        });
        checked.map_err(|message| self.report(scalar.referenced, message)).ok()
    }

    pub fn opt_text(&self, scalar: Option<&Scalar>) -> Option<String> {
        scalar.and_then(|scalar| self.text(scalar))
    }

    /// A value of a type that knows how it is written.
    pub fn value<T: FromStr<Err: Display>>(&self, scalar: &Scalar) -> Option<T> {
        let text = self.text(scalar)?;
        text.parse().map_err(|e: T::Err| self.report(scalar.referenced, e)).ok()
    }

    /// A whole number between two bounds.
    pub fn whole(&self, scalar: &Scalar, from: i64, to: i64) -> Option<i64> {
        let text = self.text(scalar)?;
        let number = text.parse().ok().filter(|n| (from..=to).contains(n));
        if number.is_none() {
            self.report(scalar.referenced, format!("`{text}` is not a whole number from {from} to {to}"));
        }
        number
    }

    /// `true` or `false`; what is left out is `default`.
    pub fn flag(&self, scalar: Option<&Scalar>, default: bool) -> bool {
        self.opt_flag(scalar).unwrap_or(default)
    }

    pub fn opt_flag(&self, scalar: Option<&Scalar>) -> Option<bool> {
        let scalar = scalar?;
        let text = self.text(scalar)?;
        let flag = text.parse().ok();
        if flag.is_none() {
            self.report(scalar.referenced, format!("`{text}` is neither true nor false"));
        }
        flag
    }

    /// A date, absolute or relative to `now`.
    pub fn date(&self, scalar: Option<&Scalar>, now: Time) -> Option<Time> {
        let scalar = scalar?;
        let text = self.text(scalar)?;
        let date = match text.parse::<HumanDuration>() {
            Ok(span) => clock::shift(now, span).ok_or_else(|| format!("`{text}` leads out of the years 1970 to 9998")),
            Err(_) => clock::parse(&text).map_err(|e| format!("{e}, or relative to the clock, like -40d or +1y")),
        };
        date.map_err(|message| self.report(scalar.referenced, message)).ok()
    }
}

/// Replaces `${VAR}` and `${VAR:-default}`; `$${` becomes `${`.
fn fill_in(text: &str, allowed: bool) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            filled.push_str(&rest[..at - 1]);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(&rest[..at]);
        if !allowed {
            return Err("variables are filled in only in seeds that the server is started with".to_owned());
        }
        let (inside, after) = rest[at + 2..].split_once('}').ok_or("`${` without its `}`")?;
        let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("`{name}` is not the name of a variable"));
        }
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        let value = value.or_else(|| default.map(ToOwned::to_owned));
        filled.push_str(
            &value.ok_or_else(|| format!("the variable {name} is not set: set it, or write ${{{name}:-default}}"))?,
        );
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Organization {
        name: Scalar,
        people: Option<Vec<Scalar>>,
    }

    fn first_diagnostic(text: &str) -> String {
        parse::<Organization>(SeedFile::local("seed.yaml", text)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(
            first_diagnostic("version: 1\norganizations:\n  - name: A\n    poeple: []\n"),
            "seed.yaml:4:5: unknown key `poeple`, did you mean `people`?"
        );
        assert_eq!(first_diagnostic("version: 1\nversion: 1\n"), "seed.yaml:2:1: duplicate key `version`");
        assert_eq!(first_diagnostic("organizations: []\n"), "seed.yaml:1:1: `version` is missing");
        assert_eq!(
            first_diagnostic("{\"version\": 1, \"clok\": 1}"),
            "seed.yaml:1:16: unknown key `clok`, did you mean `clock`?"
        );
        assert_eq!(
            first_diagnostic("version: 1\norganizations:\n  - name:\n"),
            "seed.yaml:3:9: a value is missing here"
        );
        let hint = ": between braces or brackets, a variable stands in quotes: `\"${TOKEN:-x}\"`";
        for text in ["version: 1\nx: [{ a: b, token: ${TOKEN:-x} }]\n", "version: 1\nx: [${TOKEN:-x}]\n"] {
            assert!(first_diagnostic(text).ends_with(hint), "{}", first_diagnostic(text));
        }
        for text in ["version: 1\nx: [{ token: \"${TOKEN}\", y }}]\n", "version: 1\nx: ${TOKEN}\n  y: [\n"] {
            assert!(!first_diagnostic(text).contains("quotes"), "{}", first_diagnostic(text));
        }
        assert!(first_diagnostic("version: [1\n").starts_with("seed.yaml:"), "{}", first_diagnostic("version: [1\n"));
    }

    #[test]
    fn variables() {
        let name = env!("CARGO_PKG_NAME");
        assert_eq!(fill_in("a ${CARGO_PKG_NAME} b", true).unwrap(), format!("a {name} b"));
        assert_eq!(fill_in("${LOCUM_TEST_UNSET:-x y}${LOCUM_TEST_UNSET:-}", true).unwrap(), "x y");
        assert_eq!(fill_in("$${A} $B", true).unwrap(), "${A} $B");
        assert_eq!(fill_in("$${A}", false).unwrap(), "${A}");
        for wrong in ["${LOCUM_TEST_UNSET}", "${", "${A B}", "${}"] {
            assert!(fill_in(wrong, true).is_err(), "{wrong}");
        }
        assert!(fill_in("${PATH}", false).unwrap_err().contains("started with"));
    }
}
