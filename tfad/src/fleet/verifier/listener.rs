//! Opens the socket for the logins of members, on a verifier alone.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tfa_store::Store;

use super::{MemberLogins, MemberSocket};
use crate::config::FleetRole;
use crate::fleet::fleet_uid;
use crate::log::DaemonEvent;
use crate::messages;
use crate::state::DaemonState;

/// The socket for the logins of members. Nothing of it exists on a host that is no verifier.
pub struct MemberListener {
    path: PathBuf,
    state: Arc<DaemonState>,
    store: Arc<dyn Store>,
    socket: Mutex<Option<MemberSocket>>,
}

impl fmt::Debug for MemberListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemberListener")
    }
}

impl MemberListener {
    /// A socket at that path, for logins to the accounts in this store. It is not opened yet.
    #[must_use]
    pub fn new(path: PathBuf, state: Arc<DaemonState>, store: Arc<dyn Store>) -> Self {
        Self {
            path,
            state,
            store,
            socket: Mutex::default(),
        }
    }

    /// Opens the socket if this host is a verifier and has not opened it. The log tells what prevents it;
    /// the logins of this host do not depend on it. It looks up a user, and blocks.
    pub fn open_on_verifier(&self) {
        if self.state.role() != Some(FleetRole::Verifier) {
            return;
        }
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if socket.is_some() {
            return;
        }
        match self.open() {
            Ok(opened) => *socket = Some(opened),
            Err(why) => {
                let text = messages::no_member_socket(&why);
                self.state
                    .journal
                    .log_daemon(DaemonEvent::NoMemberSocket(&text));
            }
        }
    }

    /// Takes no further connection.
    pub fn close(&self) {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = socket.take() {
            socket.close();
        }
    }

    fn open(&self) -> Result<MemberSocket, String> {
        let fleet = fleet_uid()?;
        let logins = MemberLogins::new(Arc::clone(&self.state), Arc::clone(&self.store));
        let opened = MemberSocket::open(&self.path, fleet, Arc::new(logins));
        opened.map_err(|error| format!("cannot listen at {}: {error}", self.path.display()))
    }
}
