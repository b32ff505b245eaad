//! The whole scripts of docs/recipes.md are those of `examples/scripts`, which `python_package` tests. What README.md
//! and docs/recipes.md show of pytest and Vitest, the packages' own tests try.

use std::fs;

/// The blocks of a document's section, each with what it is written in.
fn find_blocks(text: &str, section: &str) -> Vec<(String, String)> {
    let section = text.split(&format!("\n## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let blocks = section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    blocks.map(|(kind, text)| (kind.to_owned(), text.to_owned())).collect()
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
