//! What README.md shows is so. What docs/recipes.md shows for pytest, the Python package's own tests try; its whole
//! scripts are those of `examples/scripts`, which `python_package` tests.

use std::fs;

use super::{locum, machine::curl};

/// The blocks of a document's section, each with what it is written in.
fn find_blocks(text: &str, section: &str) -> Vec<(String, String)> {
    let section = text.split(&format!("\n## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let blocks = section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    blocks.map(|(kind, text)| (kind.to_owned(), text.to_owned())).collect()
}

#[test]
fn what_the_readme_says_that_it_finds_is_found() {
    drop(curl());
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
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
fn the_recipes_show_the_scripts_as_they_are() {
    let recipes = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes.md")).unwrap();
    let scripts = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/scripts")).unwrap();
    let scripts: Vec<_> = scripts.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok()).collect();
    let blocks = find_blocks(&recipes, "Whole scripts");
    assert!(!blocks.is_empty());
    for (_, block) in blocks {
        assert!(scripts.iter().any(|script| script.contains(&block)), "no script has this:\n{block}");
    }
}
