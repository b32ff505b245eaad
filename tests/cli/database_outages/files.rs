//! SQLite files: used by one process, whole after a stop, copied while in use, never begun anew unasked.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
};

use super::{
    super::{Server, locum, machine::limit_files, run, send_signal},
    JETBRAINS, assign, expect_failed_start, is_assigned,
    sqlite::{OtherProcess, sqlite_url},
};

fn start(file: &Path) -> Server {
    Server::start(&["--database-url", &sqlite_url(file)])
}

fn stop(mut server: Server) {
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_process_on_a_file_is_refused_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    let server = start(&file);
    let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(&file)]);
    assert_eq!(code, 1);
    assert!(line.contains(&format!("in use by another Locum, process {}", server.child.id())), "{line}");
    // Neither a kill nor a stop leaves the lock behind.
    drop(server);
    stop(start(&file));
    stop(start(&file));
}

#[test]
fn a_file_alone_is_all_of_the_data_after_a_stop() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = dir.path().join("locum.db");
    let server = start(&file);
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    stop(server);
    for ending in ["-wal", "-shm"] {
        let rest = dir.path().join(format!("locum.db{ending}"));
        assert!(!rest.exists(), "{} is there", rest.display());
    }
    let copy = elsewhere.path().join("copy.db");
    fs::copy(&file, &copy).unwrap();
    fs::copy(dir.path().join("locum.db.key"), elsewhere.path().join("copy.db.key")).unwrap();
    assert!(is_assigned(&start(&copy), "FREE000001"));
}

#[test]
fn a_file_alone_is_all_of_the_data_after_a_start_that_was_broken_off() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("locum.db"), dir.path().join("locum.db-wal"));
    let seed = dir.path().join("seed.yaml");
    let licenses = "{ count: 200000, product: ALL, team: 1 }";
    let text = format!(
        "version: 1\norganizations:\n  - name: A\n    customer_code: 1\n    jetbrains_account:\n      \
         teams: [{{ id: 1, name: T }}]\n      licenses: [{licenses}]\n"
    );
    fs::write(&seed, text).unwrap();
    let url = sqlite_url(&file);
    let break_off = |says: &str| {
        let mut starting = locum(&["--listen", "127.0.0.1:0", "--log-format", "json", "--database-url", &url])
            .args(["--seed", seed.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(starting.stderr.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().contains(says)), "ended without `{says}`");
        send_signal(starting.id(), "-TERM");
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        (starting.wait().unwrap().code(), rest.join("\n"))
    };
    // While it writes.
    assert_eq!(break_off("writing seeds").0, Some(0));
    assert!(file.exists() && !log.exists());
    drop(start(&file));
    assert!(log.exists(), "nobody closed the file");
    // Before it has opened the file, or just then.
    let (code, said) = break_off("checking seeds");
    assert_eq!(code, Some(0), "{said}");
    assert!(!log.exists(), "{said}");
    stop(start(&file));
    assert!(!log.exists());
}

#[test]
fn a_file_in_use_is_backed_up_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("locum.db"), dir.path().join("copy.db"));
    let back_up =
        |file: &Path, copy: &Path| run(&["backup", "--database-url", &sqlite_url(file), copy.to_str().unwrap()]);
    let (code, _, stderr) = back_up(&file, &copy);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no database"), "{stderr}");
    let server = start(&file);
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    assert_eq!(back_up(&file, &copy).0, 0);
    assert!(assign(&server, "FREE000002").starts_with("HTTP/1.1 200 "));
    for made in ["copy.db", "copy.db.key"] {
        let mode = fs::metadata(dir.path().join(made)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{made}");
    }
    let (code, _, stderr) = back_up(&file, &copy);
    assert_eq!(code, 1, "a copy is not written over");
    assert!(stderr.contains("copy.db"), "{stderr}");
    let restored = start(&copy);
    assert!(is_assigned(&restored, "FREE000001") && !is_assigned(&restored, "FREE000002"));
    let searched = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens?q=laptop";
    let search = |server: &Server| server.send("GET", searched, super::ATLASSIAN.1, "").unwrap().1;
    assert!(search(&restored).contains("laptop"), "{}", search(&restored));
}

#[test]
fn a_backup_is_whole_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("locum.db"), dir.path().join("copy.db"));
    let url = sqlite_url(&file);
    stop(Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--database-url", &url]));
    let list_copies = || {
        let names = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains("copy")).collect();
        names.sort();
        names
    };
    let limited = limit_files(100 * 1024, &["backup", "--database-url", &url, copy.to_str().unwrap()]).output();
    let limited = limited.unwrap();
    assert_eq!(limited.status.code(), Some(1), "{limited:?}");
    assert_eq!(list_copies(), [""; 0]);
    fs::write(dir.path().join("copy.db.ca.key"), "another one's").unwrap();
    let (code, _, stderr) = run(&["backup", "--database-url", &url, copy.to_str().unwrap()]);
    assert!(code == 1 && stderr.contains("copy.db.ca.key"), "{stderr}");
    assert_eq!(list_copies(), ["copy.db.ca.key"]);
    fs::remove_file(dir.path().join("copy.db.ca.key")).unwrap();
    // SQLite would read the name as something else.
    let named = locum(&["backup", "--database-url", &url, "file:copy.db"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(named.status.code(), Some(0), "{named:?}");
    assert_eq!(list_copies(), ["file:copy.db", "file:copy.db.ca.key", "file:copy.db.key"]);
    for key in [".key", ".ca.key"] {
        let [original, copied] = ["locum.db", "file:copy.db"].map(|name| dir.path().join(format!("{name}{key}")));
        assert_eq!(fs::read(&original).unwrap(), fs::read(&copied).unwrap(), "{key}");
    }
}

#[test]
fn what_is_no_file_is_not_backed_up_and_the_way_is_said() {
    for (url, says) in [("sqlite::memory:", "/_emulator/state"), ("postgres://x/y", "pg_dump")] {
        let (code, _, stderr) = run(&["backup", "--database-url", url, "x.db"]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}

#[test]
fn an_empty_file_beside_a_key_is_not_seeded_silently() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    drop(start(&file));
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(dir.path().join(format!("locum.db{ending}")));
    }
    // What a copy of a file without its log is.
    fs::write(&file, "").unwrap();
    let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(&file)]);
    assert_eq!(code, 1);
    for part in ["is empty", "locum.db.key", "locum backup", "--reseed"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    stop(Server::start(&["--reseed", "--database-url", &sqlite_url(&file)]));
    stop(start(&file));
}

#[test]
fn a_file_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("locum.db"));
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    for ending in ["", "-wal", "-shm", ".key"] {
        let mode = fs::metadata(dir.path().join(format!("locum.db{ending}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "locum.db{ending}");
    }
}

#[test]
fn a_file_that_is_deleted_while_it_is_used_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    let server = start(&file);
    let moved = dir.path().join("moved.db");
    fs::rename(&file, &moved).unwrap();
    for is_there in [false, true] {
        assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 503 "));
        for path in ["/readyz", "/_emulator/snapshots", "/_emulator/snapshots"] {
            assert_eq!(server.send("GET", path, "", "").unwrap().0, 503, "{path}");
        }
        if !is_there {
            fs::write(&file, "").unwrap();
        }
    }
    fs::rename(&moved, &file).unwrap();
    assert_eq!(server.send("GET", "/readyz", "", "").unwrap().0, 200);
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_file_that_is_cut_short_while_it_is_used_is_said_to_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("locum.db"), dir.path().join("log"));
    // With all of the data in the file.
    stop(start(&file));
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&file)];
    let mut server = Server::of(locum(&arguments).stderr(fs::File::create(&log).unwrap()));
    assert_eq!(server.as_admin("GET", JETBRAINS.0, "").unwrap().0, 200);
    let length = fs::metadata(&file).unwrap().len();
    for left in [0_u64, 4096] {
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(left).unwrap();
        for (method, path) in [("GET", "/readyz"), ("GET", "/_emulator/snapshots"), ("PUT", "/_emulator/snapshots/x")] {
            assert_eq!(server.send(method, path, "", "").unwrap().0, 503, "{method} {path}");
        }
        assert_eq!(server.as_admin("GET", "/api/v1/customer/licenses", "").unwrap().0, 503);
    }
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(1));
    let log = fs::read_to_string(&log).unwrap();
    let said = format!("the file is damaged: it was cut short, from {length} bytes to 4096");
    assert!(log.contains(&said) && log.contains("locum: stopped, but"), "{log}");
}

#[test]
fn a_file_has_one_lock_whatever_it_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    // What is beside it is nobody's to change.
    let (beside, elsewhere) = (dir.path().join("locum.db.lock"), dir.path().join("elsewhere"));
    fs::write(&elsewhere, "important").unwrap();
    symlink(&elsewhere, &beside).unwrap();
    let server = start(&file);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "important");
    fs::remove_file(&beside).unwrap();
    let [symbolic, hard] = ["link.db", "hard.db"].map(|name| dir.path().join(name));
    symlink(&file, &symbolic).unwrap();
    fs::hard_link(&file, &hard).unwrap();
    for other in [&file, &symbolic, &hard] {
        for name in [&symbolic, &hard] {
            fs::copy(dir.path().join("locum.db.key"), format!("{}.key", name.display())).unwrap();
        }
        let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(other)]);
        assert_eq!(code, 1);
        assert!(line.contains(&format!("in use by another Locum, process {}", server.child.id())), "{line}");
    }
    stop(server);
    // Its log would be beside one of them only.
    for name in [&file, &hard] {
        let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(name)]);
        assert!(code == 1 && line.contains("2 names (hard links)"), "{line}");
    }
    fs::remove_file(&hard).unwrap();
    stop(start(&symbolic));
    stop(start(&file));
    assert!(!beside.exists());
}

#[test]
fn what_is_no_file_is_refused_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let [pipe, named] = ["pipe", "link"].map(|name| dir.path().join(name));
    assert!(Command::new("mkfifo").args(["-m", "666"]).arg(&pipe).status().unwrap().success());
    symlink(&pipe, &named).unwrap();
    for place in [&pipe, &named, dir.path()] {
        let permissions = || fs::metadata(place).unwrap().permissions().mode();
        let before = permissions();
        let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(place)]);
        assert!(code == 1 && line.contains("is no file"), "{}: {line}", place.display());
        assert_eq!(permissions(), before, "{}", place.display());
    }
}

/// Makes a file as a start is to find it.
type Prepare<'a> = &'a dyn Fn(&Path);

/// Each start leaves the folder as it was: no key that fits nothing, no table in what is somebody else's.
#[test]
fn what_lacks_its_key_or_its_data_or_is_not_locum_s_is_refused_and_left_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let good = elsewhere.path().join("locum.db");
    stop(start(&good));
    let copy_good = |to: &Path| {
        fs::copy(&good, to).unwrap();
    };
    let copy_key = |to: &Path| {
        fs::copy(elsewhere.path().join("locum.db.key"), to).unwrap();
    };
    let make_foreign = |to: &Path| OtherProcess::open(to).execute("CREATE TABLE server (a)");
    let make_other_migrated = |to: &Path| {
        OtherProcess::open(to).execute("CREATE TABLE _sqlx_migrations (version); CREATE TABLE t (a)");
    };
    let cases: [(&str, Prepare, Prepare, i32, &[&str]); 6] = [
        ("keyless.db", &copy_good, &|_| {}, 2, &["is missing", "keyless.db.key", "--server-key"]),
        ("gone.db", &|_| {}, &copy_key, 1, &["there is no database", "gone.db.key", "--reseed"]),
        ("empty.db", &|to| fs::write(to, "").unwrap(), &copy_key, 1, &["is empty", "empty.db.key", "--reseed"]),
        ("foreign.db", &make_foreign, &|_| {}, 1, &["is not Locum's"]),
        ("migrated.db", &make_other_migrated, &copy_key, 1, &["is not Locum's"]),
        ("text.db", &|to| fs::write(to, "no database ".repeat(99)).unwrap(), &|_| {}, 1, &["no SQLite file"]),
    ];
    for (name, prepare, prepare_key, exits_with, says) in cases {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        prepare(&file);
        prepare_key(&dir.path().join(format!("{name}.key")));
        let read_all = || {
            let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
            let mut files: Vec<_> = files.map(|file| (file.clone(), fs::read(file).unwrap())).collect();
            files.sort();
            files
        };
        let before = read_all();
        let arguments = ["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--database-url", &sqlite_url(&file)];
        let (code, line, _) = expect_failed_start(&arguments);
        assert_eq!(code, exits_with, "{name}: {line}");
        for part in says {
            assert!(line.contains(part), "{name}: {part}: {line}");
        }
        assert!(before == read_all(), "{name} was changed");
    }
    // A file that is not there is made anew by whoever says so, with the key that is.
    let gone = elsewhere.path().join("gone.db");
    copy_key(&elsewhere.path().join("gone.db.key"));
    stop(Server::start(&["--reseed", "--database-url", &sqlite_url(&gone)]));
    stop(start(&gone));
}

#[test]
fn files_that_others_may_read_are_closed_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    let arguments = ["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--database-url", &sqlite_url(&file)];
    drop(Server::start(&arguments));
    let files = ["", "-wal", "-shm", ".key", ".ca.key"].map(|ending| dir.path().join(format!("locum.db{ending}")));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let _server = Server::start(&arguments);
    for file in &files {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_file_that_is_damaged_is_said_with_a_way_out() {
    use std::os::unix::fs::FileExt as _;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("locum.db");
    stop(start(&file));
    let damaged = fs::OpenOptions::new().write(true).open(&file).unwrap();
    // Behind the header.
    for page in 0..damaged.metadata().unwrap().len() / 4096 {
        damaged.write_all_at(&[0xff; 3900], page * 4096 + 100).unwrap();
    }
    let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(&file)]);
    assert_eq!(code, 1);
    assert!(line.contains("locum.db") && line.contains("locum backup"), "{line}");
}

#[test]
fn a_key_that_was_never_finished_is_said_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("locum.db.key"), "").unwrap();
    let (code, line, _) = expect_failed_start(&["--database-url", &sqlite_url(&dir.path().join("locum.db"))]);
    assert_eq!(code, 1);
    assert!(line.contains("locum.db.key") && line.contains("delete it"), "{line}");
}
