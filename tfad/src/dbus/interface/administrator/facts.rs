//! What the doctor of `tfactl` asks the daemon.

use tfa_core::{FactorKind, Factors, Group};
use tfa_proto::{DaemonFacts, Error};
use tfa_store::StoreError;

use super::Administrator;
use crate::config::BadConfig;
use crate::host::pam_services::may_require;

impl Administrator {
    pub(in crate::dbus::interface) fn facts(&self) -> Result<DaemonFacts, Error> {
        self.state.serves()?;
        let config = self.state.config();
        let policy = &config.policy;
        let only_keys: Factors = [FactorKind::SecurityKey].into_iter().collect();
        let effects = policy.rules.iter().map(|rule| &rule.effect);
        let mut effects = effects.chain([&policy.otherwise]);
        let names = |groups: &mut dyn Iterator<Item = &Group>| -> Vec<String> {
            groups.map(Group::to_string).collect()
        };
        let on_disk = self.state.read_config();
        Ok(DaemonFacts {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            off: Some(policy.is_off()),
            key_lost: self.key_lost()?,
            config_error: on_disk.as_ref().err().map(BadConfig::summary),
            config_changed: on_disk.ok().map(|on_disk| on_disk != *config),
            requires: Some(may_require(policy)),
            names_methods: Some(policy.names_methods()),
            demands_security_keys: Some(effects.any(|effect| effect.factors == only_keys)),
            guard: Some(policy.guard.clone()),
            groups: Some(names(&mut policy.groups().into_iter())),
            administrators: Some(names(&mut config.recovery.administrators.iter())),
        })
    }

    /// Without the key, no record can be opened: the first one tells it.
    fn key_lost(&self) -> Result<Option<String>, Error> {
        let first = self.accounts.list("", 1)?.records.into_iter().next();
        Ok(match first {
            Some((_, Err(StoreError::KeyLost { remedy }))) => Some(remedy),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use tfa_store::{Revision, Sealed, Store};
    use tfa_testkit::MemoryStore;

    use super::*;
    use crate::account::Accounts;
    use crate::caller::Caller;
    use crate::config::Config;
    use crate::log::{Journal, MemoryLog};
    use crate::state::DaemonState;

    fn administrator(store: impl Store + 'static) -> Administrator {
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let state = DaemonState::new(journal, PathBuf::new(), Config::default(), None);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
        };
        Administrator {
            state: Arc::new(state),
            accounts: Arc::new(Accounts::new(Arc::new(store))),
            caller,
        }
    }

    #[test]
    fn a_lost_key_and_a_file_that_cannot_be_read_are_told() {
        let store = MemoryStore::new();
        let _ = store.commit("alice", 1001, b"x", Revision::NONE).unwrap();
        let why = "the key is not here".to_owned();
        let facts = administrator(Sealed::without_key(store, why.clone())).facts();
        let facts = facts.unwrap();
        assert_eq!(facts.key_lost, Some(why));
        assert!(facts.config_error.is_some(), "{facts:?}");
        assert_eq!(facts.config_changed, None);
        assert_eq!(
            administrator(MemoryStore::new()).facts().unwrap().key_lost,
            None
        );
    }
}
