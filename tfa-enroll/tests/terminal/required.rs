//! Enrollment and status where the policy requires two-factor login.

use tfa_client::now;
use tfa_proto::Status;
use tfa_testkit::daemon::enabled;
use tfa_testkit::{TestHost, finished};
use tfa_text::time::date_time;

use crate::setup::status_without_enrollment;

fn host(status: Status) -> TestHost {
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status)
}

fn required() -> Status {
    Status {
        required: true,
        ..enabled()
    }
}

fn status(status: Status) -> String {
    let (code, out, error) = finished(&host(status).output_with(&["status"]));
    assert_eq!((code, error.as_str()), (0, ""));
    let longest = out.lines().map(str::len).max();
    assert!(longest < Some(80), "{out}");
    out
}

#[test]
fn required_login_cannot_be_switched_off_and_uses_no_code() {
    for command in ["pause", "remove"] {
        let host = host(required());
        let mut terminal = host.terminal_with(&[command]);
        terminal.expect("required on this host, so you cannot switch it off.");
        terminal.expect("To replace an authenticator: tfa-enroll move");
        assert_eq!(terminal.exit_code(), 1);
        assert!(!terminal.everything().contains("backup code:"));
        assert!(host.daemon().calls().is_empty());
    }
}

#[test]
fn a_refusal_of_the_daemon_is_shown() {
    for (command, before) in [("pause", None), ("remove", Some("To remove it, type yes"))] {
        let host = host(enabled());
        host.daemon()
            .account(|account| account.refuses_switch_off = true);
        let mut terminal = host.terminal_with(&[command]);
        if let Some(question) = before {
            terminal.answers(question, "yes");
        }
        terminal.expect("It was made required just now, so it cannot be switched off.");
        assert_eq!(terminal.exit_code(), 1);
    }
}

#[test]
fn impossible_commands_are_not_listed() {
    let host = host(required());
    let mut terminal = host.terminal_with(&[]);
    for command in ["list", "rename", "move", "devices"] {
        terminal.expect(&format!("tfa-enroll {command:<6} "));
    }
    assert_eq!(terminal.exit_code(), 0);
    let all = terminal.everything();
    assert!(!all.contains("tfa-enroll pause"), "{all}");
    assert!(!all.contains("tfa-enroll remove"), "{all}");
}

#[test]
fn a_paused_user_sees_when_codes_become_required() {
    let text = status(Status {
        state: Some(tfa_proto::State::Paused.into()),
        ..required()
    });
    assert!(text.contains("paused, but logins ask for codes"), "{text}");
}

#[test]
fn the_status_shows_the_day_from_which_it_is_required() {
    let until = now() + 20 * 86_400;
    let text = status(Status {
        required: true,
        grace_until: Some(until),
        ..status_without_enrollment()
    });
    let line = format!(
        "Required: yes, from {}. Until then you can log in without it.\n",
        date_time(until)
    );
    assert!(text.contains(&line), "{text}");
}

#[test]
fn a_near_date_is_shown_with_the_time() {
    let until = now() + 3600;
    let text = status(Status {
        required: true,
        grace_until: Some(until),
        ..status_without_enrollment()
    });
    assert!(
        text.contains(&format!("from {}.", date_time(until))),
        "{text}"
    );
}

#[test]
fn an_expired_or_unneeded_grace_is_not_shown() {
    let set_up = Status {
        grace_until: Some(now() + 86_400),
        ..required()
    };
    let over = Status {
        required: true,
        grace_until: Some(now() - 1),
        ..status_without_enrollment()
    };
    for shown in [set_up, over] {
        assert!(status(shown).contains("Required: yes\n"));
    }
}

#[test]
fn the_status_shows_when_an_invitation_expires() {
    let until = now() + 20 * 86_400;
    let invited = Status {
        invited_until: Some(until),
        ..status_without_enrollment()
    };
    let text = status(invited.clone());
    let line = format!("Invitation: valid until {}\n", date_time(until));
    assert!(text.contains(&line), "{text}");
    let over = Status {
        invited_until: Some(now() - 1),
        ..invited
    };
    let text = status(over);
    assert!(!text.contains("Invitation"), "{text}");
}
