//! No bus, or no daemon on it: nobody gets in, but root at the console where the line says so.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, ask_code, words};
use crate::program::{Answer, Report, types};
use crate::stage::Stage;

pub(crate) const UNAVAILABLE: i32 = Code::AUTHINFO_UNAVAIL as i32;

/// Checks that nobody was let in, and that who has to know was told.
pub(crate) fn denies(report: &Report) {
    assert_eq!(report.code(), UNAVAILABLE);
    assert!(report.logged("systemctl status tfad"), "{:?}", report.log);
    assert_eq!(
        report.said.last().unwrap(),
        "error: Two-factor login is not available right now. Please tell your administrator."
    );
}

#[test]
fn without_a_bus_nobody_gets_in() {
    denies(&Stage::without_bus().login("").authenticate());
}

#[test]
fn without_a_daemon_nobody_gets_in() {
    denies(&Stage::new().login("").authenticate());
}

#[test]
fn a_daemon_that_loses_its_name_lets_nobody_in() {
    let stage = Stage::new();
    let leave = Act::TurnThenLeave(words("ask", "Code: ", 6));
    let _daemon = stage.daemon_on_the_bus([leave]);
    denies(&stage.login("").answers([types("123456")]).authenticate());
}

#[test]
fn a_bus_that_dies_in_between_ends_the_login_and_not_the_program() {
    let stage = Stage::new();
    let _daemon = stage.daemon_on_the_bus([ask_code()]);
    let answer = Answer::TypeAfterTheBus(stage.bus(), "123456".to_owned());
    denies(&stage.login("").answers([answer]).authenticate());
}

#[test]
fn root_at_the_console_gets_in_where_the_line_says_so() {
    let stage = Stage::new();
    let login = || {
        stage
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
fn nobody_else_gets_in_that_way() {
    let stage = Stage::new();
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
        let report = stage
            .login(options)
            .user(Some(user))
            .at(tty, rhost)
            .authenticate();
        assert_eq!(report.code(), UNAVAILABLE, "{options} {user} {tty} {rhost}");
    }
}
