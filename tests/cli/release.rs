//! What a release runs besides `scripts/package`: `scripts/release`, in a copy that is as it would be then.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A repository of a few files.
struct Repository {
    folder: PathBuf,
}

impl Repository {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release").join(name);
        let _ = fs::remove_dir_all(&folder);
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Cargo.toml", "scripts/release/read-version", "scripts/release/write-readme"] {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::copy(own.join(file), folder.join(file)).unwrap();
        }
        for file in ["CHANGELOG.md", "README.md", "docs/recipes.md", "clients/node/README.md", "examples/ci.yml"] {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::write(folder.join(file), "").unwrap();
        }
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
        Self { folder }
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        Command::new(self.folder.join("scripts/release").join(script)).args(arguments).output().unwrap()
    }
}

fn said(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn a_tag_is_refused_while_a_page_says_that_there_is_no_release() {
    let tag = format!("refs/tags/v{VERSION}");
    for (file, text) in [
        ("README.md", "**No version has been published yet.** Until then"),
        ("CHANGELOG.md", "## [0.2.0], not released yet"),
        ("docs/recipes.md", "`v0.2.0` is a release, of which there is none yet;"),
        ("clients/node/README.md", "No version has been published yet."),
        ("examples/ci.yml", "# because no public registry has one yet."),
    ] {
        let repository = Repository::new("tag", &[(file, text)]);
        let output = repository.run("read-version", &[&tag]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(said(&output.stderr).starts_with(&format!("{file}:1:{text}\n")), "{}", said(&output.stderr));
        // Not while it is rehearsed.
        assert!(repository.run("read-version", &["refs/heads/main"]).status.success());
    }
    let repository = Repository::new("tag", &[("CHANGELOG.md", "## [0.2.0] 2027-01-01\n\n## 0.1.0: not released\n")]);
    let output = repository.run("read-version", &[&tag]);
    assert_eq!(said(&output.stdout), format!("version={VERSION}\n"), "{}", said(&output.stderr));
    let output = repository.run("read-version", &["refs/tags/v0.0.0"]);
    assert!(said(&output.stderr).contains(&format!("the tag v0.0.0 is not v{VERSION}")), "{}", said(&output.stderr));
}

const README: &str =
    "[Locum](../../README.md), its [`x [y]` recipes](../../docs/recipes.md#vitest-jest), [below](#here), and
[elsewhere](https://example.test/a.md). ![A picture](../../docs/recipes.md)
```js
const one = list[0](../../README.md);
```
";

#[test]
fn links_of_a_packages_page_lead_to_the_repository_or_are_none() {
    let repository = Repository::new("links", &[("clients/node/README.md", README)]);
    let write = |address: &[&str]| {
        let output = repository.run("write-readme", &[&["clients/node/README.md", VERSION], address].concat());
        assert!(output.status.success(), "{}", said(&output.stderr));
        said(&output.stdout).to_owned()
    };
    let (code, at) = ("\n```js\nconst one = list[0](../../README.md);\n```\n", "https://forge.test/me/locum");
    assert_eq!(
        write(&[at]),
        format!(
            "[Locum]({at}/blob/v{VERSION}/README.md), its [`x [y]` recipes]({at}/blob/v{VERSION}/docs/recipes.md\
             #vitest-jest), [below](#here), and\n[elsewhere](https://example.test/a.md). \
             ![A picture]({at}/raw/v{VERSION}/docs/recipes.md){code}"
        )
    );
    for address in [&[][..], &[""]] {
        assert_eq!(
            write(address),
            format!("Locum, its `x [y]` recipes, [below](#here), and\n[elsewhere](https://example.test/a.md). {code}")
        );
    }
}

#[test]
fn a_link_to_what_is_not_there_is_refused() {
    for target in ["../../docs/none.md", "../../../README.md"] {
        let text = format!("[it]({target})\n");
        let repository = Repository::new("broken", &[("clients/node/README.md", &text)]);
        let output = repository.run("write-readme", &["clients/node/README.md", VERSION]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said(&output.stderr)
                .contains(&format!("clients/node/README.md has a link to {target}, which is not there")),
            "{}",
            said(&output.stderr)
        );
    }
}
