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
    let start = Instant::now();
    while !database(&host).exists() {
        assert!(start.elapsed() < TIMEOUT);
        std::thread::yield_now();
    }
}

#[test]
fn task_refuses_where_the_accounts_are_in_etcd() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("task-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("etcd.id"), "0123").unwrap();
    for task in ["backup", "restore", "rotate-key"] {
        let output = Command::new(env!("CARGO_BIN_EXE_tfad"))
            .args(["--task", task, "--state"])
            .arg(&folder)
            .args(["--file", "/nonexistent/file"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            !output.status.success() && text.contains("are in etcd"),
            "{task}: {text}"
        );
    }
    let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    fs::remove_dir_all(folder).unwrap();
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
        state.journal.flush();
        let lines = format!("{:?}", log.take());
        assert_eq!(lines.contains("another kind of store"), is_told, "{lines}");
    }
    fs::remove_dir_all(folder).unwrap();
}
