//! A connection to the bus: logging on, calling, and who it is that replies.

use std::fmt::Write;

use rustix::process::geteuid;

use super::LoginError;
use super::call::{Body, Call};
use super::incoming::Incoming;
use super::reply::{Answer, Reply};
use super::socket::Socket;

/// The bus itself, as a name on it.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// The number of the first call.
const HELLO: u32 = 1;

/// A connection over which the daemon was called.
pub(super) struct Connection {
    incoming: Incoming<Socket>,
    /// The number of the last call.
    serial: u32,
    /// The unique name of the connection that answered as the daemon. The bus lets nobody else
    /// have that name, even if the daemon goes.
    daemon: Option<String>,
}

impl Connection {
    /// Logs on and makes the first call. Nothing of what is sent depends on what is answered, so it
    /// goes out at once.
    pub(super) fn log_on(socket: Socket, first: &Call<'_>) -> Result<(Self, Answer), LoginError> {
        let body = Body::none();
        let hello = Call {
            destination: BUS,
            path: "/org/freedesktop/DBus",
            interface: BUS,
            member: "Hello",
            body: &body,
        };
        let mut this = Self {
            incoming: Incoming::new(socket),
            serial: HELLO + 1,
            daemon: None,
        };
        let mut flight = handshake().into_bytes();
        flight.extend_from_slice(&hello.message(HELLO)?);
        flight.extend_from_slice(&first.message(this.serial)?);
        this.incoming.source().send(&flight)?;

        let line = this.incoming.line()?;
        if !(line.starts_with(b"OK ") && line.ends_with(b"\r\n")) {
            return Err(LoginError::Handshake);
        }
        let welcome = this.reply(HELLO)?;
        if welcome.sender != BUS {
            return Err(STRANGER);
        }
        welcome.answer.map_err(LoginError::Bus)?;
        let answer = this.answer()?;
        this.incoming.source().clock().stop();
        Ok((this, answer))
    }

    /// Calls the daemon.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Result<Answer, LoginError> {
        self.incoming.source().clock().resume();
        self.serial = self.serial.saturating_add(1);
        let message = call.message(self.serial)?;
        self.incoming.source().send(&message)?;
        let answer = self.answer()?;
        self.incoming.source().clock().stop();
        Ok(answer)
    }

    /// The daemon's answer to the last call.
    fn answer(&mut self) -> Result<Answer, LoginError> {
        let Reply { sender, answer, .. } = self.reply(self.serial)?;
        if sender == BUS {
            return Err(answer.map_or_else(LoginError::Bus, |_| STRANGER));
        }
        if *self.daemon.get_or_insert_with(|| sender.clone()) != sender {
            return Err(STRANGER);
        }
        answer.map_err(LoginError::of_daemon)
    }

    /// The reply to the call of that number.
    fn reply(&mut self, call: u32) -> Result<Reply, LoginError> {
        loop {
            let reply = self.incoming.reply()?;
            if reply.call == call {
                return Ok(reply);
            }
        }
    }
}

const STRANGER: LoginError = LoginError::Garbled("the reply of a stranger");

/// What logs on to a bus on this machine: the kernel vouches for the user, and so for what is said
/// here.
fn handshake() -> String {
    let mut lines = String::from("\0AUTH EXTERNAL ");
    for digit in geteuid().as_raw().to_string().bytes() {
        // A string takes all that is written to it.
        let _ = write!(lines, "{digit:02x}");
    }
    lines.push_str("\r\nBEGIN\r\n");
    lines
}
