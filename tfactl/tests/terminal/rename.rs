//! Records that move to other names.

use tfa_testkit::finished;

use crate::{account, host_with};

#[test]
fn a_rename_shows_the_new_name_of_the_record() {
    let host = host_with(vec![account("alice", "enabled")]);
    let (code, out, _) = finished(&host.output_with(&["rename", "alice", "alicia"]));
    let told = "The record of alice is now the record of alicia, with uid 4321.\n";
    assert_eq!((code, out.as_str()), (0, told));
    let (code, out, _) = finished(&host.output_with(&["rename", "alice", "alice"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "The record of alice now has uid 4321.\n")
    );
    assert_eq!(
        host.daemon().calls(),
        ["Rename alice alicia false", "Rename alice alice false"]
    );
}

#[test]
fn uid_of_a_user_of_members_is_told_with_the_new_name() {
    let host = host_with(vec![account("bob", "enabled")]);
    let rename = ["rename", "bob", "robert", "--uid", "1234"];
    let (code, _, error) = finished(&host.output_with(&rename));
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(host.daemon().calls(), ["Rename bob robert false uid 1234"]);
}

#[test]
fn a_rename_without_a_record_is_refused() {
    let host = host_with(Vec::new());
    let (code, _, error) = finished(&host.output_with(&["rename", "bob", "robert"]));
    assert_eq!(code, 1);
    assert!(error.contains("There is no record of bob"), "{error}");
    let (code, _, _) = finished(&host.output_with(&["rename", "bob"]));
    assert_eq!(code, 2);
}

#[test]
fn a_missing_old_record_is_reported_and_repeating_succeeds() {
    let host = host_with(vec![account("robert", "enabled")]);
    let (code, out, _) = finished(&host.output_with(&["rename", "bob", "robert"]));
    let expected = "\
There is no record of bob. Nothing was changed.
The record of robert has uid 4321.
";
    assert_eq!((code, out.as_str()), (0, expected));
}

/// Runs `rename --map`. Returns its result and the calls that it made.
fn map(users: &[&str], map: &str) -> (i32, String, String, Vec<String>) {
    let host = host_with(users.iter().map(|user| account(user, "enabled")).collect());
    let file = host.file("map");
    std::fs::write(&file, map).unwrap();
    let (code, out, error) =
        finished(&host.output_with(&["rename", "--map", file.to_str().unwrap()]));
    (code, out, error, host.daemon().calls())
}

#[test]
fn a_map_is_checked_first_and_moved_in_a_possible_order() {
    let (code, out, _, calls) = map(
        &["a", "b", "c", "x", "y", "moved"],
        "a b\nb c\nc d\nx y\ny x\nold moved\nnever set-up\n",
    );
    let told = "Records to move: 5. Already moved: 1. Without a record: 1.\nRecords moved: 5.\n";
    assert_eq!((code, out.as_str()), (0, told));
    let (checked, moved) = calls.split_at(7);
    assert!(checked.iter().all(|call| call.ends_with(" true")));
    let expected = ["c d", "b c", "a b", "x y", "y x"].map(|pair| format!("Rename {pair} false"));
    assert_eq!(moved, expected);
}

#[test]
fn an_invalid_map_moves_nothing() {
    for (text, said) in [
        ("a\n", "line 1: expected two names"),
        ("a b\na c\n", "line 2: a is already in line 1"),
        (
            "a nobody1\nb nobody2\n",
            "b to nobody2: There is no user nobody2 here.",
        ),
        ("a c\n", "the record of c has that name or uid"),
    ] {
        let (code, _, error, calls) = map(&["a", "b", "c"], text);
        assert_eq!(code, 1);
        assert!(error.contains(said), "{error}");
        assert!(error.contains("Nothing was changed."), "{error}");
        assert!(
            calls.iter().all(|call| call.ends_with(" true")),
            "{calls:?}"
        );
    }
}
