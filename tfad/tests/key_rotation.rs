//! The rotation of the sealing key by a daemon that serves: asked for by a file and SIGHUP, continued at
//! the start.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod host;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::Host;
use tfa_store::{Commit, KeyRotation, Revision, StateDir, Store, ask_for_rotation};
use tfa_text::task::TaskLine;

const RECORDS: u32 = 250;
const TIMEOUT: Duration = Duration::from_secs(60);

fn state_dir(path: &Path) -> StateDir {
    StateDir {
        path: path.to_owned(),
        credentials: None,
    }
}

fn fill(state: &Path) {
    let store = tfa_store::open(&state_dir(state), |_| None).unwrap().store;
    for uid in 1..=RECORDS {
        let record = tfa_core::Account::new(uid).encode();
        let committed = store.commit(&format!("user{uid}"), uid, &record, Revision::NONE);
        assert!(matches!(committed, Ok(Commit::Committed(_))));
    }
}

/// Waits until the report beside the socket has a result, and returns its fingerprint of the key.
fn await_result(host: &Host) -> String {
    let end = Instant::now() + TIMEOUT;
    loop {
        let report = fs::read_to_string(host.folder.join("key-rotation")).unwrap_or_default();
        match TaskLine::parse(report.trim_end()) {
            Some(TaskLine::Result { name, value }) => {
                assert_eq!(name, "key");
                let (key, records) = value.split_once(' ').unwrap();
                assert_eq!(records, RECORDS.to_string());
                return key.to_owned();
            }
            Some(TaskLine::Refused { text, .. }) => panic!("{text}"),
            _ => assert!(Instant::now() < end, "no result: {report}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_signal_starts_the_rotation_that_was_asked_for() {
    let host = Host::start("rotation-signal", fill);
    let state = host.folder.join("state");
    for _ in 0..2 {
        let before = fs::read(state.join("key")).unwrap();
        let _ = fs::remove_file(host.folder.join("key-rotation"));
        ask_for_rotation(&state_dir(&state)).unwrap();
        let signal = ["-HUP".to_owned(), host.process().to_string()];
        assert!(
            Command::new("kill")
                .args(signal)
                .status()
                .unwrap()
                .success()
        );
        let key = await_result(&host);
        assert_ne!(fs::read(state.join("key")).unwrap(), before);
        assert!(!state.join("key.next").exists());
        // The marker names the key of before until the next start.
        assert_ne!(
            fs::read_to_string(state.join("key.id")).unwrap().trim(),
            key
        );
    }
}

#[test]
fn an_interrupted_rotation_continues_at_the_start() {
    let host = Host::start("rotation-start", |state| {
        fill(state);
        ask_for_rotation(&state_dir(state)).unwrap();
        let store = tfa_store::open(&state_dir(state), |_| None).unwrap().store;
        let stopped = KeyRotation::new(Arc::new(store), state_dir(state)).run(&mut |_, _| false);
        assert!(stopped.is_err());
    });
    await_result(&host);
    assert!(!host.folder.join("state/key.next").exists());
}
