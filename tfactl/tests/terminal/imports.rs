//! Imports from files, up to the calls to the daemon.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tfa_proto::{AuthenticatorKind, Import, ImportOutcome, ImportResult};
use tfa_testkit::{Run, TestHost, finished};

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

/// In a second import most users are unchanged, and have no notes.
#[test]
fn a_note_is_for_each_user_only_if_it_is() {
    let host = host_with(Vec::new());
    let names: Vec<String> = (10..23).map(|number| format!("user{number}")).collect();
    let mut arguments: Vec<String> = GOOGLE.iter().map(|&word| word.to_owned()).collect();
    arguments.extend(names.iter().map(|user| {
        let file = google_file(&host, user, "\" HOTP_COUNTER 3\n\" FUTURE\n");
        format!("{user}={file}")
    }));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seen = |unchanged: usize| {
        host.daemon().account(|account| {
            account.import_results = names[..unchanged]
                .iter()
                .map(|user| {
                    let result = ImportResult {
                        user: user.clone(),
                        outcome: ImportOutcome::Unchanged.into(),
                        ..ImportResult::default()
                    };
                    (user.clone(), result)
                })
                .collect();
        });
        let mut terminal = host.terminal(&Run {
            arguments: &arguments,
            ..Run::default()
        });
        terminal.expect("To import: ");
        assert_eq!(terminal.exit_code(), 0);
        terminal.everything()
    };
    let note = ": an option of an unknown name";
    for (unchanged, of) in [
        (0, "Note for each user"),
        (1, "Note for each imported or updated user"),
        (11, "Note for user21, user22"),
    ] {
        let seen = seen(unchanged);
        let words: Vec<&str> = seen.split_whitespace().collect();
        assert!(words.join(" ").contains(&format!("{of}{note}")), "{seen}");
    }
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

    // On a terminal each user has a row, and the rest comes after the last one.
    let mut terminal = host.terminal(&Run {
        arguments: &arguments,
        ..Run::default()
    });
    terminal.expect("Imported: 1, updated: 1, unchanged: 1, not imported: 1.");
    assert_eq!(terminal.exit_code(), 1);
    let seen = terminal.everything();
    let expected = "\
bob: refused, see below
carol: unchanged, was imported before
dave: imported: 1 counter-based authenticator
erin: was imported before; codes that were used since are marked as used
Note for dave: weak: the key is shorter than 128 bits.
Note for dave, erin: an option of an unknown name is not carried over.
bob: refused: bob has enrolled
";
    assert!(seen.contains(expected), "{seen}");
    fits(&seen);

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
    let (code, out, _) = run(&host, &[GOOGLE[0], GOOGLE[1], &named]);
    assert!(code == 0 && out.starts_with("root: would be imported"));
    // A copy that root made of the file of a user belongs to root.
    for file in [&own, &other] {
        let (code, _, error) = run(&host, &[GOOGLE[0], GOOGLE[1], file]);
        assert!(
            code == 1 && error.contains("Give the user: USER="),
            "{file}: {error}"
        );
    }
    let twice = format!("root={own}");
    let (code, _, error) = run(&host, &[GOOGLE[0], GOOGLE[1], &named, &twice]);
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
    let list = file(&host, "users", format!("HOTP alice - {HEX}\n").as_bytes());
    let link = host.file("list");
    std::os::unix::fs::symlink(&list, &link).unwrap();
    let (code, _, error) = run(&host, &["import", "oath", link.to_str().unwrap()]);
    let target = list.canonicalize().unwrap();
    let words = error.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("If {} is the right file", target.display());
    assert!(code == 1 && words.contains(&expected), "{error}");
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

const HEX: &str = "3132333435363738393031323334353637383930";

/// The arguments of an import of this file.
fn list<'a>(format: &'a str, path: &'a std::path::Path) -> [&'a str; 3] {
    ["import", format, path.to_str().unwrap()]
}

#[test]
fn the_lines_of_a_user_are_imported_together() {
    let host = host_with(Vec::new());
    let text = format!(
        "HOTP alice - {HEX} 4 338314\nHOTP/T30 bob 1234 {HEX} 0 682100 2026-11-29T12:19:16L\n\
         HOTP/T60/8 alice - {HEX}\n"
    );
    let path = file(&host, "users.oath", text.as_bytes());
    let (code, out, error) = run(&host, &list("oath", &path));
    assert_eq!((code, error.as_str()), (0, ""));
    let expected = "\
alice: would be imported: 1 time-based authenticator, 1 counter-based authenticator; which codes were used is not known, so those until now are void: the next one is accepted after 60 to 180 seconds
bob: would be imported: 1 time-based authenticator; the PIN is not carried over: tfa asks for the code alone, after the password; which codes were used is not known, so those until now are void: the next one is accepted after 30 to 90 seconds
To import: 2, updated: 0, unchanged: 0, not imported: 0.
Nothing was changed. To import, add --apply.
";
    assert_eq!(out, expected);
    let imports = imports(&host);
    let names: Vec<&str> = imports[0]
        .authenticators
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["token", "token 2"]);
    assert_eq!(imports[0].authenticators[0].counter, Some(5));
    assert_eq!(
        imports[1].authenticators[0].last_code.as_deref(),
        Some("682100")
    );
    assert_eq!(imports[1].authenticators[0].used_steps, None);
}

#[test]
fn a_list_with_a_wrong_line_is_not_imported_at_all() {
    let host = host_with(Vec::new());
    let good = format!("HOTP alice - {HEX}\n");
    for (format, text, expected) in [
        (
            "oath",
            format!("{good}HOTP bob - 12x\n"),
            "line 2: the key is not hex",
        ),
        (
            "oath",
            good.trim_end().to_owned(),
            "line 1: the last line has no end",
        ),
        (
            "otpauth",
            format!("#\n{good}"),
            "line 2: expected otpauth://",
        ),
        ("otpauth", "\u{0}".to_owned(), "line 1: not text"),
        ("oath-csv", good.clone(), "line 1: expected SERIAL,KEY"),
    ] {
        let path = file(&host, "list", text.as_bytes());
        let arguments = list(format, &path);
        let (code, out, error) = run(&host, &[&arguments[..], &["--apply"]].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{format}");
        assert!(
            error.contains(&format!("list {expected}")),
            "{format}: {error}"
        );
        assert!(
            error.ends_with("Nothing was changed.\n") && !error.contains(HEX),
            "{error}"
        );
    }
    let link = host.file("link");
    std::os::unix::fs::symlink(file(&host, "good", good.as_bytes()), &link).unwrap();
    let (code, _, error) = run(&host, &list("oath", &link));
    assert!(code == 1 && error.contains("symbolic link"), "{error}");
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn an_account_with_a_host_means_the_user_before_it() {
    let host = host_with(Vec::new());
    let uri = |label: &str| format!("otpauth://totp/{label}?secret={KEY}&issuer=x\n");
    let text = [
        "x:root",
        "root@example.org",
        "alice%40corp@example.org",
        "@x",
    ]
    .map(uri)
    .concat();
    let path = file(&host, "uris", text.as_bytes());
    let (code, _, _) = run(&host, &list("otpauth", &path));
    assert_eq!(code, 0);
    let users: Vec<String> = imports(&host).iter().map(|one| one.user.clone()).collect();
    assert_eq!(users, ["root", "alice@corp", "@x"]);
    let names: Vec<String> = imports(&host)[0]
        .authenticators
        .iter()
        .map(|one| one.name.clone())
        .collect();
    assert_eq!(names, ["phone", "phone 2"]);
}

#[test]
fn a_uri_on_the_command_line_is_taken_with_a_warning() {
    let host = host_with(Vec::new());
    let uri = "otpauth-migration://offline?data=CiAKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgJiYiABKAEwAhAB";
    let (code, out, error) = run(&host, &["import", "otpauth-migration", uri]);
    assert!(
        code == 0 && out.starts_with("bb: would be imported"),
        "{out}"
    );
    assert!(
        error.starts_with("Other users of this host could see the URI"),
        "{error}"
    );
    let cut = &uri[..uri.len() - 12];
    let (code, _, error) = run(&host, &["import", "otpauth-migration", cut]);
    assert!(
        code == 1 && error.contains("the URI line 1: expected "),
        "{error}"
    );
}

#[test]
fn tokens_of_a_csv_get_the_users_of_another_file() {
    let host = host_with(Vec::new());
    let csv = format!("T 1,{HEX},TOTP,6,30\nT2,{HEX},HOTP,8,5\nT3,{HEX},HOTP,6,0\n");
    let csv = file(&host, "tokens.csv", csv.as_bytes());
    let users = file(
        &host,
        "users",
        b"# who has which\nT 1 alice\nT2\tbob\nT3 alice\nT9 carol\n",
    );
    let mut arguments = list("oath-csv", &csv).to_vec();
    arguments.extend(["--users", users.to_str().unwrap()]);
    let (code, _, error) = run(&host, &arguments);
    assert_eq!((code, error.as_str()), (0, ""));
    let imports = imports(&host);
    let names = imports.iter().map(|one| {
        let names = one.authenticators.iter().map(|token| token.name.as_str());
        (one.user.as_str(), names.collect::<Vec<_>>().join(", "))
    });
    let expected = [
        ("alice", "token T 1, token T3".to_owned()),
        ("bob", "token T2".to_owned()),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    for (text, expected) in [
        ("T 1 alice\nT2 bob\n", "users: the token T3 has no user"),
        (
            "T 1 alice\nT1\n",
            "users line 2: expected a serial number and a user",
        ),
        (
            "T2 a\nT2 b\n",
            "users line 2: the serial number is there twice",
        ),
    ] {
        file(&host, "users", text.as_bytes());
        let (code, _, error) = run(&host, &arguments);
        assert!(code == 1 && error.contains(expected), "{error}");
    }
}

#[test]
fn an_encrypted_container_needs_its_passphrase() {
    let host = host_with(Vec::new());
    let text = include_bytes!("../../../crates/tfa-import/tests/rfc6030/figure7.xml");
    let container = file(&host, "tokens.xml", text);
    let users = file(&host, "users", b"987654321 alice\n");
    let mut arguments = list("pskc", &container).to_vec();
    arguments.extend(["--users", users.to_str().unwrap()]);
    let (code, _, error) = run(&host, &arguments);
    assert!(
        code == 1 && error.contains("it is encrypted; give the passphrase"),
        "{error}"
    );
    let passphrase = host.file("passphrase");
    arguments.extend(["--passphrase-file", passphrase.to_str().unwrap()]);
    for (text, expected) in [
        (
            &b"qwertz\n"[..],
            "the passphrase or the key is wrong, or the file was changed",
        ),
        (b"\n", "the first line is empty"),
    ] {
        file(&host, "passphrase", text);
        let (code, out, error) = run(&host, &arguments);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(
            error.contains(expected) && error.contains("Nothing was changed."),
            "{error}"
        );
    }
    assert!(host.daemon().calls().is_empty());
    file(&host, "passphrase", b"qwerty\n");
    let (code, out, _) = run(&host, &arguments);
    assert!(
        code == 0 && out.starts_with("alice: would be imported: 1 counter-based"),
        "{out}"
    );
    let imports = imports(&host);
    assert_eq!(imports[0].authenticators[0].key, b"12345678901234567890");
    assert_eq!(imports[0].authenticators[0].name, "token 987654321");
    assert_eq!(imports[0].authenticators[0].digits, Some(8));

    let text = include_bytes!("../../../crates/tfa-import/tests/rfc6030/figure6.xml");
    let container = file(&host, "shared.xml", text);
    let key = file(&host, "key", b"12345678901234567890123456789012\n");
    let mut arguments = list("pskc", &container).to_vec();
    arguments.extend(["--key-file", key.to_str().unwrap()]);
    let (code, out, _) = run(&host, &arguments);
    assert!(
        code == 0 && out.starts_with("987654321: would be imported: 1"),
        "{out}"
    );
    file(&host, "key", b"12345x\n");
    let (code, _, error) = run(&host, &arguments);
    assert!(code == 1 && error.contains("is not hex"), "{error}");
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
    // The backup codes bound a call: 20 of them.
    assert_eq!(host.daemon().calls().len(), 25);
    let users: Vec<String> = imports(&host).iter().map(|one| one.user.clone()).collect();
    assert_eq!(users, names);
}

#[test]
fn the_help_fits_a_screen_and_wrong_usage_changes_nothing() {
    let host = host_with(Vec::new());
    let formats = [
        GOOGLE[1],
        "oath",
        "otpauth",
        "otpauth-migration",
        "oath-csv",
        "pskc",
    ];
    let helps = formats.map(|format| ["import", format, "--help"]);
    let helps = helps.iter().map(|words| &words[..]);
    for arguments in helps.chain([&["import", "--help"][..]]) {
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

#[test]
fn an_import_shows_how_far_it_is_and_how_to_go_on_after_ctrl_c() {
    let host = host_with(Vec::new());
    // Five codes each: four users in a call.
    let codes: String = (1..=5).map(|code| format!("1234567{code}\n")).collect();
    let users: Vec<String> = (0..10).map(|number| format!("user{number}")).collect();
    let files = users.iter().map(|user| {
        let file = google_file(&host, user, &codes);
        format!("{user}={file}")
    });
    let files: Vec<String> = files.collect();
    let mut arguments = GOOGLE.to_vec();
    arguments.extend(files.iter().map(String::as_str));
    arguments.push("--apply");
    host.daemon()
        .account(|account| account.import_waits_for = Some("user4".to_owned()));
    let mut terminal = host.terminal(&Run {
        arguments: &arguments,
        environment: &[("TERM", "xterm")],
        ..Run::default()
    });
    terminal.expect("[################........................]  40 %");
    host.daemon()
        .expect_call("Import user4,user5,user6,user7 false");
    terminal.types("\x03");
    terminal.expect("Stopped after 4 of 10 users; these are complete.");
    terminal.expect("To go on, run the same command again");
    assert_eq!(terminal.exit_code(), 1);
    let seen = terminal.everything();
    assert!(!seen.contains("Nothing was changed"), "{seen}");
    fits(&seen);

    host.daemon().account(|account| {
        account.import_waits_for = None;
        account.calls.clear();
    });
    let (code, out, _) = run(&host, &arguments);
    assert_eq!(code, 0);
    assert!(out.ends_with("Imported: 10, updated: 0, unchanged: 0, not imported: 0.\n"));
    assert_eq!(
        host.daemon().calls(),
        [
            "Import user0,user1,user2,user3 false",
            "Import user4,user5,user6,user7 false",
            "Import user8,user9 false"
        ]
    );
}

#[test]
fn lines_in_a_pipe_to_the_terminal_do_not_meet_the_progress_bar() {
    let host = host_with(Vec::new());
    let codes: String = (1..=5).map(|code| format!("1234567{code}\n")).collect();
    let files = (0..10).map(|number| {
        let user = format!("user{number}");
        let file = google_file(&host, &user, &codes);
        format!("{user}={file}")
    });
    let files: Vec<String> = files.collect();
    let mut arguments = GOOGLE.to_vec();
    arguments.extend(files.iter().map(String::as_str));
    let terminal = host.terminal(&Run {
        arguments: &arguments,
        environment: &[("TERM", "xterm")],
        // The shell ends after the reader: a terminal whose first process ended shows nothing more.
        before: r#"set -- sh -c '"$@" | cat' sh "$@""#,
        ..Run::default()
    });
    terminal.expect("To import: 10,");
    let seen = terminal.everything();
    assert!(!seen.contains("[#") && !seen.contains('%'), "{seen}");
}
