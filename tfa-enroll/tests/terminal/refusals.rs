//! Refusals: no terminal, no daemon, no bus, wrong usage.

use std::os::unix::fs::MetadataExt;

use tfa_testkit::daemon::{PROOF, enabled};
use tfa_testkit::{NOBODY, Run, TestHost, finished, skip_without_uid};

use crate::setup::host;

#[test]
fn without_a_terminal_commands_that_ask_are_refused() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled());
    for command in [
        "setup", "codes", "move", "pause", "resume", "remove", "test",
    ] {
        let (code, out, error) = finished(&host.output_with(&[command]));
        assert_eq!(code, 1, "{command}");
        assert_eq!(out, "");
        assert!(error.contains("needs a terminal"), "{error}");
        assert!(error.contains("ssh -t"), "{error}");
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn an_absent_daemon_is_exit_code_3_with_a_remedy() {
    let host = TestHost::without_daemon(env!("CARGO_BIN_EXE_tfa-enroll"));
    let (code, _, error) = finished(&host.output_with(&["status"]));
    assert_eq!(code, 3);
    assert!(
        error.contains("does not run and could not be started"),
        "{error}"
    );
    assert!(error.contains("systemctl status tfad"), "{error}");
}

#[test]
fn an_absent_bus_is_exit_code_3() {
    let host = host();
    let output = host.output(&Run {
        arguments: &["status"],
        before: "rm /run/dbus/system_bus_socket",
        ..Run::default()
    });
    let (code, _, error) = finished(&output);
    assert_eq!(code, 3);
    assert!(
        error.contains("The system bus cannot be reached"),
        "{error}"
    );
}

#[test]
fn the_address_of_the_bus_is_not_taken_from_the_environment() {
    let host = TestHost::without_daemon(env!("CARGO_BIN_EXE_tfa-enroll"));
    let output = host.output(&Run {
        arguments: &["status"],
        environment: &[("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")],
        ..Run::default()
    });
    let (_, _, error) = finished(&output);
    assert!(error.contains("(tfad) does not run"), "{error}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let host = host();
    for arguments in [
        &["dance"][..],
        &["setup", "--qr", "gif:x"],
        &["setup", "--qr", "png:"],
        &["setup", "--digits", "7"],
        &["setup", "--algorithm", "MD5"],
        &["setup", "--period", "0"],
        &["status", "--pdf", "x"],
        &["codes", "123456"],
    ] {
        let (code, _, error) = finished(&host.output_with(arguments));
        assert_eq!(code, 2, "{arguments:?}");
        assert!(error.contains("error:"), "{error}");
    }
}

#[test]
fn help_succeeds() {
    let (code, out, _) = finished(&host().output_with(&["--help"]));
    assert_eq!(code, 0);
    assert!(out.contains("Exit status: 0 success"), "{out}");
    assert!(out.lines().count() < 24, "{out}");
}

#[test]
fn a_wait_is_explained_and_can_be_interrupted() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled());
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.expect("or a backup code:");
    host.daemon().account(|account| account.silent = true);
    terminal.types(&format!("{PROOF}\r"));
    terminal.expect("Waiting for the two-factor service (tfad)...");
    terminal.types("\x03");
    terminal.expect("It is not known whether your\nrequest was carried out.");
    assert_eq!(terminal.exit_code(), 3);
}

#[test]
fn a_failed_write_to_the_output_is_an_error() {
    let host = host();
    let (code, _, error) = finished(&host.output(&Run {
        arguments: &["status"],
        before: "exec > /dev/full",
        ..Run::default()
    }));
    assert_eq!(code, 1);
    assert!(error.contains("No space left"), "{error}");
}

#[test]
fn other_programs_of_the_user_cannot_read_its_memory() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = host();
    let terminal = host.terminal(&Run {
        as_nobody: true,
        ..Run::default()
    });
    terminal.expect("Set it up now?");
    let memory = std::fs::metadata(format!("/proc/{}/mem", terminal.process())).unwrap();
    assert_eq!(memory.uid(), 0);
}

#[test]
fn member_that_allows_no_changes_is_asked_for_none() {
    let status = tfa_proto::Status {
        changes_refused: Some("run tfa-enroll on v1.example".to_owned()),
        ..enabled()
    };
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status);
    for command in ["codes", "move", "add", "pause"] {
        let terminal = host.terminal(&Run {
            arguments: &[command],
            ..Run::default()
        });
        terminal.expect("Not allowed: run tfa-enroll on v1.example.");
        terminal.expect("Nothing was changed");
        let calls = host.daemon().calls();
        assert!(calls.iter().all(|call| call == "Status"), "{calls:?}");
    }
}

#[test]
fn member_that_allows_no_changes_offers_none_and_says_where() {
    let why = "two-factor login cannot be changed on web1.example: run tfa-enroll on v1.example. Nothing was changed";
    let status = tfa_proto::Status {
        changes_refused: Some(why.to_owned()),
        backup_codes_left: 1,
        ..enabled()
    };
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status);
    let mut terminal = host.terminal(&Run::default());
    assert_eq!(terminal.exit_code(), 0);
    let screen = terminal.screen();
    for offered in ["tfa-enroll test", "tfa-enroll list", "tfa-enroll devices"] {
        assert!(screen.contains(offered), "{screen}");
    }
    for refused in ["codes", "add", "rename", "move", "pause", "remove"] {
        assert!(
            !screen.contains(&format!("tfa-enroll {refused}")),
            "{screen}"
        );
    }
    assert!(
        screen.contains("v1.example.") && !screen.contains("Nothing was changed"),
        "{screen}"
    );
    let mut terminal = host.terminal(&Run {
        arguments: &["codes"],
        ..Run::default()
    });
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(terminal.screen().matches("Nothing was changed").count(), 1);
}
