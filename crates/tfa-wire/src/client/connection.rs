//! A connection on which the daemon is called: to the daemon's own socket, or to the bus. On the bus
//! it also checks who replies.

use tfa_proto::{LOGIN, NAME};
use zeroize::Zeroizing;

use super::error::LoginError;
use super::reply::Reply;
use crate::arguments::Arguments;
use crate::error::EncodeError;
use crate::fixed_header::METHOD_CALL;
use crate::handshake;
use crate::header_fields::{DESTINATION, FieldValue, HeaderField, INTERFACE, MEMBER, PATH};
use crate::message_builder::{Body, MessageBuilder};
use crate::message_reader::MessageReader;
use crate::socket::Socket;

/// The name of the bus itself.
pub(super) const BUS: &str = "org.freedesktop.DBus";

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
    /// Performs the handshake with the daemon and the first call, and returns the reply.
    pub(super) fn to_daemon(
        socket: Socket,
        method: &str,
        arguments: &Body,
    ) -> Result<(Self, Arguments), LoginError> {
        let mut this = Self::new(socket, false);
        let call = call(this.next_serial(), method, arguments)?;
        this.open(&[&call])?;
        this.first_reply()
    }

    /// Performs the handshake with the bus and the first call, and returns the reply.
    pub(super) fn to_bus(
        socket: Socket,
        method: &str,
        arguments: &Body,
    ) -> Result<(Self, Arguments), LoginError> {
        let mut this = Self::new(socket, true);
        let hello_serial = this.next_serial();
        let hello = hello(hello_serial)?;
        let call = call(this.next_serial(), method, arguments)?;
        this.open(&[&hello, &call])?;
        let welcome = this.reply_to(hello_serial)?;
        if !is_from_bus(&welcome) {
            return Err(UNEXPECTED_SENDER);
        }
        welcome.result.map_err(LoginError::Bus)?;
        this.first_reply()
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
    fn open(&mut self, calls: &[&[u8]]) -> Result<(), LoginError> {
        let mut bytes = handshake::opening().into_bytes();
        bytes.extend_from_slice(&Zeroizing::new(calls.concat()));
        self.reader.get_mut().send(&bytes)?;
        if handshake::is_accepted(&self.reader.read_line()?) {
            Ok(())
        } else {
            Err(LoginError::Handshake)
        }
    }

    fn first_reply(mut self) -> Result<(Self, Arguments), LoginError> {
        let arguments = self.last_reply()?;
        Ok((self, arguments))
    }

    /// Calls a method of the daemon, and returns the reply.
    pub(super) fn call(&mut self, method: &str, arguments: &Body) -> Result<Arguments, LoginError> {
        self.reader.get_mut().budget().resume();
        let call = call(self.next_serial(), method, arguments)?;
        self.reader.get_mut().send(&call)?;
        self.last_reply()
    }

    fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.saturating_add(1);
        self.serial
    }

    /// Reads the daemon's reply to the last call. The time budget pauses until the next call.
    fn last_reply(&mut self) -> Result<Arguments, LoginError> {
        let reply = self.reply_to(self.serial)?;
        if self.is_on_bus {
            if is_from_bus(&reply) {
                let error = reply
                    .result
                    .map_or_else(LoginError::Bus, |_| UNEXPECTED_SENDER);
                return Err(error);
            }
            let sender = reply.sender.ok_or(UNEXPECTED_SENDER)?;
            if *self.daemon.get_or_insert_with(|| sender.clone()) != sender {
                return Err(UNEXPECTED_SENDER);
            }
        }
        let arguments = reply.result.map_err(LoginError::from_daemon)?;
        self.reader.get_mut().budget().pause();
        Ok(arguments)
    }

    /// Reads the reply to the call of that serial, and discards all others.
    fn reply_to(&mut self, call: u32) -> Result<Reply, LoginError> {
        loop {
            let reply = Reply::read(&mut self.reader)?;
            if reply.call == call {
                return Ok(reply);
            }
        }
    }
}

const UNEXPECTED_SENDER: LoginError = LoginError::Protocol("a reply from an unexpected sender");

fn is_from_bus(reply: &Reply) -> bool {
    reply.sender.as_deref() == Some(BUS)
}

/// Encodes a call of the daemon's login interface.
fn call(serial: u32, method: &str, body: &Body) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    encode(serial, tfa_proto::PATH, LOGIN, method, NAME, body)
}

/// Encodes the call `Hello`, which must be the first on the bus.
fn hello(serial: u32) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let path = "/org/freedesktop/DBus";
    encode(serial, path, BUS, "Hello", BUS, &Body::empty())
}

fn encode(
    serial: u32,
    path: &str,
    interface: &str,
    method: &str,
    destination: &str,
    body: &Body,
) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let fields = [
        HeaderField(PATH, FieldValue::ObjectPath(path)),
        HeaderField(INTERFACE, FieldValue::Str(interface)),
        HeaderField(MEMBER, FieldValue::Str(method)),
        HeaderField(DESTINATION, FieldValue::Str(destination)),
    ];
    let message = MessageBuilder {
        message_type: METHOD_CALL,
        serial,
        fields: &fields,
        body,
    };
    message.build()
}
