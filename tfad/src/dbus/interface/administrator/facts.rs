//! What the doctor of `tfactl` asks the daemon.

use tfa_core::{FactorKind, Factors, Group};
use tfa_proto::{DaemonFacts, Error};

use super::Administrator;
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
        Ok(DaemonFacts {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            requires: Some(may_require(policy)),
            names_methods: Some(policy.names_methods()),
            demands_security_keys: Some(effects.any(|effect| effect.factors == only_keys)),
            guard: Some(policy.guard.clone()),
            groups: Some(names(&mut policy.groups().into_iter())),
            administrators: Some(names(&mut config.recovery.administrators.iter())),
        })
    }
}
