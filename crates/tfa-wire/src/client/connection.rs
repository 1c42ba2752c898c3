//! A connection on which the daemon is called: to the daemon's own socket, or to the bus. On the bus
//! it also checks who replies.

use tfa_proto::{LOGIN, NAME};

use super::error::LoginError;
use super::reply::Reply;
use crate::arguments::Arguments;
use crate::buffer::Buffer;
use crate::error::{DecodeError, EncodeError};
use crate::fixed_header::METHOD_CALL;
use crate::handshake;
use crate::header_fields::{DESTINATION, FieldValue, HeaderField, INTERFACE, MEMBER, PATH};
use crate::login::LoginCall;
use crate::message_builder::MessageBuilder;
use crate::message_reader::MessageReader;
use crate::socket::Socket;

/// The name of the bus itself.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// The length that most first calls stay below, with the handshake.
const FIRST_CALL: usize = 1024;
/// The length that most further calls stay below.
const FURTHER_CALL: usize = 256;

/// Decodes the arguments of a reply.
type Decode<T> = fn(&Arguments<'_>) -> Result<T, DecodeError>;

/// A connection on which the daemon was called.
pub(super) struct Connection {
    reader: MessageReader<Socket>,
    /// The serial of the last call.
    serial: u32,
    /// On the bus, the unique name of the daemon, from its first reply. The bus never gives that name
    /// to another connection, even after the daemon has gone.
    daemon: Option<String>,
    is_on_bus: bool,
}

impl Connection {
    /// Performs the handshake with the daemon and the first call, and decodes the reply.
    pub(super) fn to_daemon<T>(
        socket: Socket,
        call: &LoginCall<'_>,
        decode: Decode<T>,
    ) -> Result<(Self, T), LoginError> {
        let mut this = Self::new(socket, false);
        let mut bytes = Buffer::with_capacity(FIRST_CALL);
        handshake::append_opening(&mut bytes);
        append_call(&mut bytes, this.next_serial(), call)?;
        this.open(&bytes)?;
        this.first_reply(decode)
    }

    /// Performs the handshake with the bus and the first call, and decodes the reply.
    pub(super) fn to_bus<T>(
        socket: Socket,
        call: &LoginCall<'_>,
        decode: Decode<T>,
    ) -> Result<(Self, T), LoginError> {
        let mut this = Self::new(socket, true);
        let mut bytes = Buffer::with_capacity(FIRST_CALL);
        handshake::append_opening(&mut bytes);
        let hello = this.next_serial();
        append_hello(&mut bytes, hello)?;
        append_call(&mut bytes, this.next_serial(), call)?;
        this.open(&bytes)?;
        reply_to(&mut this.reader, hello, |welcome| {
            if !is_from_bus(&welcome) {
                return Err(UNEXPECTED_SENDER);
            }
            welcome.result.map(|_| ()).map_err(LoginError::Bus)
        })?;
        this.first_reply(decode)
    }

    fn new(socket: Socket, is_on_bus: bool) -> Self {
        Self {
            reader: MessageReader::new(socket),
            serial: 0,
            daemon: None,
            is_on_bus,
        }
    }

    /// Sends the handshake and the first calls at once, then reads the answer to the handshake.
    fn open(&mut self, bytes: &[u8]) -> Result<(), LoginError> {
        self.reader.get_mut().send(bytes)?;
        if handshake::is_accepted(self.reader.read_line()?) {
            Ok(())
        } else {
            Err(LoginError::Handshake)
        }
    }

    fn first_reply<T>(mut self, decode: Decode<T>) -> Result<(Self, T), LoginError> {
        let reply = self.last_reply(decode)?;
        Ok((self, reply))
    }

    /// Calls a method of the daemon, and decodes the reply.
    pub(super) fn call<T>(
        &mut self,
        call: &LoginCall<'_>,
        decode: Decode<T>,
    ) -> Result<T, LoginError> {
        self.reader.get_mut().budget().resume();
        let mut bytes = Buffer::with_capacity(FURTHER_CALL);
        append_call(&mut bytes, self.next_serial(), call)?;
        self.reader.get_mut().send(&bytes)?;
        self.last_reply(decode)
    }

    fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.saturating_add(1);
        self.serial
    }

    /// Reads the daemon's reply to the last call. The time budget pauses until the next call.
    fn last_reply<T>(&mut self, decode: Decode<T>) -> Result<T, LoginError> {
        let (is_on_bus, daemon) = (self.is_on_bus, &mut self.daemon);
        let reply = reply_to(&mut self.reader, self.serial, |reply| {
            if is_on_bus {
                if is_from_bus(&reply) {
                    let error = reply.result.err();
                    return Err(error.map_or(UNEXPECTED_SENDER, LoginError::Bus));
                }
                let sender = reply.sender.ok_or(UNEXPECTED_SENDER)?;
                if *daemon.get_or_insert_with(|| sender.to_owned()) != sender {
                    return Err(UNEXPECTED_SENDER);
                }
            }
            let arguments = reply.result.map_err(LoginError::from_daemon)?;
            Ok(decode(&arguments)?)
        })?;
        self.reader.get_mut().budget().pause();
        Ok(reply)
    }
}

/// Reads the reply to the call of that serial, and discards all others.
fn reply_to<T>(
    reader: &mut MessageReader<Socket>,
    call: u32,
    decode: impl FnOnce(Reply<'_>) -> Result<T, LoginError>,
) -> Result<T, LoginError> {
    loop {
        let reply = Reply::read(reader)?;
        if reply.call == call {
            return decode(reply);
        }
    }
}

const UNEXPECTED_SENDER: LoginError = LoginError::Protocol("a reply from an unexpected sender");

fn is_from_bus(reply: &Reply<'_>) -> bool {
    reply.sender == Some(BUS)
}

/// Appends a call of the daemon's login interface.
fn append_call(buffer: &mut Buffer, serial: u32, call: &LoginCall<'_>) -> Result<(), EncodeError> {
    let fields = [
        HeaderField(PATH, FieldValue::ObjectPath(tfa_proto::PATH)),
        HeaderField(INTERFACE, FieldValue::Str(LOGIN)),
        HeaderField(MEMBER, FieldValue::Str(call.method())),
        HeaderField(DESTINATION, FieldValue::Str(NAME)),
    ];
    let message = MessageBuilder {
        message_type: METHOD_CALL,
        serial,
        fields: &fields,
        signature: call.signature(),
    };
    message.append(buffer, |body| call.encode(body))
}

/// Appends the call `Hello`, which must be the first on the bus.
fn append_hello(buffer: &mut Buffer, serial: u32) -> Result<(), EncodeError> {
    let fields = [
        HeaderField(PATH, FieldValue::ObjectPath("/org/freedesktop/DBus")),
        HeaderField(INTERFACE, FieldValue::Str(BUS)),
        HeaderField(MEMBER, FieldValue::Str("Hello")),
        HeaderField(DESTINATION, FieldValue::Str(BUS)),
    ];
    let message = MessageBuilder {
        message_type: METHOD_CALL,
        serial,
        fields: &fields,
        signature: "",
    };
    message.append_without_body(buffer)
}
