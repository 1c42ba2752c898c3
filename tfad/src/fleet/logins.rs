//! Who answers the logins of this host: this daemon, or on a member of a fleet a verifier.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tfa_fleet_wire::CALL_SOCKET;
use tfa_proto::{Context, ContextError, Turn};
use tfa_store::StateDir;

use super::{BoundStore, Forwarder, LoginTimes, fleet_uid};
use crate::caller::Caller;
use crate::config::FleetRole;
use crate::host::users::NameService;
use crate::login::{Error, LoginService, Logins};
use crate::state::DaemonState;

/// The logins of this host, by what it is in a fleet.
pub struct HostLogins {
    state: Arc<DaemonState>,
    own: Arc<Logins>,
    names: Arc<dyn NameService>,
    /// Made with the first login on a member.
    forwarder: OnceLock<Forwarder>,
    /// Where a member keeps the codes that are bound to it.
    state_dir: Option<StateDir>,
}

impl fmt::Debug for HostLogins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HostLogins")
    }
}

impl HostLogins {
    /// The logins of these users, which `own` answers unless this host is a member.
    #[must_use]
    pub fn new(state: Arc<DaemonState>, own: Arc<Logins>, names: Arc<dyn NameService>) -> Self {
        Self {
            state,
            own,
            names,
            forwarder: OnceLock::new(),
            state_dir: None,
        }
    }

    /// The same, with this state directory, in which a member keeps the codes that are bound to it.
    #[must_use]
    pub fn keeping_in(self, state_dir: StateDir) -> Self {
        Self {
            state_dir: Some(state_dir),
            ..self
        }
    }

    /// Reports to verifiers what happened on this host while none could be reached, from time to time.
    pub fn report_in_background(self: &Arc<Self>) {
        super::member::bound::start(self);
    }

    /// What the daemon works with.
    pub(crate) fn state(&self) -> &DaemonState {
        &self.state
    }

    /// The names of the verifiers of a member, as far as `tfa-fleet` tells them. It blocks.
    pub(crate) fn verifiers(&self) -> Vec<String> {
        self.forwarder().verifiers()
    }

    /// Who has the dialogs that are under way; `None` on a member before its first login.
    fn of_dialogs(&self) -> Option<&dyn LoginService> {
        match self.state.role() {
            Some(FleetRole::Member) => Some(self.forwarder.get()?),
            Some(FleetRole::Verifier) | None => Some(&*self.own),
        }
    }

    /// Who answers. Before a configuration was read no login is begun.
    fn service(&self) -> &dyn LoginService {
        match self.state.role() {
            Some(FleetRole::Member) => self.forwarder(),
            Some(FleetRole::Verifier) | None => &*self.own,
        }
    }

    /// Who forwards, on a member.
    pub(crate) fn forwarder(&self) -> &Forwarder {
        let (state, names) = (Arc::clone(&self.state), Arc::clone(&self.names));
        let socket = Path::new(CALL_SOCKET);
        let made = || {
            let times = LoginTimes::default();
            let forwarder = Forwarder::looking_up(state, names, socket, fleet_uid, times);
            match &self.state_dir {
                Some(state_dir) => forwarder.with_bound_codes(BoundStore::new(state_dir)),
                None => forwarder,
            }
        };
        self.forwarder.get_or_init(made)
    }
}

impl LoginService for HostLogins {
    fn begin(
        &self,
        caller: &Caller,
        user: &str,
        context: Result<Context, ContextError>,
    ) -> Result<(u32, Turn), Error> {
        self.service().begin(caller, user, context)
    }

    fn answer(&self, sender: &str, dialog: u32, reply: &str) -> Result<Turn, Error> {
        let service = self.of_dialogs().ok_or(Error::NoSuchDialog)?;
        service.answer(sender, dialog, reply)
    }

    fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error> {
        let service = self.of_dialogs().ok_or(Error::NoSuchDialog)?;
        service.cancel(sender, dialog)
    }

    fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        self.of_dialogs()?.idle_timeout(sender)
    }

    fn forget(&self, sender: &str) {
        if let Some(service) = self.of_dialogs() {
            service.forget(sender);
        }
    }
}
