//! The Python package: its own tests, with this binary.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python");

/// The scripts of docs/recipes.md, whose tests use the package.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/scripts");

/// Runs a command whose output is of interest only when it fails.
fn expect_success(command: &mut Command) {
    let run = command.output();
    let Output { status, stdout, stderr } = run.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
}

/// Makes a virtual environment with the package and what its tests need, unless it is there already. It stays for the
/// next run.
fn make_environment(environment: &Path) {
    let complete = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-is-complete");
    let needed = ["requirements-tests.txt", "pyproject.toml"];
    let needed = needed.map(|file| fs::read_to_string(Path::new(PACKAGE).join(file)).unwrap()).concat();
    if fs::read_to_string(&complete).is_ok_and(|text| text == needed) {
        return;
    }
    let venv = Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment).output();
    assert!(
        venv.as_ref().is_ok_and(|output| output.status.success()),
        "the Python package cannot be tried without Python 3.9 or newer and its venv: on Debian and Ubuntu, `apt-get \
         install python3 python3-venv`, or run the tests with `make test`, which does that: {venv:?}"
    );
    let pip = || {
        let mut command = Command::new(environment.join("bin/pip"));
        command.args(["install", "--quiet", "--disable-pip-version-check"]).current_dir(PACKAGE);
        command
    };
    expect_success(pip().args(["--requirement", "requirements-tests.txt"]));
    expect_success(pip().args(["--no-build-isolation", "--no-deps", "--editable", "."]));
    fs::write(complete, needed).unwrap();
}

#[test]
fn the_python_package_passes_its_tests_and_is_typed() {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    make_environment(&environment);
    let run = |program: &str, folder: &str| {
        let mut command = Command::new(environment.join("bin").join(program));
        command.current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1").env("LOCUM_BIN", env!("CARGO_BIN_EXE_locum"));
        command
    };
    expect_success(run("mypy", PACKAGE).args(["--cache-dir", env!("CARGO_TARGET_TMPDIR")]));
    let python = environment.join("bin/python");
    expect_success(run("pyright", PACKAGE).arg("--pythonpath").arg(python));
    // A few at once, because most of the time of each is spent starting.
    let arguments = ["-p", "no:cacheprovider", "--numprocesses", "2"];
    expect_success(run("pytest", PACKAGE).args(arguments));
    expect_success(run("pytest", EXAMPLES).args(arguments));
}
