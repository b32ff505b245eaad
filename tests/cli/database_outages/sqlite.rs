//! SQLite files that are locked, read-only, newer, or no databases, and disks that are full.

use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use sqlx::{Connection as _, Executor as _};

use super::{
    super::{
        Server, locum,
        machine::{limit_files, locum_without_rights, unshare},
        run,
    },
    JETBRAINS, assign, expect_failed_start, expect_unavailable, is_assigned,
};

/// A SQLite file as another process has it open.
pub struct OtherProcess {
    runtime: tokio::runtime::Runtime,
    connection: sqlx::SqliteConnection,
}

impl OtherProcess {
    pub fn open(file: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let connection = runtime.block_on(sqlx::SqliteConnection::connect_with(&options)).unwrap();
        Self { runtime, connection }
    }

    pub fn execute(&mut self, sql: &'static str) {
        self.runtime.block_on(self.connection.execute(sql)).unwrap();
    }
}

pub fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

#[test]
fn a_file_that_cannot_be_used_ends_the_start_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |name: &str| {
        let (code, line, took) = expect_failed_start(&["--database-url", &sqlite_url(&dir.path().join(name))]);
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert!(line.contains(name), "{line}");
        (code, line)
    };

    let mut other = OtherProcess::open(&dir.path().join("locked.db"));
    other.execute("BEGIN EXCLUSIVE");
    let (code, line) = fails("locked.db");
    assert_eq!(code, 1);
    assert!(line.contains("locked") && line.contains("Another process holds it"), "{line}");

    let file = dir.path().join("newer.db");
    drop(Server::start(&["--database-url", &sqlite_url(&file)]));
    let mut other = OtherProcess::open(&file);
    other.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'x', 1, x'00', 1)",
    );
    let (code, line) = fails("newer.db");
    assert_eq!(code, 1);
    assert!(line.contains("made by a newer Locum"), "{line}");

    std::fs::write(dir.path().join("text.db"), "this is a text, not a database, and quite long for one\n".repeat(99))
        .unwrap();
    let (code, line) = fails("text.db");
    assert_eq!(code, 1);
    assert!(line.contains("It is no SQLite file"), "{line}");

    std::fs::create_dir(dir.path().join("directory.db")).unwrap();
    assert_eq!(fails("directory.db").0, 1);
}

/// Locum with other mounts than everybody else, made by a script, in which `$0` is `dir`; or nothing where the machine
/// refuses that.
fn locum_with_mounts(dir: &Path, script: &str, arguments: &[&str]) -> Option<Command> {
    let mut command = unshare(&["--mount", "sh", "-c", &format!("{script} && exec \"$@\"")])?;
    command.arg(dir).arg(env!("CARGO_BIN_EXE_locum")).args(arguments).env_remove("LOCUM_SEED");
    Some(command)
}

#[test]
fn a_file_that_is_read_only_ends_the_start_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    drop(Server::start(&["--database-url", &sqlite_url(&file)]));
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&file)];
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let mounted = locum_with_mounts(dir.path(), script, &arguments).map(|mut command| command.output().unwrap());
    let allow_writing = |allowed| {
        for path in [file.as_path(), dir.path()] {
            let mut permissions = path.metadata().unwrap().permissions();
            permissions.set_mode(if allowed { 0o700 } else { 0o500 });
            std::fs::set_permissions(path, permissions).unwrap();
        }
    };
    allow_writing(false);
    let forbidden = locum_without_rights(&arguments).output().unwrap();
    allow_writing(true);
    for output in mounted.into_iter().chain([forbidden]) {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let lines: Vec<&str> = stderr.lines().collect();
        let [line] = lines[..] else { panic!("one clear line, not: {stderr}") };
        assert!(line.contains("locum.db") && line.contains("writ"), "{line}");
    }
}

#[test]
fn a_file_that_is_locked_while_it_runs_is_503_and_no_defect() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("locum.db"), dir.path().join("log"));
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&file)];
    let server = Server::of(locum(&arguments).stderr(File::create(&log).unwrap()));
    let mut other = OtherProcess::open(&file);
    other.execute("BEGIN IMMEDIATE");
    expect_unavailable(&assign(&server, "FREE000001"), "JetBrains Account");
    assert_eq!(server.as_admin("GET", JETBRAINS.0, "").unwrap().0, 200, "it can still be read");
    other.execute("ROLLBACK");
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("database is locked") && !log.contains("internal error"), "{log}");
}

/// Fills a disk as a process sees it, by a file: where that is.
fn fill(server: &Server, disk: &Path) -> String {
    let seen = format!("/proc/{}/root{}/filler", server.child.id(), disk.display());
    let mut filler = File::create(&seen).unwrap();
    for size in [65536, 512, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    seen
}

#[test]
fn a_disk_that_is_full_is_503_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let log = dir.path().join("log");
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&disk.join("locum.db"))];
    let Some(mut command) = locum_with_mounts(&disk, "mount -t tmpfs -o size=16m tmpfs \"$0\"", &arguments) else {
        let server = Server::of(locum(&arguments).stderr(Stdio::null()));
        assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "), "while there is room");
        return;
    };
    let server = Server::of(command.stderr(File::create(&log).unwrap()));
    assert_eq!(server.send("PUT", "/_emulator/snapshots/earlier", "", "").unwrap().0, 200);
    let rule = r#"{"match":{"service":"license_vault"},"then":{"delay":"1ms"}}"#;
    assert_eq!(server.send("POST", "/_emulator/faults", "", rule).unwrap().0, 200);
    let seen = fill(&server, &disk);
    let mut licenses = (1..).map(|n| format!("FREE{n:06}"));
    let (mut license, mut answer) = (String::new(), String::new());
    for _ in 0..5 {
        license = licenses.next().unwrap();
        answer = assign(&server, &license);
        if !answer.starts_with("HTTP/1.1 200 ") {
            break;
        }
    }
    expect_unavailable(&answer, "JetBrains Account");
    assert_eq!(server.as_admin("GET", JETBRAINS.0, "").unwrap().0, 200, "it can still be read");
    assert!(!is_assigned(&server, &license));
    // What is not a write of the space is not answered otherwise.
    let control = |method: &str, path: &str| server.send(method, &format!("/_emulator{path}"), "", "").unwrap();
    assert_eq!(control("PUT", "/snapshots/kept").0, 503);
    assert_eq!(control("DELETE", "/snapshots/earlier").0, 503);
    assert_eq!(server.send("GET", "/public-api/licenses/usage", super::VAULT.1, "").unwrap().0, 503, "a fault's hit");
    std::fs::remove_file(&seen).unwrap();
    let snapshots = control("GET", "/snapshots").1;
    assert!(snapshots.contains("earlier") && !snapshots.contains("kept"), "{snapshots}");
    assert_eq!(control("PUT", "/snapshots/kept").0, 200);
    assert_eq!(control("DELETE", "/snapshots/earlier").0, 200);
    assert!(assign(&server, &license).starts_with("HTTP/1.1 200 "));
    assert!(is_assigned(&server, &license));
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("full") && !log.contains("internal error"), "{log}");
}

/// Without its log the file is not all of the data, which the docs promise after a stop that went well.
#[test]
fn a_stop_that_leaves_the_log_behind_exits_with_1_and_says_what_to_keep() {
    let dir = tempfile::tempdir().unwrap();
    let [disk, log] = ["disk", "log"].map(|name| dir.path().join(name));
    std::fs::create_dir(&disk).unwrap();
    let stop_badly = |mut server: Server, why: &str| {
        server.signal("-TERM");
        assert_eq!(server.child.wait().unwrap().code(), Some(1), "{why}");
        let log = std::fs::read_to_string(&log).unwrap();
        let line = log.lines().last().unwrap();
        for part in ["locum: stopped, but the log could not be brought into the file", why, "locum.db-wal"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    };

    let read = dir.path().join("locum.db");
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&read)];
    let server = Server::of(locum(&arguments).stderr(File::create(&log).unwrap()));
    let mut other = OtherProcess::open(&read);
    other.execute("BEGIN; SELECT COUNT(*) FROM server");
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    stop_badly(server, "another process has the file open");
    drop(other);
    let server = Server::of(locum(&arguments).stderr(Stdio::null()));
    assert!(is_assigned(&server, "FREE000001"));

    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&disk.join("locum.db"))];
    let Some(mut command) = locum_with_mounts(&disk, "mount -t tmpfs -o size=16m tmpfs \"$0\"", &arguments) else {
        return;
    };
    let server = Server::of(command.stderr(File::create(&log).unwrap()));
    fill(&server, &disk);
    stop_badly(server, "full");
}

/// The system tells a process by a signal that a file got too large, which ends whoever does not hear it.
#[test]
fn a_limit_for_files_is_503_and_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("locum.db"), dir.path().join("log"));
    let url = sqlite_url(&file);
    for (bytes, database) in [(2 * 1024 * 1024, url.as_str()), (16 * 1024, "sqlite::memory:")] {
        let arguments = ["--listen", "127.0.0.1:0", "--database-url", database];
        let mut server = Server::of(limit_files(bytes, &arguments).stderr(File::create(&log).unwrap()));
        let is_lasting = database != "sqlite::memory:";
        let statuses = (0..100).map(|n| server.send("PUT", &format!("/_emulator/snapshots/{n}"), "", "").unwrap().0);
        // The log of a database in memory reaches the limit, and the answers are none the worse.
        let refused = statuses.filter(|status| *status != 200).collect::<Vec<_>>();
        assert_eq!(is_lasting, !refused.is_empty(), "{database}");
        assert!(refused.iter().all(|status| *status == 503), "{refused:?}");
        assert_eq!(server.as_admin("GET", JETBRAINS.0, "").unwrap().0, 200, "{database}");
        assert_eq!(is_lasting, std::fs::metadata(&log).unwrap().len() != bytes, "{database}");
        server.signal("-TERM");
        let status = server.child.wait().unwrap();
        assert!(status.code().is_some(), "{database}: {status}");
    }
    let (code, limits, _) = run(&["exec", "--", "grep", "SigIgn", "/proc/self/status"]);
    let mask = u64::from_str_radix(limits.trim_start_matches("SigIgn:").trim(), 16).unwrap();
    assert!(code == 0 && mask & (1 << 24) == 0, "the command of `exec` is ended as anywhere: {limits}");
}
