//! The double of the bus, and of the daemon at its own socket. What the client sends does not depend
//! on an answer, so all answers are in the socket before it reads.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;
use zbus::message::{Builder, Message};
use zbus::wire::{DynamicType, Endian};

use crate::Socket;
use crate::client::connection::BUS;
use crate::{LoginClient, LoginError};
use tfa_proto::{Context, Turn, WireTurn};

/// The unique name of the daemon.
pub(super) const DAEMON: &str = ":1.7";
/// The number of the dialog.
pub(super) const DIALOG: u32 = 7;
/// Longer than any test takes.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// The line that accepts the handshake.
pub(super) const OK: &[u8] = b"OK 0123456789abcdef0123456789abcdef\r\n";

/// Returns a socket with these bytes to read, and its other end.
pub(super) fn socket(limit: Duration, bytes: &[u8]) -> (Socket, UnixStream) {
    let (here, mut there) = UnixStream::pair().unwrap();
    there.write_all(bytes).unwrap();
    (Socket::from_connected(here.into(), limit), there)
}

/// Begins a dialog with a bus that sends only these bytes.
pub(super) fn begin(bytes: &[u8]) -> (Result<(LoginClient, Turn), LoginError>, UnixStream) {
    begin_as(&Context::default(), bytes)
}

/// The same with a context.
pub(super) fn begin_as(
    context: &Context,
    bytes: &[u8],
) -> (Result<(LoginClient, Turn), LoginError>, UnixStream) {
    let (socket, bus) = socket(TIMEOUT, bytes);
    bus.shutdown(Shutdown::Write).unwrap();
    (LoginClient::on_bus(socket, "alice", context), bus)
}

/// Begins a dialog up to the first question.
pub(super) fn begun(further: &[u8]) -> (LoginClient, UnixStream) {
    let first = reply(2, DAEMON, &(DIALOG, question()));
    let (begun, bus) = begin(&[OK, &welcome(), &first, further].concat());
    (begun.ok().unwrap().0, bus)
}

/// Returns all that the client sent, once it has closed the connection.
pub(super) fn sent(mut bus: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    bus.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The reply to `Hello`.
pub(super) fn welcome() -> Vec<u8> {
    reply(1, BUS, &":1.8")
}

/// A question for a code.
pub(super) fn question() -> WireTurn {
    let line = ("info".to_owned(), "█▀ key: ABCD".to_owned());
    (vec![line], "ask-hidden".to_owned(), "Code: ".to_owned(), 6)
}

/// A verdict.
pub(super) fn verdict(name: &str) -> WireTurn {
    (vec![], "verdict".to_owned(), name.to_owned(), 0)
}

/// The reply to the call of that serial.
pub(super) fn reply<'a, S, T>(call: u32, sender: S, body: &T) -> Vec<u8>
where
    S: Into<Option<&'a str>>,
    T: Serialize + DynamicType,
{
    reply_in(Endian::Little, call, sender, body)
}

/// A reply in that byte order.
pub(super) fn reply_in<'a, S, T>(endian: Endian, call: u32, sender: S, body: &T) -> Vec<u8>
where
    S: Into<Option<&'a str>>,
    T: Serialize + DynamicType,
{
    let called = called();
    let builder = Message::method_return(&called.header()).reply_serial(NonZeroU32::new(call));
    from(sender.into(), builder.endian(endian), body)
}

/// The error reply to the call of that serial.
pub(super) fn error<'a, S, T>(call: u32, sender: S, name: &str, body: &T) -> Vec<u8>
where
    S: Into<Option<&'a str>>,
    T: Serialize + DynamicType,
{
    let called = called();
    let builder = Message::error(&called.header(), name).reply_serial(NonZeroU32::new(call));
    from(sender.into(), builder, body)
}

fn from<T>(sender: Option<&str>, builder: Builder<'_>, body: &T) -> Vec<u8>
where
    T: Serialize + DynamicType,
{
    let builder = match sender {
        Some(sender) => builder.sender(sender),
        None => builder,
    };
    builder.build(body).unwrap().data().to_vec()
}

/// A signal.
pub(super) fn signal<T: Serialize + DynamicType>(body: &T) -> Vec<u8> {
    let builder = Message::signal("/", "org.example.Noise", "Heard");
    let builder = builder.sender(":1.66").endian(Endian::Little);
    builder.build(body).unwrap().data().to_vec()
}

/// A call of a method of the client.
pub(super) fn ping() -> Vec<u8> {
    called().data().to_vec()
}

fn called() -> Message {
    let builder = Message::method_call("/", "Ping").sender(":1.66");
    builder.endian(Endian::Little).build(&()).unwrap()
}
