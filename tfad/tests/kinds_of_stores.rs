//! The store that the configuration names is opened, and no other one: users have no record there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends by panicking"
)]

mod host;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::Host;
use tfad::config::Config;
use tfad::log::{Journal, MemoryLog};
use tfad::state::DaemonState;

const TIMEOUT: Duration = Duration::from_secs(60);

fn configuration(kind: &str) -> String {
    format!("[policy]\nmode = \"optional\"\n[store]\nkind = \"{kind}\"\n")
}

fn database(host: &Host) -> PathBuf {
    host.folder.join("state/accounts.db")
}

fn with_role(role: &str) -> String {
    format!("[policy]\nmode = \"optional\"\n[fleet]\nrole = \"{role}\"\n")
}

/// Waits for this: the daemon takes a signal when it can.
fn wait_for(is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < TIMEOUT);
        std::thread::yield_now();
    }
}

fn reload(host: &Host, config: &str) {
    fs::write(host.folder.join("tfad.toml"), config).unwrap();
    let pid = host.process().to_string();
    let sent = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn no_store_is_opened_until_the_configuration_tells_the_kind() {
    let host = Host::start_with("unknown-kind", &configuration("other"), |_| {});
    assert!(!database(&host).exists());
    reload(&host, &configuration("sqlite"));
    wait_for(|| database(&host).exists());
}

#[test]
fn member_opens_no_store_and_notes_that() {
    let host = Host::start_with("member", &with_role("member"), |_| {});
    assert!(host.folder.join("state/fleet.member").exists());
    assert!(!database(&host).exists());
}

#[test]
fn role_is_known_after_the_configuration_was_mended() {
    let host = Host::start_with("late-role", &with_role("members"), |_| {});
    assert!(!host.folder.join("state/fleet.member").exists());
    reload(&host, &with_role("member"));
    wait_for(|| host.folder.join("state/fleet.member").exists());
    assert!(!database(&host).exists());
}

#[test]
fn host_without_a_fleet_has_no_socket_and_no_thread_for_members() {
    let host = Host::start("no-fleet", |_| {});
    assert!(database(&host).exists());
    assert!(host.folder.join("login").exists());
    assert!(!host.folder.join("fleet").exists());
    let tasks = fs::read_dir(format!("/proc/{}/task", host.process())).unwrap();
    for task in tasks {
        let name = fs::read_to_string(task.unwrap().path().join("comm")).unwrap();
        assert!(!name.starts_with("member"), "{name}");
    }
}

#[test]
fn reload_with_another_role_says_that_a_restart_is_missing() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("role-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("tfad.toml");
    let log = MemoryLog::default();
    let journal = Arc::new(Journal::in_memory(log.clone()));
    let state = DaemonState::new(journal, file.clone(), Config::default(), None);
    for (config, is_told) in [
        (configuration("sqlite"), false),
        (with_role("member"), true),
        (with_role("member"), true),
        (configuration("sqlite"), false),
    ] {
        fs::write(&file, config).unwrap();
        state.reload().unwrap();
        assert_eq!(state.role(), None);
        let lines = format!("{:?}", log.take(&state.journal));
        assert_eq!(lines.contains("another role"), is_told, "{lines}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn task_refuses_where_the_host_has_no_database() {
    for (name, contents, said) in [
        ("etcd.id", "0123", "are in etcd"),
        ("fleet.member", "", "the verifiers keep its accounts"),
    ] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("task-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), contents).unwrap();
        for task in ["backup", "restore", "rotate-key"] {
            let output = Command::new(env!("CARGO_BIN_EXE_tfad"))
                .args(["--task", task, "--state"])
                .arg(&folder)
                .args(["--file", "/nonexistent/file"])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let is_refused = !output.status.success() && text.contains(said);
            assert!(is_refused, "{task}: {text}");
        }
        let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn reload_with_another_kind_says_that_a_restart_is_missing() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kind-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("tfad.toml");
    let log = MemoryLog::default();
    let journal = Arc::new(Journal::in_memory(log.clone()));
    let state = DaemonState::new(journal, file.clone(), Config::default(), None);
    for (kind, is_told) in [("sqlite", false), ("etcd", true), ("etcd", false)] {
        fs::write(&file, configuration(kind)).unwrap();
        state.reload().unwrap();
        let lines = format!("{:?}", log.take(&state.journal));
        assert_eq!(lines.contains("another kind of store"), is_told, "{lines}");
    }
    fs::remove_dir_all(folder).unwrap();
}
