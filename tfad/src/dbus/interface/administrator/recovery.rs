//! The recovery code of the host, for root.

use tfa_core::Time;
use tfa_proto::{Error, RecoveryState, RecoveryStatus};

use tfa_store::StoreError;

use super::Administrator;
use crate::account;
use crate::config::FleetRole;
use crate::host::clock;
use crate::log::DaemonEvent;

impl Administrator {
    pub(in crate::dbus::interface) fn create_recovery_code(&self) -> Result<String, Error> {
        // No login on a member accepts it.
        if self.state.role() == Some(FleetRole::Member) {
            return Err(account::Error::Store(StoreError::NoAccounts).into());
        }
        let created = self.accounts.create_recovery_code(clock::now());
        let report = |error| self.state.journal.report(&self.caller, "recovery", error);
        let code = created.map_err(report)?;
        self.state.journal.log_daemon(DaemonEvent::RecoveryCodeMade);
        Ok(code.to_printed())
    }

    pub(in crate::dbus::interface) fn recovery_status(&self) -> Result<RecoveryStatus, Error> {
        let Some(recovery) = self.accounts.recovery()? else {
            return Ok(RecoveryStatus::default());
        };
        let used = recovery.used();
        let state = match used {
            Some(_) => RecoveryState::Used,
            None => RecoveryState::Valid,
        };
        Ok(RecoveryStatus {
            state: state.into(),
            created: Some(recovery.created().as_secs()),
            used: used.map(|used| Time::as_secs(used.time)),
            used_by: used.map(|used| used.user.clone()),
        })
    }
}
