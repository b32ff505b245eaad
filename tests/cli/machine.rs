//! What these tests ask of the machine beside Locum: `curl` and other clients, and namespaces.

use std::{
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

/// Runs as root. What root may do is not what everybody may.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

pub fn curl() -> Command {
    program("curl")
}

/// A program whose first argument may be `--version`.
pub fn program(name: &str) -> Command {
    let version = Command::new(name).arg("--version").stdout(Stdio::null()).status();
    let is_there = version.is_ok_and(|status| status.success());
    assert!(is_there, "{name} is not installed: run the tests with `make test`, which installs what they need");
    Command::new(name)
}

/// A Python that has packages of `PyPI`. It is made once, and kept beside what else the tests build.
pub fn python_with(packages: &[&str]) -> PathBuf {
    const HINT: &str = "run the tests with `make test`, which installs what they need";
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let place = target.join(format!("python-{}", packages.join("-").replace('=', "-")));
    let python = place.join("bin/python");
    if python.exists() {
        return python;
    }
    // Under another name, because a test that was broken off leaves half of it.
    let draft = tempfile::tempdir_in(target).unwrap();
    let run = |command: &mut Command| {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {HINT}"));
        assert!(output.status.success(), "{command:?}: {}; {HINT}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(draft.path()));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
    run(Command::new(draft.path().join("bin/python")).args(pip).args(packages));
    let _ = std::fs::rename(draft.path(), &place);
    assert!(python.exists(), "{} is not there", python.display());
    python
}

/// `unshare`, for namespaces of a process's own, or nothing where the machine refuses them, as Docker does unless it is
/// told otherwise. That is asked once, and said once: past the test harness, which would keep it to itself.
pub fn unshare(namespaces: &[&str]) -> Option<Command> {
    static REFUSAL: LazyLock<Option<String>> = LazyLock::new(|| {
        let mount = "mount -t tmpfs tmpfs \"$0\"";
        let mut probe = unshare_command(&["--mount", "--pid", "--fork"]);
        let why = match probe.args(["sh", "-c", mount]).arg(std::env::temp_dir()).output() {
            Ok(output) if output.status.success() => return None,
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
            Err(error) => format!("unshare: {error}"),
        };
        let _ = writeln!(
            std::io::stderr(),
            "note: this machine refuses namespaces ({why}), so the tests do without a full disk, a read-only mount and \
             Locum as process 1, and check the rest"
        );
        Some(why)
    });
    REFUSAL.is_none().then(|| unshare_command(namespaces))
}

fn unshare_command(namespaces: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(namespaces);
    command
}

/// Locum without the rights that root has beyond everybody's, which overrule the modes of files.
pub fn locum_without_rights(arguments: &[&str]) -> Command {
    if !is_root() {
        return super::locum(arguments);
    }
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", env!("CARGO_BIN_EXE_locum")]).args(arguments);
    command.env_remove("LOCUM_SEED");
    command
}

/// Locum, whose files may have so many bytes.
pub fn limit_files(bytes: u64, arguments: &[&str]) -> Command {
    let mut command = Command::new("prlimit");
    command.arg(format!("--fsize={bytes}")).arg(env!("CARGO_BIN_EXE_locum")).args(arguments);
    command.env_remove("LOCUM_SEED");
    command
}
