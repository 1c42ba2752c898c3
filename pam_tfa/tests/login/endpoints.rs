//! The daemon's own socket is the road, and the bus the one where nobody listens there.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, ask_code, verdict};
use crate::program::{Step, types};
use crate::stage::{IGNORED, Stage};

const SUCCESS: i32 = Code::SUCCESS as i32;

#[test]
fn where_both_are_the_bus_sees_no_call() {
    let stage = Stage::new();
    let on_the_bus = stage.daemon_on_the_bus([]);
    let daemon = stage.daemon([ask_code(), verdict("verified"), verdict("not-required")]);
    let report = stage
        .login("")
        .answers([types("123456")])
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [SUCCESS, IGNORED]);
    assert_eq!(daemon.calls().len(), 3);
    assert_eq!(on_the_bus.calls(), []);
}

#[test]
fn where_the_daemon_answers_nobody_so_much_as_connects_to_the_bus() {
    let stage = Stage::without_bus();
    let bus = UnixListener::bind(stage.socket()).unwrap();
    bus.set_nonblocking(true).unwrap();
    let acts = [
        verdict("denied"),
        Act::Error("org.freedesktop.DBus.Error.ServiceUnknown"),
        Act::Nonsense,
        Act::Silence,
        Act::Die,
    ];
    let count = acts.len();
    let daemon = stage.daemon(acts);
    for _ in 0..count {
        assert_ne!(stage.login("timeout=1").authenticate().code(), SUCCESS);
        let visit = bus.accept().map(drop).unwrap_err();
        assert_eq!(visit.kind(), ErrorKind::WouldBlock);
    }
    assert_eq!(daemon.calls().len(), count);
}

#[test]
fn where_nobody_listens_at_the_socket_the_bus_is_asked() {
    let stage = Stage::new();
    let daemon = stage.daemon_on_the_bus(["verified"; 4].map(verdict));
    let login = || stage.login("").authenticate().code();
    assert_eq!(login(), SUCCESS, "no socket");
    drop(UnixListener::bind(stage.login_socket()).unwrap());
    assert_eq!(login(), SUCCESS, "a socket of one that is gone");
    fs::remove_file(stage.login_socket()).unwrap();
    fs::write(stage.login_socket(), "").unwrap();
    assert_eq!(login(), SUCCESS, "a file");
    fs::remove_file(stage.login_socket()).unwrap();
    fs::create_dir(stage.login_socket()).unwrap();
    assert_eq!(login(), SUCCESS, "a folder");
    assert_eq!(daemon.calls().len(), 4);
}

#[test]
fn where_nobody_listens_at_the_socket_the_bus_says_whether_there_is_a_daemon() {
    for stage in [Stage::new(), Stage::without_bus()] {
        drop(UnixListener::bind(stage.login_socket()).unwrap());
        let root = stage
            .login("unreachable=allow-root-console")
            .user(Some("root"))
            .at("tty1", "");
        assert_eq!(root.authenticate().code(), SUCCESS);
        assert_eq!(
            stage.login("").authenticate().code(),
            Code::AUTHINFO_UNAVAIL as i32
        );
    }
}

#[test]
fn the_login_after_a_daemon_died_is_the_business_of_the_bus() {
    let stage = Stage::new();
    let _died = stage.daemon([Act::Die]);
    let first = stage.login("").authenticate();
    assert_eq!(first.code(), Code::AUTHINFO_UNAVAIL as i32);
    let _daemon = stage.daemon_on_the_bus([verdict("verified")]);
    assert_eq!(stage.login("").authenticate().code(), SUCCESS);
}

/// A login with an environment that names the sockets of another stage.
fn misled(stage: &Stage, evil: &Stage) -> i32 {
    let bus = format!("unix:path={}", evil.socket().display());
    let socket = evil.login_socket().display().to_string();
    let folder = evil.folder().display().to_string();
    let mut login = stage.login("");
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
fn the_environment_cannot_send_the_question_elsewhere() {
    let evil = Stage::new();
    let evil_on_the_bus = evil.daemon_on_the_bus([verdict("verified")]);
    let evil_daemon = evil.daemon([verdict("verified")]);

    let stage = Stage::new();
    let daemon = stage.daemon([verdict("denied")]);
    assert_eq!(misled(&stage, &evil), Code::AUTH_ERR as i32);
    assert_eq!(daemon.calls().len(), 1);

    let stage = Stage::new();
    let daemon = stage.daemon_on_the_bus([verdict("denied")]);
    assert_eq!(misled(&stage, &evil), Code::AUTH_ERR as i32);
    assert_eq!(daemon.calls().len(), 1);

    let stage = Stage::without_bus();
    assert_eq!(misled(&stage, &evil), Code::AUTHINFO_UNAVAIL as i32);
    assert_eq!(evil_daemon.calls(), []);
    assert_eq!(evil_on_the_bus.calls(), []);
}
