//! The store that the configuration names is opened, and no other one: users have no record there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends by panicking"
)]

mod host;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use host::Host;

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
fn daemon_with_accounts_in_etcd_makes_no_database_and_no_key() {
    let host = Host::start_with("in-etcd", &configuration("etcd"), |_| {});
    assert!(!database(&host).exists());
    assert!(!host.folder.join("state/key").exists());
}
