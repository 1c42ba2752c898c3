//! Backups and their restoration. A script replaces the program of the daemon.

use std::os::unix::fs::PermissionsExt as _;

use tfa_testkit::{Run, TestHost, finished};

use crate::{fits, json};

/// A script in place of `tfad`. It records its arguments and the first line of its input, prints this
/// report, and waits for the end of its input if the report says so.
fn with_program(host: &TestHost, report: &str) -> String {
    let folder = host.folder().display();
    let script = format!(
        "#!/bin/sh\nread -r line\necho \"$@ <$line>\" >> {folder}/called\ncat <<'END' | while read -r line; do \
         case $line in wait) cat >/dev/null <&3;; *) echo \"$line\";; esac; done 3<&0\n{report}\nEND\n\
         ! grep -q '^refused' {folder}/report\n"
    );
    // The pipe is the input of the loop: the input of the script gets another number first.
    let script = script
        .replace("#!/bin/sh\n", "#!/bin/bash\nexec 3<&0\n")
        .replace(" done 3<&0", " done");
    std::fs::write(host.file("report"), report).unwrap();
    host.script("tfad", &script);
    format!("mount -t tmpfs tmpfs /usr/sbin; cp {folder}/tfad /usr/sbin/")
}

fn called(host: &TestHost) -> String {
    std::fs::read_to_string(host.file("called")).unwrap_or_default()
}

fn host() -> TestHost {
    TestHost::without_daemon(env!("CARGO_BIN_EXE_tfactl"))
}

fn run(host: &TestHost, before: &str, arguments: &[&str]) -> (i32, String, String) {
    finished(&host.output(&Run {
        arguments,
        before,
        ..Run::default()
    }))
}

const MADE: &str = "progress 1000 3000\nprogress 3000 3000\nresult records 3000\nresult key 0a0b";

#[test]
fn a_backup_says_what_is_in_the_file_and_what_is_not() {
    let host = host();
    let before = with_program(&host, MADE);
    let (code, out, error) = run(&host, &before, &["backup", "file"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.starts_with("The file file has 3000 records"), "{out}");
    for said in [
        "fingerprint 0a0b",
        "The key is not in it",
        "Not in it: the policy",
    ] {
        assert!(out.replace('\n', " ").contains(said), "{out}");
    }
    fits(&out);
    assert_eq!(called(&host), "--task backup --file file <>\n");
    let (code, out, _) = run(&host, &before, &["backup", "file", "--json"]);
    assert_eq!(code, 0);
    let expected = serde_json::json!(
        {"file": "file", "records": 3000, "with_key": false, "key": "0a0b"}
    );
    assert_eq!(json(&out), expected);
}

#[test]
fn a_new_passphrase_is_typed_twice_and_never_shown() {
    for third in ["correct horse", "correct house"] {
        let host = host();
        let before = with_program(&host, MADE);
        let mut terminal = host.terminal(&Run {
            arguments: &["backup", "file", "--with-key"],
            before: &before,
            ..Run::default()
        });
        terminal.answers("New passphrase:", "correct");
        let again = "at least 12 characters. Nothing was changed.\nNew passphrase:";
        terminal.answers(again, "correct horse");
        terminal.answers("The same again:", "correct house");
        let again = "are not the same. Nothing was changed.\nNew passphrase:";
        terminal.answers(again, "correct horse");
        terminal.answers(&format!("{again} \nThe same again:"), third);
        let is_same = third == "correct horse";
        if is_same {
            terminal.expect("give every code");
        } else {
            terminal.expect("The two passphrases are not the same. Nothing was changed.");
        }
        assert_eq!(terminal.exit_code(), i32::from(!is_same));
        assert!(!terminal.everything().contains("correct"));
        let expected = "--task backup --file file --with-key <correct horse>\n";
        assert_eq!(called(&host), if is_same { expected } else { "" });
    }
}

fn set_mode(host: &TestHost, mode: u32) {
    std::fs::set_permissions(host.file("secret"), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_passphrase_comes_from_the_first_line_of_a_file() {
    let host = host();
    let before = with_program(&host, MADE);
    for (contents, passed) in [
        (&b"twelve letters"[..], Ok("twelve letters")),
        (b"twelve letters\r\nmore", Ok("twelve letters")),
        (b"short", Err("must have at least 12 characters")),
        (b"\nsecond line", Err("first line is empty")),
        (b"twelve \xff letters", Err("not UTF-8")),
        (&[b'x'; 5000], Err("too long")),
    ] {
        let _ = std::fs::remove_file(host.file("called"));
        std::fs::write(host.file("secret"), contents).unwrap();
        set_mode(&host, 0o600);
        let arguments = [
            "backup",
            "file",
            "--with-key",
            "--passphrase-file",
            "secret",
        ];
        let (code, _, error) = run(&host, &before, &arguments);
        match passed {
            Ok(passphrase) => {
                assert_eq!((code, error.as_str()), (0, ""));
                let expected = format!("--task backup --file file --with-key <{passphrase}>\n");
                assert_eq!(called(&host), expected);
            }
            Err(said) => {
                assert_eq!((code, called(&host).as_str()), (1, ""));
                assert!(error.contains(said), "{error}");
            }
        }
    }
    // No other user may read it, or put another one in its place.
    std::fs::write(host.file("secret"), "twelve letters").unwrap();
    set_mode(&host, 0o640);
    std::os::unix::fs::symlink(host.file("secret"), host.file("link")).unwrap();
    for (name, said) in [("secret", "chmod 600"), ("link", "symbolic link")] {
        let arguments = ["backup", "file", "--with-key", "--passphrase-file", name];
        let (code, _, error) = run(&host, &before, &arguments);
        assert_eq!((code, called(&host).as_str()), (1, ""));
        assert!(error.contains(said), "{error}");
    }
    let (code, _, error) = run(&host, &before, &["backup", "file", "--with-key"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("--with-key --passphrase-file FILE"),
        "{error}"
    );
    let wrong = ["backup", "file", "--passphrase-file", "secret"];
    assert_eq!(run(&host, &before, &wrong).0, 2);
}

#[test]
fn a_file_that_exists_and_a_user_without_rights_are_refused_before_a_question() {
    let host = host();
    let before = with_program(&host, MADE);
    std::fs::write(host.file("file"), "").unwrap();
    let (code, out, error) = run(&host, &before, &["backup", "file", "--with-key"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("A backup never replaces a file"), "{error}");
    for arguments in [&["backup", "other"][..], &["restore", "file"]] {
        let (code, _, error) = finished(&host.output(&Run {
            arguments,
            before: &before,
            as_nobody: true,
            ..Run::default()
        }));
        assert_eq!(code, 1);
        assert!(error.contains("only root may do that"), "{error}");
    }
    assert_eq!(called(&host), "");
}

#[test]
fn a_refusal_of_the_task_is_printed_and_fails() {
    let host = host();
    let before = with_program(
        &host,
        "progress 0 1\nrefused refused /file: No space left on device",
    );
    let (code, out, error) = run(&host, &before, &["backup", "file"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "/file: No space left on device.\n");
    let before = with_program(&host, "progress 0 1");
    let before = format!("{before}; printf '#!/bin/sh\\nexit 1' > /usr/sbin/tfad");
    let (code, _, error) = run(&host, &before, &["backup", "file"]);
    assert_eq!(code, 1);
    assert!(error.contains("ended before it was done"), "{error}");
}

#[test]
fn ctrl_c_cancels_the_task_and_waits_for_its_end() {
    let host = host();
    let report = "progress 10 100\nwait\nrefused cancelled it was cancelled";
    let before = with_program(&host, report);
    let mut terminal = host.terminal(&Run {
        arguments: &["backup", "file"],
        before: &before,
        environment: &[("TERM", "xterm")],
        ..Run::default()
    });
    terminal.expect("[####....................................]  10 %");
    terminal.types("\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
}

const RESTORED: &str = "result records 3\nresult created 1795910400\nresult host one.example\n\
    result backup-codes alice\nresult backup-codes bob\nresult counters carol\nresult lost dave\n\
    result paused erin\nresult changed finn\nresult returned gwen\n\
    result put-aside /var/lib/tfa/accounts.db.damaged-1\nresult lost-documents all";

#[test]
fn a_restoration_names_who_has_to_do_something() {
    let host = host();
    let before = with_program(&host, RESTORED);
    let arguments = ["restore", "file", "--force", "--void-backup-codes"];
    let (code, out, error) = run(&host, &before, &arguments);
    assert_eq!((code, error.as_str()), (0, ""));
    for said in [
        "Restored: 3 records",
        "on one.example.",
        "alice, bob. Ask them to run tfa-enroll codes",
        "carol. Ask them to log in with it",
        "required: dave.",
        "and is now: erin. To end a pause: tfactl enable USER",
        "records of the backup again: finn.",
        "have that of the backup again: gwen. If one was reset",
        "Publish the policy again",
        "One-time codes of before now are not accepted again",
    ] {
        assert!(out.replace('\n', " ").contains(said), "{said}: {out}");
    }
    fits(&out);
    let expected = "--task restore --file file --force --void-backup-codes <>\n";
    assert_eq!(called(&host), expected);
    let (_, out, _) = run(&host, &before, &["restore", "file", "--json"]);
    let expected = serde_json::json!({
        "records": 3, "created": "2026-11-29T00:00:00Z", "host": "one.example",
        "backup_codes": ["alice", "bob"], "counters": ["carol"],
        "paused": ["erin"], "changed": ["finn"], "lost": ["dave"], "returned": ["gwen"],
        "put_aside": "/var/lib/tfa/accounts.db.damaged-1", "lost_documents": true,
    });
    assert_eq!(json(&out), expected);
}

#[test]
fn a_daemon_that_does_not_start_again_is_reported_after_the_rest() {
    let host = host();
    let before = with_program(&host, &format!("{RESTORED}\nresult not-started it failed"));
    let (code, out, error) = run(&host, &before, &["restore", "file"]);
    assert_eq!(code, 1);
    assert!(out.contains("Restored: 3 records"), "{out}");
    assert!(error.contains("did not start again: it failed"), "{error}");
}

#[test]
fn the_passphrase_of_a_backup_is_asked_for_when_it_is_needed() {
    let host = host();
    let report = "refused wrong-passphrase wrong passphrase, or the key was changed";
    let before = with_program(&host, report);
    let mut terminal = host.terminal(&Run {
        arguments: &["restore", "file"],
        before: &before,
        ..Run::default()
    });
    // A typo is no reason to begin again.
    for (number, typed) in [(1, "house"), (2, "mouse"), (3, "horse")] {
        let asked = "the key was changed.\nPassphrase of the backup:";
        terminal.expect_that("further prompt", |screen| {
            screen.contents().matches(asked).count() == number
        });
        terminal.types(&format!("correct {typed}\r"));
    }
    assert_eq!(terminal.exit_code(), 1);
    assert!(!terminal.everything().contains("correct"));
    let task = "--task restore --file file";
    assert_eq!(
        called(&host),
        format!(
            "{task} <>\n{task} <correct house>\n{task} <correct mouse>\n{task} <correct horse>\n"
        )
    );
    // A script is told how to give it.
    let (code, _, error) = run(&host, &before, &["restore", "file"]);
    assert_eq!(code, 1);
    assert!(error.contains("--passphrase-file FILE"), "{error}");
}

#[test]
fn a_rotation_of_the_key_says_what_follows_from_it() {
    let host = host();
    let before = with_program(&host, "progress 5 5\nresult key 0a0b\nresult records 5");
    let (code, out, error) = run(&host, &before, &["key", "rotate"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        out.starts_with("5 records are sealed with the new key (fingerprint 0a0b)"),
        "{out}"
    );
    assert!(out.contains("tfactl backup now"), "{out}");
    fits(&out);
    assert_eq!(called(&host), "--task rotate-key <>\n");
    let (_, out, _) = run(&host, &before, &["key", "rotate", "--json"]);
    assert_eq!(json(&out), serde_json::json!({"records": 5, "key": "0a0b"}));
    // The daemon goes on without the command.
    let before = with_program(
        &host,
        "progress 1 5\nwait\nrefused continues the daemon continues",
    );
    let mut terminal = host.terminal(&Run {
        arguments: &["key", "rotate"],
        before: &before,
        environment: &[("TERM", "xterm")],
        ..Run::default()
    });
    terminal.expect("20 %");
    terminal.types("\x03");
    terminal.expect("The daemon continues the rotation.");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn a_migration_says_where_the_accounts_are_and_what_is_left_to_do() {
    let host = host();
    let before = with_program(&host, "progress 5 5\nresult records 5");
    let to_etcd = ["store", "migrate", "--to", "etcd"];
    let (code, out, error) = run(&host, &before, &to_etcd);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.starts_with("5 records are in etcd now."), "{out}");
    fits(&out);
    assert_eq!(called(&host), "--task migrate --to etcd <>\n");
    let to_sqlite = ["store", "migrate", "--to", "sqlite", "--json"];
    let (_, out, _) = run(&host, &before, &to_sqlite);
    assert_eq!(
        json(&out),
        serde_json::json!({"to": "sqlite", "records": 5})
    );

    // On a terminal it asks before the other verifiers refuse logins.
    for (answer, ends_with, code) in [
        ("n", "Nothing was moved.", 1),
        ("y", "5 records are in the", 0),
    ] {
        let mut terminal = host.terminal(&Run {
            arguments: &["store", "migrate", "--to", "sqlite"],
            before: &before,
            environment: &[("TERM", "xterm")],
            ..Run::default()
        });
        terminal.expect("will refuse all logins");
        terminal.expect("[y/N] ");
        terminal.types(&format!("{answer}\r"));
        terminal.expect(ends_with);
        assert_eq!(terminal.exit_code(), code);
    }

    // One that was interrupted had moved them.
    let before = with_program(
        &host,
        "result not-named put the lines [store] into tfad.toml",
    );
    let (code, out, error) = run(&host, &before, &to_etcd);
    assert_eq!(code, 1);
    assert!(out.starts_with("The accounts are in etcd now."), "{out}");
    assert!(error.contains("put the lines [store]"), "{error}");
    let (code, _, _) = run(&host, &before, &["store", "migrate", "--to", "mysql"]);
    assert_eq!(code, 2);

    let before = with_program(&host, "progress 1 5\nwait\nrefused resumes cancelled");
    let mut terminal = host.terminal(&Run {
        arguments: &to_etcd,
        before: &before,
        environment: &[("TERM", "xterm")],
        ..Run::default()
    });
    terminal.expect("20 %");
    terminal.types("\x03");
    terminal.expect("To go on from here");
    assert_eq!(terminal.exit_code(), 1);
}
