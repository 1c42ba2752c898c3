//! The daemon at its own socket, where every message is from the daemon.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use zbus::wire::Endian;

use super::bus::{
    DAEMON, DIALOG, OK, TIMEOUT, error, ping, question, reply, reply_in, sent, signal, socket,
    verdict,
};
use super::calls::{by_zbus, handshake};
use crate::client::connection::BUS;
use crate::{LoginClient, LoginError};
use tfa_proto::{Context, Next, Turn, Verdict};

const NO_SENDER: Option<&str> = None;

/// Begins a dialog with a daemon that sends only these bytes.
fn begin(bytes: &[u8]) -> (Result<(LoginClient, Turn), LoginError>, UnixStream) {
    let (socket, daemon) = socket(TIMEOUT, bytes);
    daemon.shutdown(Shutdown::Write).unwrap();
    let begun = LoginClient::with_daemon(socket, "alice", &Context::default());
    (begun, daemon)
}

/// Begins a dialog up to the first question.
fn begun(further: &[u8]) -> (LoginClient, UnixStream) {
    let (begun, daemon) = begin(&[OK, &first(), further].concat());
    (begun.ok().unwrap().0, daemon)
}

/// Returns the error of a dialog with these messages after the handshake.
fn refused(messages: &[u8]) -> LoginError {
    begin(&[OK, messages].concat()).0.err().unwrap()
}

fn first() -> Vec<u8> {
    reply(1, NO_SENDER, &(DIALOG, question()))
}

#[test]
fn only_handshake_and_begin_are_sent_to_the_daemon() {
    let (begun, daemon) = begin(b"");
    drop(begun);
    let context = Context::default();
    let begin = by_zbus(1, "Begin", &("alice", context.to_dict()));
    let expected = [handshake(), begin];
    assert_eq!(sent(daemon), expected.concat());
}

#[test]
fn every_further_call_equals_that_of_zbus() {
    for typed in ["123456", "", "pass wörd\u{2588}", &"7".repeat(100_000)] {
        let further = [
            reply(2, NO_SENDER, &(question(),)),
            reply(3, NO_SENDER, &(verdict("verified"),)),
            reply(4, NO_SENDER, &()),
        ];
        let (mut client, daemon) = begun(&further.concat());
        let reader = thread::spawn(|| sent(daemon));
        client.answer(typed).unwrap();
        client.answer("").unwrap();
        client.cancel().unwrap();
        drop(client);
        let expected = [
            by_zbus(2, "Answer", &(DIALOG, typed)),
            by_zbus(3, "Answer", &(DIALOG, "")),
            by_zbus(4, "Cancel", &DIALOG),
        ];
        assert!(reader.join().unwrap().ends_with(&expected.concat()));
    }
}

#[test]
fn a_dialog_returns_turn_after_turn() {
    for endian in [Endian::Little, Endian::Big] {
        let first = reply_in(endian, 1, NO_SENDER, &(DIALOG, question()));
        let last = reply_in(endian, 2, NO_SENDER, &(verdict("verified"),));
        let (begun, _daemon) = begin(&[OK, &first, &last].concat());
        let (mut client, turn) = begun.ok().unwrap();
        assert_eq!(Ok(turn), Turn::try_from(question()));
        let turn = client.answer("123456").unwrap();
        assert_eq!(turn.next, Next::Verdict(Verdict::Verified));
    }
}

#[test]
fn the_sender_is_ignored() {
    let senders = [None, Some(DAEMON), Some(BUS), Some(":1.66")];
    for begins in senders {
        for answers in senders {
            let first = reply(1, begins, &(DIALOG, question()));
            let last = reply(2, answers, &(verdict("denied"),));
            let (begun, _daemon) = begin(&[OK, &first, &last].concat());
            let turn = begun.ok().unwrap().0.answer("123456").unwrap();
            assert_eq!(turn.next, Next::Verdict(Verdict::Denied));
        }
    }
}

#[test]
fn every_error_is_one_of_the_daemon() {
    for name in [
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.ChildExited",
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.systemd1.NoSuchUnit",
        "org.freedesktop.systemd1.LoadFailed",
        "org.tfad.Tfa1.Error.Damaged",
        "org.example.No",
    ] {
        for sender in [None, Some(BUS), Some(DAEMON)] {
            let at_once = refused(&error(1, sender, name, &"why"));
            let (mut client, _daemon) = begun(&error(2, sender, name, &"why"));
            for error in [at_once, client.answer("123456").unwrap_err()] {
                let LoginError::Daemon(error) = error else {
                    panic!("{error:?}");
                };
                assert_eq!((&*error.name, &*error.text), (name, "why"));
            }
        }
    }
}

#[test]
fn unknown_user_and_not_serving_have_their_own_variants() {
    for sender in [None, Some(BUS)] {
        let daemon = |name: &str| {
            let name = format!("org.tfad.Tfa1.Error.{name}");
            refused(&error(1, sender, &name, &"why"))
        };
        assert!(matches!(daemon("UnknownUser"), LoginError::UnknownUser(why) if why == "why"));
        assert!(matches!(daemon("NotServing"), LoginError::NotServing(why) if why == "why"));
    }
}

#[test]
fn a_rejected_handshake_ends_the_login() {
    for line in [
        &b"REJECTED EXTERNAL\r\n"[..],
        b"ERROR\r\n",
        b"OK\r\n",
        b"OK 0123456789abcdef0123456789abcdef\n",
        b"ok 0123456789abcdef0123456789abcdef\r\n",
        b"DATA\r\n",
        b"\r\n",
        b"",
        &[b'x'; 4096],
    ] {
        let error = begin(&[line, &first()].concat()).0.err().unwrap();
        assert!(matches!(error, LoginError::Handshake), "{error:?}");
    }
}

#[test]
fn a_closed_connection_is_broken_at_every_length() {
    let opening = [OK, &first()].concat();
    for length in 0..opening.len() {
        let error = begin(&opening[..length]).0.err().unwrap();
        let broken = matches!(error, LoginError::Connection(_));
        assert!(broken, "{length} {error:?}");
    }
    let answer = reply(2, NO_SENDER, &(verdict("verified"),));
    for length in 0..answer.len() {
        let (mut client, _daemon) = begun(&answer[..length]);
        let error = client.answer("123456").unwrap_err();
        let broken = matches!(error, LoginError::Connection(_));
        assert!(broken, "{length} {error:?}");
    }
}

#[test]
fn a_reset_connection_is_broken() {
    for said in [&b""[..], OK] {
        let (socket, mut daemon) = socket(TIMEOUT, said);
        let closing = thread::spawn(move || {
            // Closes with unread bytes, so that it is a reset.
            rustix::net::recv(&daemon, &mut [0; 1][..], rustix::net::RecvFlags::PEEK).unwrap();
            daemon.flush().unwrap();
        });
        let begun = LoginClient::with_daemon(socket, "alice", &Context::default());
        closing.join().unwrap();
        let error = begun.err().unwrap();
        assert!(matches!(error, LoginError::Connection(_)), "{error:?}");
    }
}

#[test]
fn a_reply_with_other_arguments_is_a_protocol_error() {
    for body in [
        reply(1, NO_SENDER, &()),
        reply(1, NO_SENDER, &DIALOG),
        reply(1, NO_SENDER, &("verified", true)),
        reply(1, NO_SENDER, &(verdict("verified"),)),
        reply(1, NO_SENDER, &(DIALOG, verdict("verified"), 0_u32)),
        reply(1, NO_SENDER, &(i32::MAX, verdict("verified"))),
        reply(1, NO_SENDER, &(DIALOG, verdict("VERIFIED"))),
        b"not a message, but long enough for one".to_vec(),
    ] {
        let error = refused(&body);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    for body in [
        reply(2, NO_SENDER, &()),
        reply(2, NO_SENDER, &(DIALOG, verdict("verified"))),
        reply(2, NO_SENDER, &(verdict(""),)),
    ] {
        let error = begun(&body).0.answer("123456").unwrap_err();
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
}

#[test]
fn messages_other_than_the_reply_are_skipped() {
    let noise = [
        signal(&"noise"),
        ping(),
        reply(99, NO_SENDER, &(DIALOG, verdict("verified"))),
        reply(2, NO_SENDER, &(verdict("verified"),)),
        error(99, NO_SENDER, "org.tfad.Tfa1.Error.NotServing", &"no"),
    ];
    let noise = noise.concat();
    let last = reply(2, NO_SENDER, &(verdict("denied"),));
    let (begun, _daemon) = begin(&[OK, &noise, &first(), &last].concat());
    let (mut client, turn) = begun.ok().unwrap();
    assert_eq!(Ok(turn), Turn::try_from(question()));
    let turn = client.answer("123456").unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::Denied));
}
