//! The program with the network, `tfa-fleet`, and the user as whom it must run.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tfa_fleet_wire::{CallError, Client, Reply, Request};

/// The uid of no user. With it, no program but one of root is accepted at the socket.
const NO_USER: u32 = u32::MAX;

/// Looks up the uid of `tfa-fleet`. The error is a text for the administrator.
pub(crate) type LookUpFleet = fn() -> Result<u32, String>;

/// `tfa-fleet` at its socket.
pub(super) struct Program {
    socket: PathBuf,
    look_up: LookUpFleet,
    /// Once its user was looked up.
    client: OnceLock<Client>,
}

impl Program {
    /// The program with this uid at a socket.
    pub(super) fn of_user(socket: &Path, uid: u32) -> Self {
        Self {
            socket: socket.to_owned(),
            look_up: || Ok(NO_USER),
            client: OnceLock::from(Client::new(socket, uid)),
        }
    }

    /// The program at a socket, whose user is looked up at the first call, and at each one until it is known.
    pub(super) fn looked_up(socket: &Path, look_up: LookUpFleet) -> Self {
        Self {
            socket: socket.to_owned(),
            look_up,
            client: OnceLock::new(),
        }
    }

    /// Calls it. While its user is not known, whether a program listens is known nevertheless, and one that does is not
    /// believed.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub(super) fn call(&self, request: &Request, limit: Duration) -> Result<Reply, CallError> {
        if let Some(client) = self.client.get() {
            return client.call(request, limit);
        }
        match (self.look_up)() {
            Ok(uid) => {
                let made = || Client::new(&self.socket, uid);
                self.client.get_or_init(made).call(request, limit)
            }
            Err(_) => Client::new(&self.socket, NO_USER).call(request, limit),
        }
    }

    /// Why its user is not known, for the administrator.
    pub(super) fn has_no_user(&self) -> Option<String> {
        match self.client.get() {
            Some(_) => None,
            None => (self.look_up)().err(),
        }
    }
}
