//! The hosts of the fleet, for administrators on a verifier.

use std::time::Duration;

use tfa_core::{HOST_INVITATION_LIFETIME, HostName};
use tfa_fleet_wire::KeyRequest;
use tfa_proto::{Error, FleetHost, FleetHostState, HOST_INVITATION_SECONDS};
use tfa_store::StoreError;
use zeroize::Zeroizing;

use super::Administrator;
use crate::account;
use crate::config::FleetRole;
use crate::fleet::{FoundedFleet, HostEntry, HostState, Hosts};
use crate::messages;

// The document accepts no longer invitation.
const _: () = assert!(*HOST_INVITATION_SECONDS.end() == HOST_INVITATION_LIFETIME.as_secs());

impl Administrator {
    pub(in crate::dbus::interface) fn found_fleet(
        &self,
        host: &str,
        port: u16,
        request: (Vec<u8>, Vec<u8>),
    ) -> Result<(bool, Vec<u8>, Vec<u8>), Error> {
        let (host, hosts) = (host_name(host)?, self.verifiers_hosts()?);
        let (point, proof) = request;
        let point = point.try_into();
        let point = point.map_err(|_| Error::InvalidArgument(messages::NO_PROOF.to_owned()))?;
        if port == 0 {
            return Err(Error::InvalidArgument(messages::NO_PORT.to_owned()));
        }
        let FoundedFleet {
            is_new,
            authority,
            certificate,
        } = hosts.found(&host, port, &KeyRequest { point, proof })?;
        Ok((is_new, certificate, authority))
    }

    pub(in crate::dbus::interface) fn invite_host(
        &self,
        host: &str,
        seconds: u64,
        port: u16,
    ) -> Result<(Zeroizing<String>, u64), Error> {
        if !HOST_INVITATION_SECONDS.contains(&seconds) {
            return Err(messages::bad_host_invitation_time());
        }
        let (host, hosts) = (host_name(host)?, self.hosts_of_fleet()?);
        self.must_be_root_for_verifiers(&host, port != 0)?;
        let port = Some(port).filter(|port| *port != 0);
        let lifetime = Duration::from_secs(seconds);
        let (token, until) = hosts.invite(self.caller.uid, &host, port, lifetime)?;
        Ok((token, until.as_secs()))
    }

    pub(in crate::dbus::interface) fn list_hosts(
        &self,
        after: &str,
    ) -> Result<(Vec<FleetHost>, String), Error> {
        let (entries, next) = self.verifiers_hosts()?.list(after)?;
        let hosts = entries.into_iter().map(told);
        Ok((hosts.collect(), next.unwrap_or_default()))
    }

    pub(in crate::dbus::interface) fn remove_host(&self, host: &str) -> Result<(), Error> {
        let host = host_name(host)?;
        let hosts = self.hosts_of_fleet()?;
        self.must_be_root_for_verifiers(&host, false)?;
        Ok(hosts.remove(self.caller.uid, &host)?)
    }

    /// A verifier lets users of each member in: who is not root makes none, and takes none away.
    fn must_be_root_for_verifiers(&self, host: &HostName, becomes: bool) -> Result<(), Error> {
        let is_root = self.caller.is_root();
        if !is_root && (becomes || self.verifiers_hosts()?.may_be_verifier(host)?) {
            return Err(Error::NotAuthorized(messages::ROOT_ONLY.to_owned()));
        }
        Ok(())
    }

    pub(in crate::dbus::interface) fn readmit_host(&self, host: &str) -> Result<(), Error> {
        let host = host_name(host)?;
        let hosts = self.hosts_of_fleet()?;
        Ok(hosts.readmit(self.caller.uid, &host)?)
    }

    /// The hosts of the fleet that this host has made, or serves.
    fn hosts_of_fleet(&self) -> Result<&Hosts, Error> {
        let hosts = self.verifiers_hosts()?;
        match self.state.is_in_no_fleet() && !hosts.has_authority()? {
            true => Err(Error::WrongState(messages::IN_NO_FLEET.to_owned())),
            false => Ok(hosts),
        }
    }

    /// The hosts, also before this host is a verifier. A member has none.
    fn verifiers_hosts(&self) -> Result<&Hosts, Error> {
        match self.state.role() {
            Some(FleetRole::Member) => Err(account::Error::Store(StoreError::NoAccounts).into()),
            Some(FleetRole::Verifier) | None => Ok(&self.hosts),
        }
    }
}

fn host_name(host: &str) -> Result<HostName, Error> {
    HostName::new(host).map_err(|why| messages::not_a_host_name(&why))
}

fn told(entry: HostEntry) -> FleetHost {
    let HostEntry {
        name,
        state,
        port,
        joined,
        until,
        removed,
    } = entry;
    let state = match state {
        HostState::Joined => FleetHostState::Joined,
        HostState::Invited => FleetHostState::Invited,
        HostState::Removed => FleetHostState::Removed,
        HostState::Damaged => FleetHostState::Damaged,
    };
    FleetHost {
        name,
        state: state.into(),
        port,
        joined: joined.map(tfa_core::Time::as_secs),
        until: until.map(tfa_core::Time::as_secs),
        removed: removed.map(tfa_core::Time::as_secs),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use tfa_testkit::MemoryStore;

    use super::*;
    use crate::account::Accounts;
    use crate::caller::Caller;
    use crate::config::Config;
    use crate::log::{Journal, MemoryLog};
    use crate::state::DaemonState;

    fn administrator(fleet: &str) -> Administrator {
        let text = format!("[policy]\nmode = \"optional\"\n{fleet}");
        let config = Config::parse(&[("tfad.toml".to_owned(), text)]).unwrap();
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let store = Arc::new(MemoryStore::new());
        let hosts = Hosts::new(Arc::clone(&store) as _, Arc::clone(&journal));
        Administrator {
            state: Arc::new(DaemonState::new(journal, PathBuf::new(), config, None)),
            accounts: Arc::new(Accounts::new(store)),
            hosts: Arc::new(hosts),
            caller: Caller {
                name: ":1.7".to_owned(),
                uid: 0,
                pid: None,
                host: None,
            },
        }
    }

    #[test]
    fn host_in_no_fleet_removes_admits_and_invites_none() {
        let alone = administrator("");
        for refused in [
            alone.remove_host("web1.example"),
            alone.readmit_host("web1.example"),
            alone.invite_host("web1.example", 3600, 0).map(|_| ()),
        ] {
            let why = refused.unwrap_err();
            assert!(matches!(why, Error::WrongState(_)), "{why}");
            assert_eq!(why.text(), messages::IN_NO_FLEET);
        }
        assert_eq!(alone.list_hosts("").unwrap(), (Vec::new(), String::new()));
        // Where the certificates are those of the organisation, each name can be refused.
        let verifier = administrator("[fleet]\nrole = \"verifier\"\n");
        verifier.remove_host("web1.example").unwrap();
        verifier.readmit_host("web1.example").unwrap();
    }
}
