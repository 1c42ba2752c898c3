//! A dialog over the bus: senders, errors and arguments.

use std::io::Write;
use std::thread;

use zbus::wire::Endian;

use super::bus::{
    DAEMON, DIALOG, OK, TIMEOUT, begin, begun, error, ping, question, reply, reply_in, signal,
    socket, verdict, welcome,
};
use crate::client::connection::BUS;
use crate::{LoginClient, LoginError};
use tfa_proto::{Context, Next, Turn, Verdict};

const OTHER_SENDER: &str = ":1.66";

fn first() -> Vec<u8> {
    reply(2, DAEMON, &(DIALOG, question()))
}

/// Returns the error of a dialog with these messages after the handshake.
fn refused(messages: &[Vec<u8>]) -> LoginError {
    begin(&[OK, &messages.concat()].concat()).0.err().unwrap()
}

#[test]
fn a_dialog_returns_turn_after_turn() {
    let last = reply(3, DAEMON, &(verdict("verified"),));
    let (begun, _bus) = begin(&[OK, &welcome(), &first(), &last].concat());
    let (mut client, turn) = begun.ok().unwrap();
    assert_eq!(Ok(turn), Turn::try_from(question()));
    let turn = client.answer("123456").unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::Verified));
}

#[test]
fn both_byte_orders_are_accepted() {
    for endian in [Endian::Little, Endian::Big] {
        let welcome = reply_in(endian, 1, BUS, &":1.8");
        let first = reply_in(endian, 2, DAEMON, &(DIALOG, question()));
        let (begun, _bus) = begin(&[OK, &welcome, &first].concat());
        assert_eq!(Ok(begun.ok().unwrap().1), Turn::try_from(question()));
    }
}

#[test]
fn signals_calls_and_other_replies_are_skipped() {
    let noise = [
        signal(&":1.8"),
        signal(&vec![7_u8; 3 << 20]),
        ping(),
        reply(99, OTHER_SENDER, &(DIALOG, verdict("verified"))),
        reply(3, OTHER_SENDER, &(verdict("verified"),)),
        error(99, BUS, "org.freedesktop.DBus.Error.ServiceUnknown", &"no"),
        vec![
            b'l', 77, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
        ],
    ];
    let (socket, mut bus) = socket(TIMEOUT, OK);
    let noise = noise.concat();
    let messages = [&*noise, &*welcome(), &*noise, &*first()].concat();
    // More than the buffer of a socket holds.
    let sending = thread::spawn(move || bus.write_all(&messages).map(|()| bus));
    let begun = LoginClient::on_bus(socket, "alice", &Context::default());
    assert_eq!(Ok(begun.ok().unwrap().1), Turn::try_from(question()));
    sending.join().unwrap().unwrap();
}

#[test]
fn a_handshake_rejected_by_the_bus_is_an_error() {
    for line in [
        &b"REJECTED EXTERNAL\r\n"[..],
        b"ERROR\r\n",
        b"OK\r\n",
        b"OK 0123456789abcdef0123456789abcdef\n",
        b"ok 0123456789abcdef0123456789abcdef\r\n",
        b"DATA\r\n",
        b"\r\n",
        &[b'x'; 4096],
    ] {
        let rest = [welcome(), first()].concat();
        let error = begin(&[line, &rest].concat()).0.err().unwrap();
        assert!(matches!(error, LoginError::Handshake), "{error:?}");
    }
}

#[test]
fn errors_of_the_bus_and_of_the_daemon_are_told_apart() {
    let name = "org.freedesktop.DBus.Error.ServiceUnknown";
    let by = |sender| refused(&[welcome(), error(2, sender, name, &"not there")]);
    match (by(BUS), by(DAEMON)) {
        (LoginError::Bus(bus), LoginError::Daemon(daemon)) => {
            assert_eq!((bus.name.as_str(), bus.text.as_str()), (name, "not there"));
            assert_eq!(bus, daemon);
        }
        other => panic!("{other:?}"),
    }
    let full = error(1, BUS, "org.freedesktop.DBus.Error.LimitsExceeded", &"full");
    assert!(matches!(refused(&[full, first()]), LoginError::Bus(_)));
}

#[test]
fn unknown_user_and_not_serving_have_their_own_variants() {
    let daemon = |name: &str| {
        let name = format!("org.tfad.Tfa1.Error.{name}");
        refused(&[welcome(), error(2, DAEMON, &name, &"why")])
    };
    assert!(matches!(daemon("UnknownUser"), LoginError::UnknownUser(why) if why == "why"));
    assert!(matches!(daemon("NotServing"), LoginError::NotServing(why) if why == "why"));
    assert!(matches!(daemon("Damaged"), LoginError::Daemon(_)));
    // The bus does not speak for the daemon.
    let error = error(2, BUS, "org.tfad.Tfa1.Error.NotServing", &"why");
    assert!(matches!(refused(&[welcome(), error]), LoginError::Bus(_)));
}

#[test]
fn an_error_needs_no_text() {
    for body in [
        error(2, DAEMON, "org.example.No", &()),
        error(2, DAEMON, "org.example.No", &7_u32),
    ] {
        match refused(&[welcome(), body]) {
            LoginError::Daemon(error) => assert_eq!(error.text, ""),
            other => panic!("{other:?}"),
        }
    }
    match refused(&[
        welcome(),
        error(2, DAEMON, "org.example.No", &("why", 7_u32)),
    ]) {
        LoginError::Daemon(error) => assert_eq!(error.text, "why"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_first_sender_may_send_further_replies() {
    let verified = (verdict("verified"),);
    for sender in [OTHER_SENDER, BUS] {
        let (mut client, _bus) = begun(&reply(3, sender, &verified));
        let error = client.answer("123456").unwrap_err();
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    let (mut client, _bus) = begun(&error(3, OTHER_SENDER, "org.example.No", &"no"));
    let error = client.answer("123456").unwrap_err();
    assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
}

#[test]
fn a_reply_without_a_sender_is_rejected() {
    let no_sender = None::<&str>;
    for messages in [
        [reply(1, no_sender, &":1.8"), first()],
        [welcome(), reply(2, no_sender, &(DIALOG, question()))],
        [welcome(), error(2, no_sender, "org.example.No", &"no")],
        [
            welcome(),
            error(2, no_sender, "org.tfad.Tfa1.Error.NotServing", &"no"),
        ],
    ] {
        let error = refused(&messages);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    let (mut client, _bus) = begun(&reply(3, no_sender, &(verdict("verified"),)));
    let error = client.answer("123456").unwrap_err();
    assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
}

#[test]
fn hello_is_answered_by_the_bus_and_begin_by_the_daemon() {
    for messages in [
        [reply(1, OTHER_SENDER, &":1.8"), first()],
        [welcome(), reply(2, BUS, &(DIALOG, question()))],
    ] {
        let error = refused(&messages);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
}

#[test]
fn a_reply_with_other_arguments_is_a_protocol_error() {
    for body in [
        reply(2, DAEMON, &()),
        reply(2, DAEMON, &DIALOG),
        reply(2, DAEMON, &("verified", true)),
        reply(2, DAEMON, &(verdict("verified"),)),
        reply(2, DAEMON, &(DIALOG, verdict("verified"), 0_u32)),
        reply(2, DAEMON, &(i32::MAX, verdict("verified"))),
        reply(2, DAEMON, &(DIALOG, verdict("VERIFIED"))),
    ] {
        let error = refused(&[welcome(), body]);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
}

#[test]
fn a_closed_bus_connection_is_broken_at_every_length() {
    let whole = [OK, &welcome(), &first()].concat();
    for length in 0..whole.len() {
        let error = begin(&whole[..length]).0.err().unwrap();
        assert!(
            matches!(error, LoginError::Connection(_)),
            "{length} {error:?}"
        );
    }
}
