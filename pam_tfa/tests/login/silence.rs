//! A daemon or a bus that is there and says nothing, too late, too little or the wrong thing. Nobody
//! waits longer than the line says, and nobody gets in: that can be somebody's doing, and so not even
//! root at the console does.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};

use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use pam_sys::PamReturnCode as Code;

use crate::absence::{UNAVAILABLE, denies};
use crate::daemon::{Act, ask_code, verdict, words};
use crate::program::{Answer, Report, types};
use crate::stage::{Login, ROADS, Stage};

fn denies_in_time(report: &Report) {
    denies(report);
    let milliseconds = report.milliseconds[0];
    assert!((1000..2500).contains(&milliseconds), "{milliseconds} ms");
}

/// A login of the one who may get in where there is no daemon.
fn root_at_the_console<'a>(stage: &'a Stage, options: &str) -> Login<'a> {
    stage
        .login(&format!("unreachable=allow-root-console {options}"))
        .user(Some("root"))
        .at("tty1", "")
}

#[test]
fn a_daemon_that_dies_lets_nobody_in() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [Act::Die]);
        denies(&stage.login("").authenticate());
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [ask_code(), Act::Die]);
        denies(&stage.login("").answers([types("123456")]).authenticate());
    }
}

#[test]
fn a_daemon_that_dies_in_between_ends_the_login_and_not_the_program() {
    for root in [false, true] {
        let stage = Stage::new();
        let _daemon = stage.daemon([Act::TurnThenLeave(words("ask", "Code: ", 6))]);
        let login = match root {
            true => root_at_the_console(&stage, ""),
            false => stage.login(""),
        };
        let answer = Answer::TypeAfterTheDaemon("123456".to_owned());
        denies(&login.answers([answer]).authenticate());
    }
}

#[test]
fn a_silent_daemon_is_not_waited_for_longer_than_the_line_says() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [Act::Silence]);
        denies_in_time(&stage.login("timeout=1").authenticate());
    }
}

#[test]
fn a_daemon_that_falls_silent_is_not_waited_for_either() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [ask_code(), Act::Silence]);
        let login = stage.login("timeout=1").answers([types("123456")]);
        denies_in_time(&login.authenticate());
    }
}

#[test]
fn the_time_is_for_the_whole_phase_and_not_for_each_call() {
    for road in ROADS {
        let stage = Stage::new();
        let late = [
            Act::Late(700, words("ask", "Code: ", 6)),
            Act::Late(700, words("verdict", "verified", 0)),
        ];
        let _daemon = stage.daemon_on(road, late);
        let login = stage.login("timeout=1").answers([types("123456")]);
        denies_in_time(&login.authenticate());
    }
}

#[test]
fn the_persons_time_is_not_counted() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [ask_code(), verdict("verified")]);
        let answer = Answer::TypeLate(1200, "123456".to_owned());
        let report = stage.login("timeout=1").answers([answer]).authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32, "{road:?}");
    }
}

#[test]
fn a_frozen_bus_is_not_waited_for_either() {
    let stage = Stage::new();
    stage.freeze_bus();
    denies_in_time(&stage.login("timeout=1").authenticate());
}

#[test]
fn a_frozen_daemon_is_not_waited_for_either() {
    let stage = Stage::new();
    // The kernel lets everybody in, and nobody comes to the door.
    let _listener = UnixListener::bind(stage.login_socket()).unwrap();
    denies_in_time(&stage.login("timeout=1").authenticate());
    denies_in_time(&root_at_the_console(&stage, "timeout=1").authenticate());
}

#[test]
fn a_full_queue_is_not_waited_for_either() {
    let stage = Stage::without_bus();
    let _full = full_queue(&stage.socket());
    denies_in_time(&stage.login("timeout=1").authenticate());
    denies_in_time(&root_at_the_console(&stage, "timeout=1").authenticate());
    let stage = Stage::new();
    let _full = full_queue(&stage.login_socket());
    denies_in_time(&stage.login("timeout=1").authenticate());
    denies_in_time(&root_at_the_console(&stage, "timeout=1").authenticate());
}

/// A socket where nobody accepts and nobody more can wait.
fn full_queue(path: &Path) -> (OwnedFd, UnixStream) {
    let flags = SockFlag::SOCK_CLOEXEC;
    let listener = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
    let address = UnixAddr::new(path).unwrap();
    socket::bind(listener.as_raw_fd(), &address).unwrap();
    socket::listen(&listener.as_fd(), Backlog::new(0).unwrap()).unwrap();
    (listener, UnixStream::connect(path).unwrap())
}

/// A daemon's own socket where the next is let in, hears that, and is cut off.
fn breaks_after(stage: &Stage, said: &[u8]) -> JoinHandle<()> {
    let listener = UnixListener::bind(stage.login_socket()).unwrap();
    let said = said.to_vec();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&said).unwrap();
        // Not before something came: what is left unread makes the end a reset.
        stream.read_exact(&mut [0]).unwrap();
    })
}

#[test]
fn a_daemon_that_breaks_off_lets_nobody_in_and_not_even_root_at_the_console() {
    let ok = b"OK 0123456789abcdef0123456789abcdef\r\n";
    // The beginning of a reply.
    let reply = [&ok[..], &[b'l', 2, 1, 1, 200, 0, 0, 0, 1, 0, 0, 0]].concat();
    for said in [b"", &ok[..7], ok, b"REJECTED EXTERNAL\r\n", &reply] {
        let stage = Stage::new();
        let daemon = breaks_after(&stage, said);
        denies(&root_at_the_console(&stage, "").authenticate());
        daemon.join().unwrap();
    }
}

#[test]
fn a_daemon_that_answers_is_not_absent() {
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
        (vec![Act::Silence], UNAVAILABLE),
        (vec![ask_code(), Act::Silence], UNAVAILABLE),
        (vec![ask_code(), Act::Die], UNAVAILABLE),
    ] {
        for road in ROADS {
            let stage = Stage::new();
            let description = format!("{road:?} {acts:?}");
            let _daemon = stage.daemon_on(road, acts.clone());
            let login = root_at_the_console(&stage, "timeout=1").answers([types("123456")]);
            assert_eq!(login.authenticate().code(), code, "{description}");
        }
    }
}

#[test]
fn a_daemon_that_dies_at_once_is_not_absent_at_its_own_socket() {
    let stage = Stage::new();
    let _daemon = stage.daemon([Act::Die]);
    denies(&root_at_the_console(&stage, "").authenticate());
}
