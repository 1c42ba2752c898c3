//! A daemon or a bus that does not reply, or too late, or not completely. The login is refused within
//! the timeout, even that of root at the console: a user could have caused this.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};

use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use pam_sys::PamReturnCode as Code;

use crate::absence::{UNAVAILABLE, assert_unavailable};
use crate::daemon::{Action, ask_code, raw_turn, verdict};
use crate::fixture::{ENDPOINTS, Fixture, Login};
use crate::program::{Answer, Report, types};

fn assert_times_out(report: &Report) {
    assert_unavailable(report);
    let milliseconds = report.milliseconds[0];
    assert!(milliseconds >= 1000, "{milliseconds} ms");
}

/// A login that is accepted if the daemon is absent.
fn root_at_console<'a>(fixture: &'a Fixture, options: &str) -> Login<'a> {
    fixture
        .login(&format!("unreachable=allow-root-console {options}"))
        .user(Some("root"))
        .at("tty1", "")
}

#[test]
fn a_daemon_that_dies_refuses() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [Action::Die]);
        assert_unavailable(&fixture.login("").authenticate());
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [ask_code(), Action::Die]);
        assert_unavailable(&fixture.login("").answers([types("123456")]).authenticate());
    }
}

#[test]
fn a_daemon_that_dies_between_calls_ends_only_the_login() {
    for root in [false, true] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([Action::TurnThenLeave(raw_turn("ask", "Code: ", 6))]);
        let login = match root {
            true => root_at_console(&fixture, ""),
            false => fixture.login(""),
        };
        let answer = Answer::TypeAfterTheDaemon("123456".to_owned());
        assert_unavailable(&login.answers([answer]).authenticate());
    }
}

#[test]
fn a_silent_daemon_times_out() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [Action::NoReply]);
        assert_times_out(&fixture.login("timeout=1").authenticate());
    }
}

#[test]
fn a_daemon_that_becomes_silent_times_out() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [ask_code(), Action::NoReply]);
        let login = fixture.login("timeout=1").answers([types("123456")]);
        assert_times_out(&login.authenticate());
    }
}

#[test]
fn the_timeout_holds_for_the_whole_phase() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let late = [
            Action::Delayed(700, raw_turn("ask", "Code: ", 6)),
            Action::Delayed(700, raw_turn("verdict", "verified", 0)),
        ];
        let _daemon = fixture.daemon_on(endpoint, late);
        let login = fixture.login("timeout=1").answers([types("123456")]);
        assert_times_out(&login.authenticate());
    }
}

#[test]
fn the_time_of_the_user_is_not_counted() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [ask_code(), verdict("verified")]);
        let answer = Answer::TypeLate(1200, "123456".to_owned());
        let report = fixture.login("timeout=1").answers([answer]).authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32, "{endpoint:?}");
    }
}

#[test]
fn a_stopped_bus_times_out() {
    let fixture = Fixture::new();
    fixture.freeze_bus();
    assert_times_out(&fixture.login("timeout=1").authenticate());
}

#[test]
fn a_daemon_that_does_not_accept_times_out() {
    let fixture = Fixture::new();
    // The kernel completes the connection, and no process accepts it.
    let _listener = UnixListener::bind(fixture.login_socket()).unwrap();
    assert_times_out(&fixture.login("timeout=1").authenticate());
    assert_times_out(&root_at_console(&fixture, "timeout=1").authenticate());
}

#[test]
fn a_full_queue_times_out() {
    let fixture = Fixture::without_bus();
    let _full = full_queue(&fixture.socket());
    assert_times_out(&fixture.login("timeout=1").authenticate());
    assert_times_out(&root_at_console(&fixture, "timeout=1").authenticate());
    let fixture = Fixture::new();
    let _full = full_queue(&fixture.login_socket());
    assert_times_out(&fixture.login("timeout=1").authenticate());
    assert_times_out(&root_at_console(&fixture, "timeout=1").authenticate());
}

/// A socket whose queue is full.
fn full_queue(path: &Path) -> (OwnedFd, UnixStream) {
    let flags = SockFlag::SOCK_CLOEXEC;
    let listener = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
    let address = UnixAddr::new(path).unwrap();
    socket::bind(listener.as_raw_fd(), &address).unwrap();
    socket::listen(&listener.as_fd(), Backlog::new(0).unwrap()).unwrap();
    (listener, UnixStream::connect(path).unwrap())
}

/// Accepts one connection at the socket of the daemon, sends the bytes, and closes it.
fn close_after(fixture: &Fixture, bytes: &[u8]) -> JoinHandle<()> {
    let listener = UnixListener::bind(fixture.login_socket()).unwrap();
    let bytes = bytes.to_vec();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&bytes).unwrap();
        // After a first byte, with the rest unread, so that the close is a reset.
        stream.read_exact(&mut [0]).unwrap();
    })
}

#[test]
fn a_broken_connection_refuses_even_root_at_the_console() {
    let ok = b"OK 0123456789abcdef0123456789abcdef\r\n";
    // The beginning of a reply.
    let reply = [&ok[..], &[b'l', 2, 1, 1, 200, 0, 0, 0, 1, 0, 0, 0]].concat();
    for bytes in [b"", &ok[..7], ok, b"REJECTED EXTERNAL\r\n", &reply] {
        let fixture = Fixture::new();
        let daemon = close_after(&fixture, bytes);
        assert_unavailable(&root_at_console(&fixture, "").authenticate());
        daemon.join().unwrap();
    }
}

#[test]
fn a_daemon_that_answers_is_not_absent() {
    for (actions, code) in [
        (
            vec![Action::Error("org.tfad.Tfa1.Error.Damaged")],
            UNAVAILABLE,
        ),
        // Errors with names of the bus that come from the daemon.
        (
            vec![Action::Error("org.freedesktop.DBus.Error.ServiceUnknown")],
            UNAVAILABLE,
        ),
        (
            vec![Action::Error("org.freedesktop.systemd1.NoSuchUnit")],
            UNAVAILABLE,
        ),
        (vec![Action::InvalidTurn], UNAVAILABLE),
        (vec![verdict("denied")], Code::AUTH_ERR as i32),
        (vec![Action::NoReply], UNAVAILABLE),
        (vec![ask_code(), Action::NoReply], UNAVAILABLE),
        (vec![ask_code(), Action::Die], UNAVAILABLE),
    ] {
        for endpoint in ENDPOINTS {
            let fixture = Fixture::new();
            let description = format!("{endpoint:?} {actions:?}");
            let _daemon = fixture.daemon_on(endpoint, actions.clone());
            let login = root_at_console(&fixture, "timeout=1").answers([types("123456")]);
            assert_eq!(login.authenticate().code(), code, "{description}");
        }
    }
}

#[test]
fn a_daemon_that_accepts_and_dies_is_not_absent() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([Action::Die]);
    assert_unavailable(&root_at_console(&fixture, "").authenticate());
}
