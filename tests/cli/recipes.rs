//! What docs/recipes.md shows works, as far as the languages are there.

use std::process::Command;

use super::{locum, machine::curl};

/// In place of pytest, which need not be there, and of the code under test, which asks for somebody else's licence, and
/// finds those that end.
const AROUND: &str = r#"
import sys, types

class Failed(Exception):
    pass

def fail(reason, pytrace=True):
    raise Failed(reason)

def mark(**made):
    def note(function):
        function.made = made
        return function
    return note

marks = types.SimpleNamespace(locum=mark)
sys.modules["pytest"] = types.SimpleNamespace(fail=fail, fixture=lambda function: function, mark=marks)

def assign_license(url, api_key, customer_code, email):
    body = {
        "license": {"team": 2001, "productCode": "II"},
        "contact": {"firstName": "Bob", "lastName": "Ray", "email": "bob@example.test"},
    }
    headers = {"X-Api-Key": api_key, "X-Customer-Code": customer_code, "Content-Type": "application/json"}
    request = urllib.request.Request(url + "/customer/licenses/assign", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request)

def find_ending(url, api_key, customer_code, before):
    headers = {"X-Api-Key": api_key, "X-Customer-Code": customer_code}
    with urllib.request.urlopen(urllib.request.Request(url + "/customer/licenses", headers=headers)) as answer:
        ends = [one["subscription"]["validUntilDate"][:10] for one in json.load(answer)]
    return [end for end in ends if end < before]

{recipe}

def run(test):
    made = getattr(test, "made", None)
    marker = made and types.SimpleNamespace(kwargs=made)
    node = types.SimpleNamespace(get_closest_marker=lambda name: marker)
    world = locum(types.SimpleNamespace(node=node))
    try:
        test(next(world))
    except Failed as failed:
        print(failed)
    list(world)

# At once, they have one seed.
first = locum(types.SimpleNamespace(node=types.SimpleNamespace(
    get_closest_marker=lambda name: types.SimpleNamespace(kwargs={"seed": SEED}))))
next(first)
run(test_assigning_a_license)
run(test_what_ends_within_a_month)
list(first)
assert [space["name"] for space in control("GET", "/spaces")] == ["default"]
"#;

/// The blocks of a document's section, each with what it is written in.
fn find_blocks(text: &str, section: &str) -> Vec<(String, String)> {
    let section = text.split(&format!("\n## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let blocks = section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    blocks.map(|(kind, text)| (kind.to_owned(), text.to_owned())).collect()
}

#[test]
fn what_the_readme_says_that_it_finds_is_found() {
    drop(curl());
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = find_blocks(&text, "What it finds in the first minute");
    let [(_, script), (_, traceback), (_, commands), (_, printed)] = blocks.as_slice() else { panic!("{blocks:?}") };
    let output = locum(&["exec", "--", "python3", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let said: String = [stdout, stderr].concat();
    let mut lines = said.lines().map(str::trim);
    // What a script that is a file shows of its own text, one that is an argument does not.
    for line in traceback.lines().map(str::trim).filter(|line| !script.contains(line)) {
        assert!(lines.any(|said| said == line), "`{line}` is not in: {said}");
    }
    let output = locum(&["exec", "--", "bash", "-c", commands]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), *printed);
}

#[test]
fn the_one_for_pytest_shows_what_locum_found_instead() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("there is no python3, so the recipe for pytest is not tried");
        return;
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes.md")).unwrap();
    let blocks = text.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script = AROUND.replace("{recipe}", &blocks.collect::<String>());
    // A proxy that is not there, as in a company whose proxy cannot reach this machine.
    let mut command = locum(&["exec", "--", "python3", "-c", &script]);
    let output = command.env("http_proxy", "http://127.0.0.1:1").env_remove("no_proxy").output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{stdout}");
    let shown = text.split("```\nexpected exactly").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(stdout, format!("expected exactly{shown}"));
}
