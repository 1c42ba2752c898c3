//! Imports from files, up to the calls to the daemon.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tfa_proto::{AuthenticatorKind, Import, ImportOutcome, ImportResult};
use tfa_testkit::{TestHost, finished};

use crate::{fits, host_with, json};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY";
const GOOGLE: [&str; 2] = ["import", "google-authenticator"];

/// A file that only its owner, root, can read.
fn file(host: &TestHost, name: &str, text: &[u8]) -> PathBuf {
    let path = host.file(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    path
}

fn google_file(host: &TestHost, name: &str, rest: &str) -> String {
    let path = file(host, name, format!("{KEY}\n{rest}").as_bytes());
    path.to_str().unwrap().to_owned()
}

fn run(host: &TestHost, arguments: &[&str]) -> (i32, String, String) {
    finished(&host.output_with(arguments))
}

fn imports(host: &TestHost) -> Vec<Import> {
    host.daemon().account(|account| account.imports.clone())
}

#[test]
fn an_import_is_a_check_unless_it_is_applied() {
    let host = host_with(Vec::new());
    let rest = "\" RATE_LIMIT 3 30\n\" DISALLOW_REUSE 7 8\n12345678\n";
    let file = format!("alice={}", google_file(&host, "key", rest));
    let (code, out, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &file]);
    assert_eq!((code, error.as_str()), (0, ""));
    let expected = "\
alice: would be imported: 1 time-based authenticator, 1 backup code; RATE_LIMIT is not carried over: tfa counts wrong codes
To import: 1, updated: 0, unchanged: 0, not imported: 0.
Nothing was changed. To import, add --apply.
";
    assert_eq!(out, expected);
    let (code, out, _) = run(&host, &[GOOGLE[0], GOOGLE[1], &file, "--apply"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("alice: imported: 1 time-based") && out.contains("\nImported: 1,"));
    assert_eq!(
        host.daemon().calls(),
        ["Import alice true", "Import alice false"]
    );
    let imports = imports(&host);
    let authenticator = &imports[1].authenticators[0];
    assert_eq!(authenticator.key, b"1234567890123456");
    assert_eq!(authenticator.kind, AuthenticatorKind::Totp);
    assert_eq!(
        (authenticator.digits, authenticator.period),
        (Some(6), Some(30))
    );
    assert_eq!(authenticator.used_steps.as_deref(), Some(&[7, 8][..]));
    assert_eq!(imports[1].backup_codes, ["12345678"]);
}

#[test]
fn a_refusal_and_a_weak_key_are_reported_and_set_the_exit_status() {
    let host = host_with(Vec::new());
    let result = |user: &str, outcome: ImportOutcome, why: &str, weak| ImportResult {
        user: user.to_owned(),
        outcome: outcome.into(),
        why: why.to_owned(),
        weak,
    };
    host.daemon().account(|account| {
        let results = [
            result("bob", ImportOutcome::Refused, "bob has enrolled", 0),
            result("carol", ImportOutcome::Unchanged, "", 1),
            result("dave", ImportOutcome::Imported, "", 1),
            result("erin", ImportOutcome::Updated, "", 0),
        ];
        let results = results.into_iter().map(|one| (one.user.clone(), one));
        account.import_results.extend(results);
    });
    let names = ["bob", "carol", "dave", "erin"];
    let files = names.map(|user| {
        let rest = "\" HOTP_COUNTER 3\n\" FUTURE\n";
        format!("{user}={}", google_file(&host, user, rest))
    });
    let mut arguments: Vec<&str> = GOOGLE.to_vec();
    arguments.extend(files.iter().map(String::as_str));
    arguments.push("--apply");
    let (code, out, error) = run(&host, &arguments);
    assert_eq!((code, error.as_str()), (1, ""));
    let expected = "\
bob: refused: bob has enrolled
carol: unchanged, was imported before
dave: imported: 1 counter-based authenticator; weak: the key is shorter than 128 bits; an option of an unknown name is not carried over
erin: was imported before; codes that were used since are marked as used; an option of an unknown name is not carried over
Imported: 1, updated: 1, unchanged: 1, not imported: 1.
";
    assert_eq!(out, expected);

    arguments.push("--json");
    let (code, out, _) = run(&host, &arguments);
    let out = json(&out);
    assert_eq!((code, &out["applied"]), (1, &true.into()));
    let (bob, dave) = (&out["users"][0], &out["users"][2]);
    assert_eq!(
        (&bob["outcome"], &bob["why"]),
        (&"refused".into(), &"bob has enrolled".into())
    );
    assert_eq!((&dave["weak"], &dave["line"]), (&1.into(), &1.into()));
    let authenticator = &dave["authenticators"][0];
    assert_eq!(
        (&authenticator["kind"], &authenticator["counter"]),
        (&"hotp".into(), &3.into())
    );
    assert!(authenticator["period"].is_null() && dave["why"].is_null());
    assert!(!out.to_string().contains(KEY));
}

#[test]
fn one_wrong_file_keeps_all_files_from_being_imported() {
    let host = host_with(Vec::new());
    let good = format!("alice={}", google_file(&host, "good", ""));
    let bad = format!("bob={}", google_file(&host, "bad", "12345678\n1234567\n"));
    let (code, out, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &good, &bad, "--apply"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains("bad line 3: expected an option or a scratch code"),
        "{error}"
    );
    assert!(error.ends_with("Nothing was changed.\n"), "{error}");
    assert!(host.daemon().calls().is_empty() && imports(&host).is_empty());
}

#[test]
fn whose_key_it_is_must_be_certain() {
    let host = host_with(Vec::new());
    let own = google_file(&host, ".google_authenticator", "");
    let named = google_file(&host, "root", "");
    let other = google_file(&host, "nobody-of-this-host", "");
    for file in [&own, &named] {
        let (code, out, _) = run(&host, &[GOOGLE[0], GOOGLE[1], file]);
        assert!(
            code == 0 && out.starts_with("root: would be imported"),
            "{file}: {out}"
        );
    }
    let (code, _, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &other]);
    assert!(
        code == 1 && error.contains("Give the user: USER="),
        "{error}"
    );
    let twice = format!("root={named}");
    let (code, _, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &own, &twice]);
    assert!(
        code == 1 && error.contains("root: there are two files"),
        "{error}"
    );
}

#[test]
fn no_link_is_followed_and_only_a_regular_file_is_read() {
    let host = host_with(Vec::new());
    let good = google_file(&host, "good", "");
    let link = host.file("link");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    let folder = host.file("folder");
    std::fs::create_dir(&folder).unwrap();
    for (path, text) in [
        (link, "symbolic link"),
        (folder, "not a regular file"),
        (PathBuf::from("/dev/null"), "not a regular file"),
        (host.file("missing"), "no such file"),
    ] {
        let file = format!("alice={}", path.display());
        let (code, _, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &file, "--apply"]);
        assert!(code == 1 && error.contains(text), "{file}: {error}");
    }
    let readable = file(&host, "readable", format!("{KEY}\n").as_bytes());
    std::fs::set_permissions(&readable, PermissionsExt::from_mode(0o644)).unwrap();
    let (_, out, _) = run(
        &host,
        &[
            GOOGLE[0],
            GOOGLE[1],
            &format!("alice={}", readable.display()),
        ],
    );
    assert!(out.contains("others can read the file"), "{out}");
    assert!(imports(&host).iter().all(|import| import.user == "alice"));
}

#[test]
fn many_users_take_few_calls_of_a_bounded_size() {
    let host = host_with(Vec::new());
    let codes = "12345678\n".repeat(10);
    let names: Vec<String> = (0..50).map(|number| format!("user{number}")).collect();
    let files = names
        .iter()
        .map(|user| format!("{user}={}", google_file(&host, user, &codes)));
    let files: Vec<String> = files.collect();
    let mut arguments: Vec<&str> = GOOGLE.to_vec();
    arguments.extend(files.iter().map(String::as_str));
    let (code, out, _) = run(&host, &arguments);
    assert_eq!((code, out.lines().count()), (0, 52));
    // The backup codes bound a call: 100 of them.
    assert_eq!(host.daemon().calls().len(), 5);
    let users: Vec<String> = imports(&host).iter().map(|one| one.user.clone()).collect();
    assert_eq!(users, names);
}

#[test]
fn the_help_fits_a_screen_and_wrong_usage_changes_nothing() {
    let host = host_with(Vec::new());
    for arguments in [&["import", "--help"][..], &[GOOGLE[0], GOOGLE[1], "--help"]] {
        let (code, out, _) = run(&host, arguments);
        assert_eq!(code, 0);
        fits(&out);
    }
    for arguments in [
        &["import"][..],
        &GOOGLE,
        &[GOOGLE[0], GOOGLE[1], "--homes", "file"],
    ] {
        assert_eq!(run(&host, arguments).0, 2, "{arguments:?}");
    }
    assert!(host.daemon().calls().is_empty());
}
