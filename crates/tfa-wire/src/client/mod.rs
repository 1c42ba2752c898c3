//! The client of `.Login`, for the PAM module: blocking, and small enough for a login program.
//!
//! It speaks D-Bus over a plain socket: no runtime, no thread, nothing left behind. The socket is the
//! daemon's own; where nobody listens there it is the bus', which starts the daemon, or knows why
//! there is none. Logging on and beginning the dialog are one flight, and each further turn is one
//! round trip.
//!
//! 1. `connection` logs on and calls, and knows who it is that replies.
//! 2. `reply` finds the replies among what comes.

mod connection;
mod error;
mod reply;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

pub use error::{ErrorReply, LoginError};

use crate::{Arguments, Body, Clock, Socket};
use connection::Connection;
use tfa_proto::{Context, Turn, WireTurn};

/// A dialog that the daemon conducts with this client. It ends with the client at the latest.
pub struct LoginClient {
    connection: Connection,
    dialog: u32,
}

/// The sockets at which the daemon is reached.
#[derive(Debug, Clone, Copy)]
pub struct Roads<'a> {
    /// Its own.
    pub daemon: &'a Path,
    /// The bus'.
    pub bus: &'a Path,
}

impl LoginClient {
    /// Connects to the daemon and begins the dialog for a user. Nothing takes longer than the limit,
    /// all in all; the time between two calls, in which the person types, does not count.
    ///
    /// # Errors
    /// Why there is no first turn.
    pub fn begin(
        roads: Roads<'_>,
        limit: Duration,
        user: &str,
        context: &Context,
    ) -> Result<(Self, Turn), LoginError> {
        let clock = Clock::start(limit);
        match Socket::connect(roads.daemon, clock) {
            Ok(socket) => Self::with_daemon(socket, user, context),
            // Whoever cannot be waited for is there.
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(LoginError::TimedOut),
            Err(_) => {
                let socket = Socket::connect(roads.bus, clock);
                Self::on_bus(socket.map_err(LoginError::of_connecting)?, user, context)
            }
        }
    }

    fn with_daemon(
        socket: Socket,
        user: &str,
        context: &Context,
    ) -> Result<(Self, Turn), LoginError> {
        let body = Body::of(&(user, context.to_dict()))?;
        Self::begun(Connection::to_daemon(socket, "Begin", &body)?)
    }

    fn on_bus(socket: Socket, user: &str, context: &Context) -> Result<(Self, Turn), LoginError> {
        let body = Body::of(&(user, context.to_dict()))?;
        Self::begun(Connection::to_bus(socket, "Begin", &body)?)
    }

    fn begun((connection, answer): (Connection, Arguments)) -> Result<(Self, Turn), LoginError> {
        let (dialog, turn): (u32, WireTurn) = answer.read()?;
        let client = Self { connection, dialog };
        Ok((client, Turn::try_from(turn)?))
    }

    /// Answers the question that the dialog asked last.
    ///
    /// # Errors
    /// Why there is no further turn.
    pub fn answer(&mut self, reply: &str) -> Result<Turn, LoginError> {
        let body = Body::of_answer(self.dialog, reply)?;
        let turn: WireTurn = self.connection.call("Answer", &body)?.read()?;
        Ok(Turn::try_from(turn)?)
    }

    /// Ends the dialog without a verdict.
    ///
    /// # Errors
    /// Why that is not certain to have arrived. It does not matter: without its client the dialog
    /// ends too.
    pub fn cancel(&mut self) -> Result<(), LoginError> {
        let body = Body::of(&self.dialog)?;
        self.connection.call("Cancel", &body).map(|_| ())
    }
}
