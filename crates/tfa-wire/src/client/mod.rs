//! The blocking client of the login interface, for the PAM module. It speaks D-Bus on a plain socket.
//!
//! It connects to the daemon's own socket. If no daemon listens there, it connects to the bus, which
//! starts the daemon or says why it cannot. The handshake and the first call are sent at once, so a
//! dialog begins within one round trip; each further turn takes another.
//!
//! 1. `connection` calls the daemon.
//! 2. `reply` finds the replies among the received messages.

mod connection;
mod error;
mod reply;
#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use tfa_proto::{Context, Turn};

pub use error::{ErrorReply, LoginError};

use crate::login::LoginCall;
use crate::socket::Socket;
use crate::time_budget::TimeBudget;
use connection::Connection;

/// A login dialog. The daemon ends it when the client is dropped.
pub struct LoginClient {
    connection: Connection,
    dialog: u32,
}

/// The paths of the sockets.
#[derive(Debug, Clone, Copy)]
pub struct Endpoints<'a> {
    /// The daemon's own socket.
    pub daemon: &'a Path,
    /// The socket of the system bus.
    pub bus: &'a Path,
}

/// A connection, and the endpoint that accepted it.
#[derive(Debug, PartialEq, Eq)]
enum Connected<S> {
    ToDaemon(S),
    ToBus(S),
}

impl Endpoints<'_> {
    /// Connects to the daemon, or to the bus if no daemon listens. Both attempts share the budget.
    fn connect<S>(
        self,
        budget: TimeBudget,
        mut connect: impl FnMut(&Path, TimeBudget) -> io::Result<S>,
    ) -> Result<Connected<S>, LoginError> {
        match connect(self.daemon, budget) {
            Ok(socket) => Ok(Connected::ToDaemon(socket)),
            // A full queue: the daemon listens.
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(LoginError::TimedOut),
            Err(_) => connect(self.bus, budget)
                .map(Connected::ToBus)
                .map_err(LoginError::from_connect),
        }
    }
}

impl LoginClient {
    /// Connects to the daemon, begins the dialog for a user, and returns the first turn. The limit
    /// holds for all operations of the client together; the time between two calls, in which the user
    /// types, is not counted.
    ///
    /// # Errors
    /// Why there is no first turn.
    pub fn begin(
        endpoints: Endpoints<'_>,
        limit: Duration,
        user: &str,
        context: &Context,
    ) -> Result<(Self, Turn), LoginError> {
        match endpoints.connect(TimeBudget::start(limit), Socket::connect)? {
            Connected::ToDaemon(socket) => Self::with_daemon(socket, user, context),
            Connected::ToBus(socket) => Self::on_bus(socket, user, context),
        }
    }

    fn with_daemon(
        socket: Socket,
        user: &str,
        context: &Context,
    ) -> Result<(Self, Turn), LoginError> {
        let begin = LoginCall::Begin(user, context);
        Connection::to_daemon(socket, &begin, |reply| reply.begun()).map(Self::from_begun)
    }

    fn on_bus(socket: Socket, user: &str, context: &Context) -> Result<(Self, Turn), LoginError> {
        let begin = LoginCall::Begin(user, context);
        Connection::to_bus(socket, &begin, |reply| reply.begun()).map(Self::from_begun)
    }

    fn from_begun((connection, (dialog, turn)): (Connection, (u32, Turn))) -> (Self, Turn) {
        (Self { connection, dialog }, turn)
    }

    /// Answers the last question, and returns the next turn.
    ///
    /// # Errors
    /// Why there is no next turn.
    pub fn answer(&mut self, answer: &str) -> Result<Turn, LoginError> {
        let answer = LoginCall::Answer(self.dialog, answer);
        self.connection.call(&answer, |reply| reply.answered())
    }

    /// Ends the dialog without a verdict. Dropping the client does so, too.
    ///
    /// # Errors
    /// Why the daemon may not have received the call.
    pub fn cancel(&mut self) -> Result<(), LoginError> {
        let cancel = LoginCall::Cancel(self.dialog);
        self.connection.call(&cancel, |_| Ok(()))
    }
}
