//! SQLite files: used by one process, whole after a stop, copied while in use, never begun anew unasked.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{
    super::{Server, locum, run},
    assign, expect_failed_start, is_assigned,
    sqlite::sqlite_url,
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
    for (url, says) in [("sqlite::memory:", "/_emulator/state"), ("postgres://x/y", "pg_dump")] {
        let arguments = ["backup", "--database-url", url, "--server-key", "a key for tests only", "x.db"];
        let (code, _, stderr) = run(&arguments);
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
    // Whoever deletes the file begins anew, and a failed start leaves no key behind.
    fs::remove_file(&file).unwrap();
    stop(start(&file));
    let other = dir.path().join("other.db");
    fs::write(&other, "no database, and longer than the header of one would be".repeat(99)).unwrap();
    let _ = locum(&["--listen", "127.0.0.1:0", "--database-url", &sqlite_url(&other)]).output().unwrap();
    assert!(!dir.path().join("other.db.key").exists());
}

#[test]
fn a_file_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("locum.db"));
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    for ending in ["", "-wal", "-shm", ".key", ".lock"] {
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
        assert_eq!(server.send("GET", "/readyz", "", "").unwrap().0, 503);
        if !is_there {
            fs::write(&file, "").unwrap();
        }
    }
    fs::rename(&moved, &file).unwrap();
    assert_eq!(server.send("GET", "/readyz", "", "").unwrap().0, 200);
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
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
