//! The documents for people: what is generated in them is what the program says, and what they show is what happens.
//!
//! If you are here because this failed: run `make docs`, and read the difference before you commit it.

mod agents;
mod compare;
mod operations;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, process::Command};

use clap::Args as _;
use locum::{config::Settings, http::common_parts::of_path};
use serde_json::Value;

use super::{machine::curl, run, server::Server, support::document_check::resolve};

fn repository_path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), name].iter().collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(repository_path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Checks that a document is as it should be, or writes it so if `UPDATE_DOCS` is set.
fn check_or_update(name: &str, text: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(repository_path(name), text).unwrap();
    }
    let committed = read(name);
    let differs = committed.lines().zip(text.lines()).find(|(is, should)| is != should);
    assert!(committed == text, "{name} is stale: run `make docs` and commit the result. First of all: {differs:#?}");
}

/// The text with `content` between the marks of a generated part.
fn with_generated(text: &str, part: &str, content: &str) -> String {
    let mark = format!("<!-- generated: {part} -->\n");
    let (before, rest) = text.split_once(&mark).unwrap_or_else(|| panic!("there is no {mark}"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{mark}\n{content}\n<!-- end -->{after}")
}

/// A cell of a table: one line, without what would end it.
fn format_cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn settings_are_those_of_the_program() {
    let mut table = "| flag | environment | default | what it is |\n|---|---|---|---|\n".to_owned();
    for argument in Settings::augment_args(clap::Command::new("locum")).get_arguments() {
        let takes = argument.get_action().takes_values();
        let value = argument.get_value_names().filter(|_| takes).and_then(|names| names.first());
        let flag = argument.get_long().unwrap().to_owned() + &value.map(|name| format!(" {name}")).unwrap_or_default();
        let help = argument.get_help().unwrap().to_string();
        // What clap does not know of a default stands in the words.
        let (help, said) = match help.split_once(" [default: ") {
            Some((help, default)) => (help.to_owned(), default.strip_suffix(']').unwrap().to_owned()),
            None => (help, String::new()),
        };
        let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if takes && !defaults.is_empty() { format!("`{}`", defaults.join(",")) } else { said };
        let environment = argument.get_env().unwrap().to_string_lossy();
        writeln!(
            table,
            "| `--{}` | `{environment}` | {} | {} |",
            format_cell(&flag),
            format_cell(&default),
            format_cell(&help)
        )
        .unwrap();
    }
    check_or_update("docs/settings.md", &with_generated(&read("docs/settings.md"), "settings", &table));
}

#[test]
fn seeds_are_those_of_the_schema() {
    let schema: Value = serde_json::from_str(&run(&["seed", "schema"]).1).unwrap();
    let mut text = String::new();
    describe("", &schema, &mut text);
    let document = read("docs/seeds.md");
    check_or_update("docs/seeds.md", &with_generated(&document, "fields", &text));

    let example = document.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("example.yaml");
    fs::write(&file, example).unwrap();
    let (code, _, stderr) = run(&["seed", "validate", file.to_str().unwrap()]);
    assert_eq!(code, 0, "docs/seeds.md: {stderr}");
}

#[test]
fn examples_for_ci_have_good_seeds() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["examples/github-actions.yml", "examples/gitlab-ci.yml"] {
        let text = read(name);
        let (before, rest) = text.split_once("LOCUM_SEED_INLINE: |\n").unwrap();
        let indent = before.rsplit('\n').next().unwrap().len() + 2;
        let lines = rest.lines().map_while(|line| line.get(indent..).filter(|_| line[..indent].trim().is_empty()));
        let file = directory.path().join("seed.yaml");
        fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let (code, stdout, stderr) = run(&["seed", "validate", file.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {stderr}");
        assert!(
            stdout.starts_with("ok: 1 file, 1 organization, ") && stdout.contains("3 licenses"),
            "{name}: {stdout}"
        );
    }
}

/// An object of the schema: its fields, and then the objects in them.
fn describe(place: &str, schema: &Value, text: &mut String) {
    let heading = if place.is_empty() { "The document".to_owned() } else { format!("`{place}`") };
    let description = schema["description"].as_str().unwrap_or_default();
    write!(text, "### {heading}\n\n{description}\n\n| field | type | what it is |\n|---|---|---|\n").unwrap();
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut inside = Vec::new();
    for (name, field) in schema["properties"].as_object().unwrap() {
        let (kind, object) = describe_type(field);
        let (bold, description) = (
            if required.contains(&name.as_str()) { "**" } else { "" },
            field["description"].as_str().unwrap_or_default(),
        );
        writeln!(text, "| {bold}`{name}`{bold} | {} | {} |", format_cell(&kind), format_cell(description)).unwrap();
        if let Some(object) = object {
            let list = if kind.starts_with("list") { "[]" } else { "" };
            let prefix = place.strip_prefix("organizations[]").unwrap_or(place).trim_start_matches('.');
            let dot = if prefix.is_empty() { "" } else { "." };
            inside.push((format!("{prefix}{dot}{name}{list}"), object));
        }
    }
    for (place, object) in inside {
        text.push('\n');
        describe(&place, object, text);
    }
}

/// What a field takes, and the object in it if there is one.
fn describe_type(field: &Value) -> (String, Option<&Value>) {
    let choices: Vec<&Value> =
        ["anyOf", "oneOf"].iter().flat_map(|key| field[key].as_array().into_iter().flatten()).collect();
    let choices: Vec<&Value> = choices.into_iter().filter(|choice| choice["type"] != "null").collect();
    if !choices.is_empty() {
        let kinds: Vec<_> = choices.into_iter().map(describe_type).collect();
        let names: Vec<_> = kinds.iter().map(|(name, _)| name.as_str()).collect();
        return (names.join(" or "), kinds.iter().find_map(|(_, object)| *object));
    }
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<_> = values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| format!("`{}`", value.to_string().trim_matches('"')))
            .collect();
        return (values.join(", "), None);
    }
    let types = match &field["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    };
    match types.as_slice() {
        ["array"] => {
            let (name, object) = describe_type(&field["items"]);
            (format!("list of {name}"), object)
        }
        ["object"] => ("object".to_owned(), Some(field)),
        ["string"] => ("text".to_owned(), None),
        [] => panic!("{field}: no type"),
        names => (names.join(" or "), None),
    }
}

/// Every route of the control API.
fn format_routes() -> String {
    let mut table = "| route | does |\n|---|---|\n".to_owned();
    let document = locum::control::openapi();
    let components = serde_json::to_value(&document.components).unwrap();
    for (path, item) in &document.paths.paths {
        for (method, operation) in of_path(item) {
            let parameters = operation.parameters.iter().flatten();
            let parameters: Vec<Value> = parameters.map(|parameter| serde_json::to_value(parameter).unwrap()).collect();
            let names: Vec<_> = parameters
                .iter()
                .map(|parameter| resolve(parameter, &components))
                .filter(|parameter| parameter["in"] == "query" && parameter["name"] != "space")
                .filter_map(|parameter| parameter["name"].as_str())
                .map(|name| format!("{name}="))
                .collect();
            let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
            let summary = operation.summary.as_deref().unwrap_or_default();
            writeln!(table, "| `{method} {path}{query}` | {} |", format_cell(summary)).unwrap();
        }
    }
    table
}

fn fetch_operations(server: &Server) -> Vec<Value> {
    let (status, body) = server.send("GET", "/_emulator/operations", "", "").unwrap();
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

/// What the conformance tests noted: by service, how many variants of requests are answered as they should be.
fn format_conformance() -> String {
    let baseline: Value = serde_json::from_str(&read("tests/conformance/data/baseline.json")).unwrap();
    let heading = "| service | operations | variants | passed | of these by facts (A, B) |\n|---|---|---|---|---|\n";
    let mut table = heading.to_owned();
    for (service, operations) in baseline.as_object().unwrap() {
        let operations = operations.as_object().unwrap();
        let sum = |key: &str| operations.values().map(|tally| tally[key].as_u64().unwrap()).sum::<u64>();
        let (count, variants, passed, facts) = (operations.len(), sum("variants"), sum("passed"), sum("facts"));
        writeln!(table, "| {} | {count} | {variants} | {passed} | {facts} |", service.replace('_', " ")).unwrap();
    }
    table
}

#[test]
fn fidelity_names_what_is_a_guess_or_missing_and_nothing_that_is_not_there() {
    let operations = fetch_operations(&Server::start(&[]));
    let mut table = "| operation | | how far | why |\n|---|---|---|---|\n".to_owned();
    let of = |operation: &Value, key: &str| operation[key].as_str().unwrap_or_default().to_owned();
    for operation in operations.iter().filter(|operation| operation["status"] != "served") {
        let [id, method, path, status, note] =
            ["operation", "method", "path", "status", "note"].map(|key| of(operation, key));
        writeln!(table, "| `{id}` | `{method} {path}` | {status} | {} |", format_cell(&note)).unwrap();
    }
    let text = with_generated(&read("docs/fidelity.md"), "operations", &table);
    let text = with_generated(&text, "conformance", &format_conformance());
    check_or_update("docs/fidelity.md", &text);

    let mut named = 0;
    for code in text.split('`').skip(1).step_by(2) {
        let Some((method, path)) =
            code.split_once(' ').filter(|(_, path)| path.starts_with('/') && !path.starts_with("/_emulator"))
        else {
            continue;
        };
        let is_there = operations.iter().any(|operation| {
            operation["method"] == method && operation["path"].as_str().is_some_and(|known| known.ends_with(path))
        });
        assert!(is_there, "docs/fidelity.md names `{code}`, which is no operation");
        named += 1;
    }
    assert!(named > 5, "the marks are still those that this looks for");
}

/// Paths that a document names: code that begins like one of the repository's, and where its links lead.
fn find_paths(name: &str, text: &str) -> Vec<PathBuf> {
    const FOLDERS: [&str; 9] =
        ["src/", "tests/", "docs/", "examples/", "migrations/", "openapi/", "scripts/", "seeds/", "benches/"];
    let folder = repository_path(name).parent().unwrap().to_owned();
    let mut found = Vec::new();
    // A block shows what somebody else has.
    for line in text.split("```").step_by(2).flat_map(str::lines) {
        let code = line.split('`').skip(1).step_by(2);
        // These stand for many.
        let paths = code.filter(|code| !code.contains(['*', '<', '…', ' ']));
        found.extend(paths.filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder))).map(repository_path));
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let targets = targets.filter(|target| !target.is_empty() && !target.contains("://"));
        found.extend(targets.map(|target| folder.join(target)));
    }
    found
}

#[test]
fn files_that_documents_name_are_there() {
    let folder = fs::read_dir(repository_path("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = folder.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let documents = documents.map(|path| format!("docs/{}", path.file_name().unwrap().display()));
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(ToOwned::to_owned);
    let mut count = 0;
    for name in documents.chain(top) {
        for path in find_paths(&name, &read(&name)) {
            assert!(path.exists(), "{name} names {}, which is not there", path.display());
            count += 1;
        }
    }
    assert!(count > 100, "the marks are still those that this looks for");
}

/// Commands, and what the document says they print.
struct Example {
    commands: String,
    /// Where that stands in the document, if it says so.
    output: Option<std::ops::Range<usize>>,
}

/// Finds the examples of a document: those from the block on that sets `base=`.
fn find_examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    // The first line of a block, and where the text of a block starts.
    let mut open: Option<(&str, usize)> = None;
    let mut offset = 0;
    let mut follows = false;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(info) = line.trim_end().strip_prefix("```") else {
            follows &= open.is_some() || line.trim().is_empty();
            continue;
        };
        match open.take() {
            None => open = Some((info, offset)),
            Some(("sh", from)) if !examples.is_empty() || text[from..].starts_with("base=") => {
                examples.push(Example { commands: text[from..start].to_owned(), output: None });
                follows = true;
            }
            Some((kind, from)) if kind != "sh" && std::mem::take(&mut follows) => {
                examples.last_mut().unwrap().output = Some(from..start);
            }
            Some(_) => {}
        }
    }
    examples
}

/// Whether the output is the expected one, in which `…` stands for anything.
fn matches_output(expected: &str, output: &str) -> bool {
    let mut parts = expected.trim_end().split('…');
    let Some(mut rest) = output.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// Runs the examples of a document one after another, in one shell, against one server. Gives the document with what
/// they printed; what fits as it is stays as it is.
fn run_examples(name: &str, text: &str, further: &[&str]) -> String {
    const MARK: &str = "~~~ next ~~~";
    const BASE: &str = "localhost:8080";
    // The examples call it by its name.
    drop(curl());
    let server = Server::start(&[&["--clock", "frozen@2026-01-15T09:00:00Z", "--id-seed", "42"], further].concat());
    let examples = find_examples(text);
    let mut script = String::new();
    for example in &examples {
        write!(script, "{}\nprintf '\\n%s\\n' '{MARK}'\n", example.commands.replace(BASE, &server.address)).unwrap();
    }
    // What an example keeps in a temporary file goes with this folder.
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("bash").args(["-c", &script]).env("TMPDIR", folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap().replace(&server.address, BASE);
    let printed: Vec<&str> = stdout.split(MARK).map(str::trim).collect();
    assert_eq!(printed.len(), examples.len() + 1, "{name}: {stderr}\n{stdout}");

    let mut fresh = text.to_owned();
    for (example, printed) in examples.iter().zip(printed).rev() {
        match &example.output {
            Some(output) if matches_output(&text[output.clone()], printed) => {}
            Some(output) => fresh.replace_range(output.clone(), &format!("{printed}\n")),
            None => assert_eq!(printed, "", "{name}: {}{stderr}", example.commands),
        }
    }
    fresh
}

#[test]
fn the_readmes_session_is_real() {
    let text = read("README.md");
    let fresh = run_examples("README.md", &text, &[]);
    assert!(find_examples(&text).len() > 10);
    check_or_update("README.md", &fresh);
}

#[test]
fn every_capability_has_an_example_that_is_real() {
    let name = "docs/control-api.md";
    let text = with_generated(&read(name), "routes", &format_routes());
    let tls = ["--tls", "auto", "--tls-listen", "127.0.0.1:0"];
    check_or_update(name, &run_examples(name, &text, &tls));

    let (_, info) = Server::start(&[]).send("GET", "/_emulator/info", "", "").unwrap();
    let info: Value = serde_json::from_str(&info).unwrap();
    let capabilities: BTreeSet<&str> =
        info["capabilities"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(capabilities.len() > 10);
    for capability in capabilities {
        let title = capability.replace('-', " ");
        let section = text.split("\n## ").skip(1).find(|section| {
            section.lines().next().is_some_and(|heading| heading.to_lowercase().split(", ").any(|word| word == title))
        });
        let section = section.unwrap_or_else(|| panic!("{name} has no section for `{capability}`"));
        assert!(section.contains("```sh") && section.matches("```").count() >= 4, "`{capability}` has no example");
    }
}
