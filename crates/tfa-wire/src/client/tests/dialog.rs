//! Who answers what.

use std::io::Write;
use std::thread;

use zbus::wire::Endian;

use super::bus::{
    DAEMON, DIALOG, OK, PATIENCE, begin, begun, error, ping, question, reply, reply_in, signal,
    socket, verdict, welcome,
};
use crate::client::connection::BUS;
use crate::{LoginClient, LoginError};
use tfa_proto::{Context, Next, Turn, Verdict};

const STRANGER: &str = ":1.66";

fn first() -> Vec<u8> {
    reply(2, DAEMON, &(DIALOG, question()))
}

/// Why there is no dialog, where these messages follow the handshake.
fn refused(messages: &[Vec<u8>]) -> LoginError {
    begin(&[OK, &messages.concat()].concat()).0.err().unwrap()
}

#[test]
fn a_dialog_goes_from_turn_to_turn() {
    let last = reply(3, DAEMON, &(verdict("verified"),));
    let (begun, _bus) = begin(&[OK, &welcome(), &first(), &last].concat());
    let (mut client, turn) = begun.ok().unwrap();
    assert_eq!(Ok(turn), Turn::try_from(question()));
    let turn = client.answer("123456").unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::Verified));
}

#[test]
fn either_byte_order_is_understood() {
    for endian in [Endian::Little, Endian::Big] {
        let welcome = reply_in(endian, 1, BUS, &":1.8");
        let first = reply_in(endian, 2, DAEMON, &(DIALOG, question()));
        let (begun, _bus) = begin(&[OK, &welcome, &first].concat());
        assert_eq!(Ok(begun.ok().unwrap().1), Turn::try_from(question()));
    }
}

#[test]
fn signals_and_calls_and_replies_to_other_calls_are_passed_over() {
    let noise = [
        signal(&":1.8"),
        signal(&vec![7_u8; 3 << 20]),
        ping(),
        reply(99, STRANGER, &(DIALOG, verdict("verified"))),
        reply(3, STRANGER, &(verdict("verified"),)),
        error(99, BUS, "org.freedesktop.DBus.Error.ServiceUnknown", &"no"),
        vec![
            b'l', 77, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
        ],
    ];
    let (socket, mut bus) = socket(PATIENCE, OK);
    let noise = noise.concat();
    let messages = [&*noise, &*welcome(), &*noise, &*first()].concat();
    // A socket does not hold all that.
    let speaking = thread::spawn(move || bus.write_all(&messages).map(|()| bus));
    let begun = LoginClient::on_bus(socket, "alice", &Context::default());
    assert_eq!(Ok(begun.ok().unwrap().1), Turn::try_from(question()));
    speaking.join().unwrap().unwrap();
}

#[test]
fn a_bus_that_does_not_let_on_is_no_daemon_that_answers() {
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
fn an_error_of_the_bus_is_its_own_word_and_one_of_the_daemon_is_not() {
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
fn what_the_daemon_says_of_the_user_and_of_itself_is_known() {
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
fn only_who_answered_first_answers_further() {
    let verified = (verdict("verified"),);
    for sender in [STRANGER, BUS] {
        let (mut client, _bus) = begun(&reply(3, sender, &verified));
        let error = client.answer("123456").unwrap_err();
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    let (mut client, _bus) = begun(&error(3, STRANGER, "org.example.No", &"no"));
    let error = client.answer("123456").unwrap_err();
    assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
}

#[test]
fn a_reply_from_nobody_is_a_strangers() {
    let nobody = None::<&str>;
    for messages in [
        [reply(1, nobody, &":1.8"), first()],
        [welcome(), reply(2, nobody, &(DIALOG, question()))],
        [welcome(), error(2, nobody, "org.example.No", &"no")],
        [
            welcome(),
            error(2, nobody, "org.tfad.Tfa1.Error.NotServing", &"no"),
        ],
    ] {
        let error = refused(&messages);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
    let (mut client, _bus) = begun(&reply(3, nobody, &(verdict("verified"),)));
    let error = client.answer("123456").unwrap_err();
    assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
}

#[test]
fn nobody_welcomes_but_the_bus_and_the_bus_begins_no_dialog() {
    for messages in [
        [reply(1, STRANGER, &":1.8"), first()],
        [welcome(), reply(2, BUS, &(DIALOG, question()))],
    ] {
        let error = refused(&messages);
        assert!(matches!(error, LoginError::Protocol(_)), "{error:?}");
    }
}

#[test]
fn a_reply_with_other_arguments_is_not_understood() {
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
fn a_bus_that_goes_is_a_broken_connection() {
    let whole = [OK, &welcome(), &first()].concat();
    for length in 0..whole.len() {
        let error = begin(&whole[..length]).0.err().unwrap();
        assert!(
            matches!(error, LoginError::Connection(_)),
            "{length} {error:?}"
        );
    }
}
