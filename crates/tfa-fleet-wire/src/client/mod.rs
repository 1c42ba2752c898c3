//! The blocking client of a socket of tfa-fleet.

mod connection;
mod error;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tfa_wire::TimeBudget;

pub use self::connection::Connection;
pub use self::error::CallError;
use crate::{Reply, Request, frame};

/// How many connections without a request are kept for the next ones.
const MAX_IDLE: usize = 16;

/// Calls a program at a Unix socket, from any number of threads. Each call has a connection of its own
/// while it lasts. The caller bounds how many there are at once.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    listener: u32,
    idle: Mutex<Vec<Connection>>,
}

impl Client {
    /// A client of the socket at that path, at which a program with the uid `listener` or of root
    /// must listen. Connects at the first call.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, listener: u32) -> Self {
        Self {
            path: path.into(),
            listener,
            idle: Mutex::default(),
        }
    }

    /// Sends a request and waits for its reply, in at most that time.
    ///
    /// # Errors
    /// [`CallError`] tells whether the request may have been executed.
    pub fn call(&self, request: &Request, limit: Duration) -> Result<Reply, CallError> {
        let budget = TimeBudget::start(limit);
        let request = frame::encode(request).map_err(CallError::Request)?;
        let mut connection = match self.quiet_connection(budget) {
            Some(connection) => connection,
            None => self.connect(budget)?,
        };
        if connection.send(&request).is_err() {
            // The peer cannot have the whole request, and so has not executed it.
            connection = self.connect(budget)?;
            connection.send(&request).map_err(CallError::Unsent)?;
        }
        let reply = connection.receive()?;
        self.keep(connection);
        Ok(reply)
    }

    fn connect(&self, budget: TimeBudget) -> Result<Connection, CallError> {
        Connection::open(&self.path, self.listener, budget).map_err(CallError::Unsent)
    }

    /// Takes a connection of an earlier call that the peer has not closed.
    fn quiet_connection(&self, budget: TimeBudget) -> Option<Connection> {
        loop {
            let mut connection = self.idle().pop()?;
            if connection.is_quiet() {
                connection.set_budget(budget);
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
