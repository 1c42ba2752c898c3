//! What the doctor of `tfactl` asks the daemon.

use tfa_core::{FactorKind, Factors, Group, Rule, Time};
use tfa_proto::{DaemonFacts, Error, NEVER};
use tfa_store::StoreError;

use super::Administrator;
use crate::account;
use crate::config::{BadConfig, FleetRole};
use crate::host::clock;
use crate::host::pam_services::may_require;

impl Administrator {
    pub(in crate::dbus::interface) fn facts(&self) -> Result<DaemonFacts, Error> {
        self.state.serves()?;
        let config = self.state.config();
        let policy = &config.policy;
        let only_keys: Factors = [FactorKind::SecurityKey].into_iter().collect();
        let now = clock::now();
        let rules: Vec<&Rule> = policy.rules_at(now).collect();
        let effects = rules.iter().map(|rule| &rule.effect);
        let mut effects = effects.chain([&policy.otherwise]);
        let time = |from: Option<Time>| from.map_or(NEVER, Time::as_secs);
        let names = |groups: &mut dyn Iterator<Item = &Group>| -> Vec<String> {
            groups.map(Group::to_string).collect()
        };
        let on_disk = self.state.read_config();
        Ok(DaemonFacts {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            off: Some(policy.is_off()),
            key_lost: self.key_lost()?,
            config_error: on_disk.as_ref().err().map(BadConfig::summary),
            config_changed: on_disk
                .ok()
                .map(|on_disk| !on_disk.acts_as(&self.state.publication().local())),
            requires: Some(may_require(policy)),
            required_from: Some(time(policy.required_from(now))),
            required_of_new_users_from: Some(time(policy.required_of_new_users_from(now))),
            names_methods: Some(!policy.is_off() && rules.iter().any(|rule| rule.names_method())),
            demands_security_keys: Some(effects.any(|effect| effect.factors == only_keys)),
            guard: Some(policy.guard.clone()),
            groups: Some(names(&mut rules.iter().flat_map(|rule| &rule.groups))),
            administrators: Some(names(&mut config.recovery.administrators.iter())),
            fleet_role: self.state.role().map(|role| match role {
                FleetRole::Member => "member".to_owned(),
                FleetRole::Verifier => "verifier".to_owned(),
            }),
        })
    }

    /// Without the key, no record can be opened: the first one tells it.
    fn key_lost(&self) -> Result<Option<String>, Error> {
        let first = match self.accounts.list("", 1) {
            // A member of a fleet has no records, and no key.
            Err(account::Error::Store(StoreError::NoAccounts)) => return Ok(None),
            listed => listed?.records.into_iter().next(),
        };
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

    use tfa_core::{Account, Mode, RuleEffect, Terms};
    use tfa_store::{Revision, Sealed, Store};
    use tfa_testkit::MemoryStore;

    use super::*;
    use crate::account::Accounts;
    use crate::caller::Caller;
    use crate::config::Config;
    use crate::fleet::Hosts;
    use crate::host::users::User;
    use crate::log::{Journal, MemoryLog};
    use crate::state::DaemonState;

    fn administrator(store: impl Store + 'static) -> Administrator {
        administrator_with(store, Config::default())
    }

    fn administrator_with(store: impl Store + 'static, config: Config) -> Administrator {
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let none = Arc::new(MemoryStore::new());
        let hosts = Arc::new(Hosts::new(none, Arc::clone(&journal)));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        Administrator {
            state: Arc::new(state),
            accounts: Arc::new(Accounts::new(Arc::new(store))),
            hosts,
            caller,
        }
    }

    #[test]
    fn rules_that_have_ended_are_not_told_and_the_beginning_is() {
        let now = clock::now().as_secs();
        let facts = |until: u64| {
            let effect = RuleEffect {
                mode: Mode::Off,
                terms: Terms {
                    until: Some(Time::from_secs(until)),
                    reason: None,
                },
                ..RuleEffect::default()
            };
            let mut config = Config::default();
            config.policy.rules = vec![Rule {
                methods: vec!["publickey".to_owned()],
                groups: vec![Group::Number(12)],
                effect,
                ..Rule::default()
            }];
            config.policy.otherwise.mode = Mode::Required;
            config.policy.otherwise.since = Some(Time::from_secs(u64::MAX / 2));
            administrator_with(MemoryStore::new(), config)
                .facts()
                .unwrap()
        };
        let (ended, open) = (facts(now - 1), facts(now + 3600));
        assert_eq!(
            (ended.names_methods, open.names_methods),
            (Some(false), Some(true))
        );
        assert_eq!(
            (ended.groups, open.groups),
            (Some(Vec::new()), Some(vec!["12".to_owned()]))
        );
        assert_eq!(
            (open.requires, open.required_from),
            (Some(true), Some(u64::MAX / 2))
        );
        let facts = administrator(MemoryStore::new()).facts().unwrap();
        assert_eq!(
            (facts.requires, facts.required_from),
            (Some(false), Some(NEVER))
        );
    }

    #[test]
    fn grace_that_members_do_not_give_is_marked_on_verifiers() {
        let user = User {
            name: "alice".to_owned(),
            uid: 1001,
            aliases: Vec::new(),
        };
        let mut begun = Account::new(user.uid);
        begun.require(clock::now());
        let marked = |role, since, account: Option<&Account>| {
            let mut config = Config {
                role,
                ..Config::default()
            };
            config.policy.otherwise.mode = Mode::Required;
            config.policy.otherwise.since = since;
            let administrator = administrator_with(MemoryStore::new(), config);
            let status = administrator.described(&user, Ok(account.cloned()));
            assert!(status.grace_until.is_some());
            status.grace_on_verifiers_only
        };
        let verifier = Some(FleetRole::Verifier);
        assert!(marked(verifier, None, None));
        assert!(!marked(verifier, None, Some(&begun)));
        assert!(!marked(verifier, Some(clock::now()), None));
        assert!(!marked(None, None, None));
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
