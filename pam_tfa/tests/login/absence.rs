//! Without a bus or a daemon, logins are refused, except root at the console if the option permits it.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, ask_code, raw_turn};
use crate::fixture::Fixture;
use crate::program::{Answer, Report, types};

pub(crate) const UNAVAILABLE: i32 = Code::AUTHINFO_UNAVAIL as i32;

/// Asserts that the login was refused, with an error for the user and a log line.
pub(crate) fn assert_unavailable(report: &Report) {
    assert_eq!(report.code(), UNAVAILABLE);
    assert!(report.logged("systemctl status tfad"), "{:?}", report.log);
    assert_eq!(
        report.shown.last().unwrap(),
        "error: Two-factor login is not available right now. Please tell your administrator."
    );
}

#[test]
fn without_a_bus_logins_are_refused() {
    assert_unavailable(&Fixture::without_bus().login("").authenticate());
}

#[test]
fn without_a_daemon_logins_are_refused() {
    assert_unavailable(&Fixture::new().login("").authenticate());
}

#[test]
fn a_daemon_that_loses_its_name_refuses() {
    let fixture = Fixture::new();
    let leave = Action::TurnThenLeave(raw_turn("ask", "Code: ", 6));
    let _daemon = fixture.daemon_on_bus([leave]);
    assert_unavailable(&fixture.login("").answers([types("123456")]).authenticate());
}

#[test]
fn a_bus_that_dies_between_calls_ends_only_the_login() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon_on_bus([ask_code()]);
    let answer = Answer::TypeAfterTheBus(fixture.bus(), "123456".to_owned());
    assert_unavailable(&fixture.login("").answers([answer]).authenticate());
}

#[test]
fn allow_root_console_admits_root_at_the_console() {
    let fixture = Fixture::new();
    let login = || {
        fixture
            .login("unreachable=allow-root-console")
            .user(Some("root"))
            .at("tty1", "")
    };
    for report in [login().authenticate(), login().account()] {
        assert_eq!(report.code(), Code::SUCCESS as i32);
        assert!(report.logged("WITHOUT a second factor"));
        // AUTHPRIV (10) and ALERT (1).
        assert!(report.log.iter().any(|line| line.starts_with("<81>")));
    }
}

#[test]
fn allow_root_console_admits_no_other_login() {
    let fixture = Fixture::new();
    for (options, user, tty, rhost) in [
        ("", "root", "tty1", ""),
        ("unreachable=deny", "root", "tty1", ""),
        ("unreachable=allow-root-console", "daemon", "tty1", ""),
        (
            "unreachable=allow-root-console",
            "nobody-at-all",
            "tty1",
            "",
        ),
        ("unreachable=allow-root-console", "root", "ssh", "192.0.2.7"),
        (
            "unreachable=allow-root-console",
            "root",
            "tty1",
            "192.0.2.7",
        ),
        ("unreachable=allow-root-console", "root", "pts/0", ""),
        ("unreachable=allow-root-console", "root", "", ""),
    ] {
        let report = fixture
            .login(options)
            .user(Some(user))
            .at(tty, rhost)
            .authenticate();
        assert_eq!(report.code(), UNAVAILABLE, "{options} {user} {tty} {rhost}");
    }
}

const CUT_OFF: &str = "org.tfad.Tfa1.Error.CutOff";
const CONSOLE_ONLY: &str = "org.tfad.Tfa1.Error.ConsoleOnly";

#[test]
fn policy_of_a_member_lets_in_root_at_the_console_when_cut_off() {
    for options in ["", "unreachable=allow-root-console"] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([Action::Error(CONSOLE_ONLY)]);
        let login = fixture.login(options).user(Some("root")).at("tty1", "");
        let report = login.authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32, "{options}");
        assert!(report.logged("WITHOUT a second factor"));
        assert!(report.logged("offline = \"console\""));
        assert!(report.log.iter().any(|line| line.starts_with("<81>")));
    }
}

#[test]
fn cut_off_member_lets_in_no_other_login() {
    for (error, options, user, tty, rhost) in [
        // The stricter of the policy and the line of the module applies.
        (CUT_OFF, "", "root", "tty1", ""),
        (
            CUT_OFF,
            "unreachable=allow-root-console",
            "root",
            "tty1",
            "",
        ),
        (CONSOLE_ONLY, "unreachable=deny", "root", "tty1", ""),
        (CONSOLE_ONLY, "", "daemon", "tty1", ""),
        (CONSOLE_ONLY, "", "root", "ssh", "192.0.2.7"),
        (CONSOLE_ONLY, "", "root", "tty1", "192.0.2.7"),
        (CONSOLE_ONLY, "", "root", "pts/0", ""),
    ] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([Action::Error(error)]);
        let login = fixture.login(options).user(Some(user)).at(tty, rhost);
        let code = login.authenticate().code();
        assert_eq!(code, UNAVAILABLE, "{error} {options} {user} {tty} {rhost}");
    }
}

#[test]
fn member_that_is_cut_off_within_a_login_lets_nothing_in() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([ask_code(), Action::Error(CONSOLE_ONLY)]);
    let login = fixture.login("").user(Some("root")).at("tty1", "");
    let report = login.answers([types("123456")]).authenticate();
    assert_eq!(report.code(), UNAVAILABLE);
}
