//! Opens the socket for the logins of members, on a verifier alone.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_store::DaemonStore;

use super::{MemberLogins, MemberSocket};
use crate::config::FleetRole;
use crate::fleet::{Hosts, fleet_uid};
use crate::host::users::Nss;
use crate::log::DaemonEvent;
use crate::messages;
use crate::state::DaemonState;

/// The socket for the logins of members. Only a verifier opens it.
pub struct MemberListener {
    path: PathBuf,
    state: Arc<DaemonState>,
    store: Arc<dyn DaemonStore>,
    state_of_socket: Mutex<Listening>,
}

/// The socket, or why it is not open.
#[derive(Default)]
struct Listening {
    socket: Option<MemberSocket>,
    /// What was logged last: a failure that lasts is logged once.
    failure: Option<String>,
}

impl fmt::Debug for MemberListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemberListener")
    }
}

impl MemberListener {
    /// A socket at that path, for logins to the accounts in this store. It is not opened yet.
    #[must_use]
    pub fn new(path: PathBuf, state: Arc<DaemonState>, store: Arc<dyn DaemonStore>) -> Self {
        Self {
            path,
            state,
            store,
            state_of_socket: Mutex::default(),
        }
    }

    /// The hosts of the fleet, for administrators.
    #[must_use]
    pub fn hosts(&self) -> Hosts {
        let hosts = Hosts::new(Arc::clone(&self.store), Arc::clone(&self.state.journal));
        hosts.remembering(self.state.removals())
    }

    /// Opens the socket if this host is a verifier and has not opened it. The log tells what prevents it;
    /// the logins of this host do not depend on it. It looks up a user, and blocks.
    pub fn open_on_verifier(&self) {
        if self.state.role() != Some(FleetRole::Verifier) {
            return;
        }
        let mut listening = self.listening();
        if listening.socket.is_some() {
            return;
        }
        match self.open() {
            Ok(opened) => listening.socket = Some(opened),
            Err(why) if listening.failure.as_ref() == Some(&why) => {}
            Err(why) => {
                let text = messages::no_member_socket(&why);
                let event = DaemonEvent::NoMemberSocket(&text);
                self.state.journal.log_daemon(event);
                listening.failure = Some(why);
            }
        }
    }

    /// Takes no further connection.
    pub fn close(&self) {
        if let Some(socket) = self.listening().socket.take() {
            socket.close();
        }
    }

    fn listening(&self) -> MutexGuard<'_, Listening> {
        let state = self.state_of_socket.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MemberSocket, String> {
        let fleet = fleet_uid()?;
        let (state, store) = (Arc::clone(&self.state), Arc::clone(&self.store));
        let logins = MemberLogins::new(state, store, Arc::new(Nss));
        let opened = MemberSocket::open(&self.path, fleet, Arc::new(logins));
        opened.map_err(|error| format!("cannot listen at {}: {error}", self.path.display()))
    }
}
