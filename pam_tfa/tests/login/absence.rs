//! No bus, no daemon, no answer: nobody gets in, and nobody waits longer than the line says.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, Daemon, ask_code, verdict, words};
use crate::program::{Answer, Report, types};
use crate::stage::Stage;

const UNAVAILABLE: i32 = Code::AUTHINFO_UNAVAIL as i32;

fn denies(report: &Report) {
    assert_eq!(report.code(), UNAVAILABLE);
    assert!(report.logged("systemctl status tfad"), "{:?}", report.log);
    assert_eq!(
        report.said.last().unwrap(),
        "error: Two-factor login is not available right now. Please tell your administrator."
    );
}

fn denies_in_time(report: &Report) {
    denies(report);
    let milliseconds = report.milliseconds[0];
    assert!((1000..2500).contains(&milliseconds), "{milliseconds} ms");
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
fn a_daemon_that_dies_lets_nobody_in() {
    let stage = Stage::new();
    let _daemon = stage.daemon([Act::Die]);
    denies(&stage.login("").authenticate());
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), Act::Die]);
    denies(&stage.login("").answers([types("123456")]).authenticate());
}

#[test]
fn a_daemon_that_loses_its_name_lets_nobody_in() {
    let stage = Stage::new();
    let leave = Act::TurnThenLeave(words("ask", "Code: ", 6));
    let _daemon = stage.daemon([leave]);
    denies(&stage.login("").answers([types("123456")]).authenticate());
}

#[test]
fn a_bus_that_dies_in_between_ends_the_login_and_not_the_program() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code()]);
    let answer = Answer::TypeAfterTheBus(stage.bus(), "123456".to_owned());
    denies(&stage.login("").answers([answer]).authenticate());
}

#[test]
fn a_silent_daemon_is_not_waited_for_longer_than_the_line_says() {
    let stage = Stage::new();
    let _daemon = stage.daemon([Act::Silence]);
    denies_in_time(&stage.login("timeout=1").authenticate());
}

#[test]
fn a_daemon_that_falls_silent_is_not_waited_for_either() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), Act::Silence]);
    let login = stage.login("timeout=1").answers([types("123456")]);
    denies_in_time(&login.authenticate());
}

#[test]
fn the_time_is_for_the_whole_phase_and_not_for_each_call() {
    let stage = Stage::new();
    let _daemon = stage.daemon([
        Act::Late(700, words("ask", "Code: ", 6)),
        Act::Late(700, words("verdict", "verified", 0)),
    ]);
    let login = stage.login("timeout=1").answers([types("123456")]);
    denies_in_time(&login.authenticate());
}

#[test]
fn the_persons_time_is_not_counted() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), verdict("verified")]);
    let answer = Answer::TypeLate(1200, "123456".to_owned());
    let report = stage.login("timeout=1").answers([answer]).authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
}

#[test]
fn a_frozen_bus_is_not_waited_for_either() {
    let stage = Stage::new();
    stage.freeze_bus();
    denies_in_time(&stage.login("timeout=1").authenticate());
}

#[test]
fn a_bus_with_a_full_queue_is_not_waited_for_either() {
    let stage = Stage::without_bus();
    let (_listener, _queued) = full_queue(&stage);
    denies_in_time(&stage.login("timeout=1").authenticate());
}

/// A socket where nobody accepts and nobody more can wait.
fn full_queue(stage: &Stage) -> (OwnedFd, UnixStream) {
    let flags = SockFlag::SOCK_CLOEXEC;
    let listener = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
    let address = UnixAddr::new(&stage.socket()).unwrap();
    socket::bind(std::os::fd::AsRawFd::as_raw_fd(&listener), &address).unwrap();
    socket::listen(&listener.as_fd(), Backlog::new(0).unwrap()).unwrap();
    (listener, UnixStream::connect(stage.socket()).unwrap())
}

#[test]
fn the_environment_cannot_send_the_question_elsewhere() {
    let stage = Stage::new();
    let evil = Stage::new();
    let daemon = stage.daemon([verdict("denied")]);
    let evil_daemon = evil.daemon([verdict("verified")]);
    let address = format!("unix:path={}", evil.socket().display());
    let report = stage
        .login("")
        .environment("DBUS_SYSTEM_BUS_ADDRESS", &address)
        .environment("DBUS_SESSION_BUS_ADDRESS", &address)
        .environment("DBUS_STARTER_ADDRESS", &address)
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.calls().len(), 1);
    assert_eq!(evil_daemon.calls(), []);
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

#[test]
fn a_daemon_that_answers_is_not_absent() {
    let root = |stage: &Stage, answers: Vec<Answer>| {
        stage
            .login("unreachable=allow-root-console timeout=1")
            .user(Some("root"))
            .at("tty1", "")
            .answers(answers)
            .authenticate()
            .code()
    };
    for (acts, code) in [
        (vec![Act::Error("org.tfad.Tfa1.Error.Damaged")], UNAVAILABLE),
        // In whose name it comes does not make it the bus' own word.
        (
            vec![Act::Error("org.freedesktop.DBus.Error.ServiceUnknown")],
            UNAVAILABLE,
        ),
        (
            vec![Act::Error("org.freedesktop.systemd1.NoSuchUnit")],
            UNAVAILABLE,
        ),
        (vec![Act::Nonsense], UNAVAILABLE),
        (vec![verdict("denied")], Code::AUTH_ERR as i32),
        (vec![ask_code(), Act::Silence], UNAVAILABLE),
        (vec![ask_code(), Act::Die], UNAVAILABLE),
    ] {
        let stage = Stage::new();
        let description = format!("{acts:?}");
        let _daemon: Daemon = stage.daemon(acts);
        assert_eq!(root(&stage, vec![types("123456")]), code, "{description}");
    }
}
