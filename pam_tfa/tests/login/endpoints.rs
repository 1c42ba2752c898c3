//! The module uses the socket of the daemon, and the bus only if that has no listener.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, ask_code, verdict};
use crate::fixture::{Fixture, IGNORED};
use crate::program::{Step, types};

const SUCCESS: i32 = Code::SUCCESS as i32;

#[test]
fn with_both_endpoints_the_bus_gets_no_call() {
    let fixture = Fixture::new();
    let on_bus = fixture.daemon_on_bus([]);
    let daemon = fixture.daemon([ask_code(), verdict("verified"), verdict("not-required")]);
    let report = fixture
        .login("")
        .answers([types("123456")])
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [SUCCESS, IGNORED]);
    assert_eq!(daemon.calls().len(), 3);
    assert_eq!(on_bus.calls(), []);
}

#[test]
fn if_the_daemon_accepts_the_bus_gets_no_connection() {
    let fixture = Fixture::without_bus();
    let bus = UnixListener::bind(fixture.socket()).unwrap();
    bus.set_nonblocking(true).unwrap();
    let actions = [
        verdict("denied"),
        Action::Error("org.freedesktop.DBus.Error.ServiceUnknown"),
        Action::InvalidTurn,
        Action::NoReply,
        Action::Die,
    ];
    let count = actions.len();
    let daemon = fixture.daemon(actions);
    for _ in 0..count {
        assert_ne!(fixture.login("timeout=1").authenticate().code(), SUCCESS);
        let visit = bus.accept().map(drop).unwrap_err();
        assert_eq!(visit.kind(), ErrorKind::WouldBlock);
    }
    assert_eq!(daemon.calls().len(), count);
}

#[test]
fn without_a_listener_at_the_socket_the_bus_is_used() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon_on_bus(["verified"; 4].map(verdict));
    let login = || fixture.login("").authenticate().code();
    assert_eq!(login(), SUCCESS, "no socket");
    drop(UnixListener::bind(fixture.login_socket()).unwrap());
    assert_eq!(login(), SUCCESS, "a socket of one that is gone");
    fs::remove_file(fixture.login_socket()).unwrap();
    fs::write(fixture.login_socket(), "").unwrap();
    assert_eq!(login(), SUCCESS, "a file");
    fs::remove_file(fixture.login_socket()).unwrap();
    fs::create_dir(fixture.login_socket()).unwrap();
    assert_eq!(login(), SUCCESS, "a folder");
    assert_eq!(daemon.calls().len(), 4);
}

#[test]
fn without_a_listener_the_bus_tells_whether_the_daemon_is_absent() {
    for fixture in [Fixture::new(), Fixture::without_bus()] {
        drop(UnixListener::bind(fixture.login_socket()).unwrap());
        let root = fixture
            .login("unreachable=allow-root-console")
            .user(Some("root"))
            .at("tty1", "");
        assert_eq!(root.authenticate().code(), SUCCESS);
        assert_eq!(
            fixture.login("").authenticate().code(),
            Code::AUTHINFO_UNAVAIL as i32
        );
    }
}

#[test]
fn the_login_after_a_daemon_died_uses_the_bus() {
    let fixture = Fixture::new();
    let _died = fixture.daemon([Action::Die]);
    let first = fixture.login("").authenticate();
    assert_eq!(first.code(), Code::AUTHINFO_UNAVAIL as i32);
    let _daemon = fixture.daemon_on_bus([verdict("verified")]);
    assert_eq!(fixture.login("").authenticate().code(), SUCCESS);
}

/// Runs a login with the sockets of another fixture in its environment.
fn login_with_other_sockets(fixture: &Fixture, other: &Fixture) -> i32 {
    let bus = format!("unix:path={}", other.socket().display());
    let socket = other.login_socket().display().to_string();
    let folder = other.folder().display().to_string();
    let mut login = fixture.login("");
    for name in [
        "DBUS_SYSTEM_BUS_ADDRESS",
        "DBUS_SESSION_BUS_ADDRESS",
        "DBUS_STARTER_ADDRESS",
    ] {
        login = login.environment(name, &bus);
    }
    for name in ["LOGIN_SOCKET", "TFA_LOGIN_SOCKET", "TFAD_SOCKET"] {
        login = login.environment(name, &socket);
    }
    for name in ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR", "HOME"] {
        login = login.environment(name, &folder);
    }
    login.authenticate().code()
}

#[test]
fn the_environment_does_not_redirect_the_module() {
    let other = Fixture::new();
    let other_on_the_bus = other.daemon_on_bus([verdict("verified")]);
    let other_daemon = other.daemon([verdict("verified")]);

    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("denied")]);
    assert_eq!(
        login_with_other_sockets(&fixture, &other),
        Code::AUTH_ERR as i32
    );
    assert_eq!(daemon.calls().len(), 1);

    let fixture = Fixture::new();
    let daemon = fixture.daemon_on_bus([verdict("denied")]);
    assert_eq!(
        login_with_other_sockets(&fixture, &other),
        Code::AUTH_ERR as i32
    );
    assert_eq!(daemon.calls().len(), 1);

    let fixture = Fixture::without_bus();
    assert_eq!(
        login_with_other_sockets(&fixture, &other),
        Code::AUTHINFO_UNAVAIL as i32
    );
    assert_eq!(other_daemon.calls(), []);
    assert_eq!(other_on_the_bus.calls(), []);
}
