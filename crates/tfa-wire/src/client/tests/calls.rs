//! The sent messages, compared with those of zbus.

use std::num::NonZeroU32;

use serde::Serialize;
use zbus::message::Message;
use zbus::wire::{DynamicType, Endian};

use super::bus::{DAEMON, DIALOG, OK, begin, begin_as, begun, reply, sent, verdict};
use crate::client::connection::BUS;
use tfa_proto::{Context, LOGIN, NAME, PATH, Verdict};

/// The handshake of the client.
pub(super) fn handshake() -> Vec<u8> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let uid: String = uid.bytes().map(|digit| format!("{digit:02x}")).collect();
    format!("\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n").into_bytes()
}

/// A call, encoded by zbus.
pub(super) fn by_zbus<T>(serial: u32, member: &str, body: &T) -> Vec<u8>
where
    T: Serialize + DynamicType,
{
    let builder = Message::method_call(PATH, member)
        .destination(NAME)
        .interface(LOGIN);
    of_serial(serial, builder.endian(Endian::Little), body)
}

fn of_serial<T>(serial: u32, builder: zbus::message::Builder<'_>, body: &T) -> Vec<u8>
where
    T: Serialize + DynamicType,
{
    let builder = builder.serial(NonZeroU32::new(serial).unwrap());
    builder.build(body).unwrap().data().to_vec()
}

#[test]
fn handshake_hello_and_begin_are_sent_before_any_answer() {
    let (begun, bus) = begin(OK);
    drop(begun);
    let hello = Message::method_call("/org/freedesktop/DBus", "Hello")
        .destination(BUS)
        .interface(BUS)
        .endian(Endian::Little);
    let expected = [
        handshake(),
        of_serial(1, hello, &()),
        by_zbus(2, "Begin", &("alice", Context::default().to_dict())),
    ];
    assert_eq!(sent(bus), expected.concat());
}

#[test]
fn answer_and_cancel_equal_those_of_zbus() {
    for typed in ["123456", "", "pass wörd\u{2588}", &"7".repeat(100_000)] {
        let further = [
            reply(3, DAEMON, &(verdict("verified"),)),
            reply(4, DAEMON, &()),
        ];
        let (mut client, bus) = begun(&further.concat());
        let reader = std::thread::spawn(|| sent(bus));
        client.answer(typed).unwrap();
        client.cancel().unwrap();
        drop(client);
        let expected = [
            by_zbus(3, "Answer", &(DIALOG, typed)),
            by_zbus(4, "Cancel", &DIALOG),
        ];
        assert!(reader.join().unwrap().ends_with(&expected.concat()));
    }
}

#[test]
fn the_context_is_sent_as_zbus_sends_it() {
    let context = Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        ssh_auth_info: "publickey ssh-ed25519 AAAA\n".to_owned(),
        auth_result: Some(Verdict::Remembered),
        can_enroll: true,
        ..Context::default()
    };
    let (begun, bus) = begin_as(&context, OK);
    drop(begun);
    let expected = by_zbus(2, "Begin", &("alice", context.to_dict()));
    assert!(sent(bus).ends_with(&expected));
}
