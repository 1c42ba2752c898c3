//! State directories that earlier programs wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tfa_store::{Commit, Notice, Revision, Store};

use crate::scratch::{Scratch, find, get, uid};

/// A copy of a fixture.
fn copy_of(name: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.made_state();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/fixtures");
    for file in ["accounts.db", "key", "key.id"] {
        let copy = scratch.file(file);
        fs::copy(fixture.join(name).join(file), &copy).unwrap();
        fs::set_permissions(copy, fs::Permissions::from_mode(0o600)).unwrap();
    }
    scratch
}

/// Checks that the record of the fixture is read under this uid, and can be changed.
fn holds(scratch: &Scratch, uid: u32, notices: &[Notice]) {
    let opened = scratch.open();
    assert_eq!(opened.notices, notices);
    let store = opened.store;
    let record = 200_u64.to_le_bytes().to_vec();
    let revision = Revision::new(200);
    assert_eq!(get(&store, "lea"), Some((record, revision)));
    assert_eq!(find(&store, uid).as_deref(), Some("lea"));
    assert_eq!(get(&store, "max"), None);
    let changed = store.commit("lea", uid, b"new", revision).unwrap();
    assert!(matches!(changed, Commit::Committed(new) if new > revision));
}

#[test]
fn database_of_format_1_is_migrated() {
    // The uid that the test reads out of the record.
    holds(
        &copy_of("format-1"),
        200,
        &[Notice::Migrated { records: 1 }],
    );
}

#[test]
fn database_of_format_2_opens() {
    holds(&copy_of("format-2"), uid("lea"), &[]);
}
