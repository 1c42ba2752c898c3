//! A connection on which the daemon is called: one to the daemon itself, or one to the bus, which
//! says who it is that replies.

use std::fmt::Write;

use rustix::process::geteuid;
use zeroize::Zeroizing;

use super::LoginError;
use super::reply::Reply;
use crate::{
    Arguments, Body, DESTINATION, Field, Garbled, INTERFACE, Incoming, MEMBER, METHOD_CALL,
    Outgoing, PATH, Socket, Value,
};
use tfa_proto::{LOGIN, NAME};

/// The bus itself, as a name on it.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// A connection over which the daemon was called.
pub(super) struct Connection {
    incoming: Incoming<Socket>,
    /// The number of the last call.
    serial: u32,
    /// On the bus, the unique name of the connection that answered as the daemon. The bus lets
    /// nobody else have that name, even if the daemon goes.
    daemon: Option<String>,
    on_the_bus: bool,
}

impl Connection {
    /// Logs on to the daemon itself, and makes the first call.
    pub(super) fn to_daemon(
        socket: Socket,
        method: &str,
        arguments: &Body,
    ) -> Result<(Self, Arguments), LoginError> {
        let mut this = Self::over(socket, false);
        let call = call(this.next(), method, arguments)?;
        this.log_on(&[&call])?;
        this.first_answer()
    }

    /// Logs on to the bus, and makes the first call.
    pub(super) fn to_bus(
        socket: Socket,
        method: &str,
        arguments: &Body,
    ) -> Result<(Self, Arguments), LoginError> {
        let mut this = Self::over(socket, true);
        let number = this.next();
        let hello = hello(number)?;
        let call = call(this.next(), method, arguments)?;
        this.log_on(&[&hello, &call])?;
        let welcome = this.reply(number)?;
        if !is_of_bus(&welcome) {
            return Err(STRANGER);
        }
        welcome.answer.map_err(LoginError::Bus)?;
        this.first_answer()
    }

    fn over(socket: Socket, on_the_bus: bool) -> Self {
        Self {
            incoming: Incoming::new(socket),
            serial: 0,
            daemon: None,
            on_the_bus,
        }
    }

    /// Logs on. Nothing of what is sent depends on what is answered, so the first calls go out at
    /// once.
    fn log_on(&mut self, calls: &[&[u8]]) -> Result<(), LoginError> {
        let mut flight = handshake().into_bytes();
        flight.extend_from_slice(&Zeroizing::new(calls.concat()));
        self.incoming.source().send(&flight)?;
        let line = self.incoming.line()?;

        if line.starts_with(b"OK ") && line.ends_with(b"\r\n") {
            Ok(())
        } else {
            Err(LoginError::Handshake)
        }
    }

    fn first_answer(mut self) -> Result<(Self, Arguments), LoginError> {
        let answer = self.answer()?;
        Ok((self, answer))
    }

    /// Calls the daemon.
    pub(super) fn call(&mut self, method: &str, arguments: &Body) -> Result<Arguments, LoginError> {
        self.incoming.source().clock().resume();
        let call = call(self.next(), method, arguments)?;
        self.incoming.source().send(&call)?;
        self.answer()
    }

    /// The number of the next call.
    fn next(&mut self) -> u32 {
        self.serial = self.serial.saturating_add(1);
        self.serial
    }

    /// The daemon's answer to the last call. The time until the next one is the person's.
    fn answer(&mut self) -> Result<Arguments, LoginError> {
        let reply = self.reply(self.serial)?;
        if self.on_the_bus {
            if is_of_bus(&reply) {
                return Err(reply.answer.map_or_else(LoginError::Bus, |_| STRANGER));
            }
            let sender = reply.sender.ok_or(STRANGER)?;
            if *self.daemon.get_or_insert_with(|| sender.clone()) != sender {
                return Err(STRANGER);
            }
        }
        let answer = reply.answer.map_err(LoginError::of_daemon)?;
        self.incoming.source().clock().stop();
        Ok(answer)
    }

    /// The reply to the call of that number.
    fn reply(&mut self, call: u32) -> Result<Reply, LoginError> {
        loop {
            let reply = Reply::next(&mut self.incoming)?;
            if reply.call == call {
                return Ok(reply);
            }
        }
    }
}

const STRANGER: LoginError = LoginError::Garbled("the reply of a stranger");

fn is_of_bus(reply: &Reply) -> bool {
    reply.sender.as_deref() == Some(BUS)
}

/// A call of one of the daemon's methods.
fn call(serial: u32, method: &str, body: &Body) -> Result<Zeroizing<Vec<u8>>, Garbled> {
    message(serial, tfa_proto::PATH, LOGIN, method, NAME, body)
}

/// The call with which a program takes its place on the bus.
fn hello(serial: u32) -> Result<Zeroizing<Vec<u8>>, Garbled> {
    let path = "/org/freedesktop/DBus";
    message(serial, path, BUS, "Hello", BUS, &Body::none())
}

fn message(
    serial: u32,
    path: &str,
    interface: &str,
    method: &str,
    destination: &str,
    body: &Body,
) -> Result<Zeroizing<Vec<u8>>, Garbled> {
    let fields = [
        Field(PATH, Value::Path(path)),
        Field(INTERFACE, Value::Text(interface)),
        Field(MEMBER, Value::Text(method)),
        Field(DESTINATION, Value::Text(destination)),
    ];
    let message = Outgoing {
        kind: METHOD_CALL,
        serial,
        fields: &fields,
        body,
    };
    message.bytes()
}

/// What logs on over a socket of this machine: the kernel vouches for the user, and so for what is
/// said here.
fn handshake() -> String {
    let mut lines = String::from("\0AUTH EXTERNAL ");
    for digit in geteuid().as_raw().to_string().bytes() {
        // A string takes all that is written to it.
        let _ = write!(lines, "{digit:02x}");
    }
    lines.push_str("\r\nBEGIN\r\n");
    lines
}
