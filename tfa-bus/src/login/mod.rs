//! The client of `.Login`, for the PAM module: blocking, and small enough for a login program.
//!
//! It is a bus client of its own, over a plain socket, with zbus as the codec alone: no runtime, no
//! thread, nothing left behind. Logging on to the bus and beginning the dialog are one flight, and
//! each further turn is one round trip.
//!
//! 1. `connection` logs on and calls, and knows who it is that replies.
//! 2. `call` puts a call into bytes.
//! 3. `socket` carries bytes, all of them within one time limit.
//! 4. `incoming` cuts what comes into lines and messages, and keeps the replies.
//! 5. `reply` takes a reply out of its bytes.

mod call;
mod connection;
mod error;
mod incoming;
mod message;
mod reply;
mod socket;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

pub use error::{ErrorReply, LoginError};

use crate::{Context, LOGIN, NAME, PATH, Turn, WireTurn};
use call::{Body, Call};
use connection::Connection;
use socket::Socket;

/// A dialog that the daemon conducts with this client. It ends with the client at the latest.
pub struct LoginClient {
    connection: Connection,
    dialog: u32,
}

impl LoginClient {
    /// Connects to the bus whose socket that is, and begins the dialog for a user. Nothing on this
    /// connection takes longer than the limit, all in all; the time between two calls, in which the
    /// person types, does not count.
    ///
    /// # Errors
    /// Why there is no first turn.
    pub fn begin(
        bus: &Path,
        limit: Duration,
        user: &str,
        context: &Context,
    ) -> Result<(Self, Turn), LoginError> {
        let socket = Socket::connect(bus, limit).map_err(LoginError::of_connecting)?;
        Self::over(socket, user, context)
    }

    fn over(socket: Socket, user: &str, context: &Context) -> Result<(Self, Turn), LoginError> {
        let body = Body::of(&(user, context.to_dict()))?;
        let (connection, answer) = Connection::log_on(socket, &call("Begin", &body))?;
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
        let turn: WireTurn = self.connection.call(&call("Answer", &body))?.read()?;
        Ok(Turn::try_from(turn)?)
    }

    /// Ends the dialog without a verdict.
    ///
    /// # Errors
    /// Why that is not certain to have arrived. It does not matter: without its client the dialog
    /// ends too.
    pub fn cancel(&mut self) -> Result<(), LoginError> {
        let body = Body::of(&self.dialog)?;
        self.connection.call(&call("Cancel", &body)).map(|_| ())
    }
}

fn call<'a>(member: &'a str, body: &'a Body) -> Call<'a> {
    Call {
        destination: NAME,
        path: PATH,
        interface: LOGIN,
        member,
        body,
    }
}
