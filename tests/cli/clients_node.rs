//! The package for Node, `clients/node`: its own tests, with this binary.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What a build or a test writes there, and is no part of it.
const WRITTEN: [&str; 3] = [".fresh", "dist", "node_modules"];

#[test]
fn the_package_for_node_passes_its_tests() {
    for (tool, package) in [("node", "nodejs"), ("npm", "npm")] {
        let found = Command::new(tool).arg("--version").output();
        assert!(
            found.is_ok(),
            "If you are here because there is no `{tool}`: install Node 18.19 or newer with npm; on Debian and Ubuntu \
             `apt-get install {package}` does it, and so does `make test`"
        );
    }
    // Not where it lies, because npm writes beside what it installs for.
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clients_node");
    remove_all_but(&copy, "node_modules").unwrap();
    copy_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/node")), &copy).unwrap();
    for arguments in [&["ci", "--no-audit", "--no-fund"][..], &["test"]] {
        let mut npm = Command::new("npm");
        npm.args(arguments).current_dir(&copy).env("LOCUM_BIN", env!("CARGO_BIN_EXE_locum"));
        npm.env("PROJECT_README", concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
        let output = npm.output().unwrap();
        assert!(
            output.status.success(),
            "npm {}:\n{}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn remove_all_but(folder: &Path, kept: &str) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == kept {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if !WRITTEN.iter().any(|name| entry.file_name() == *name) {
                copy_all(&entry.path(), &to)?;
            }
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
