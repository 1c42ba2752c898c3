//! What an administrator does with the remembered devices of any account.

use tfa_core::DeviceId;
use tfa_proto::Error;

use super::Administrator;
use crate::host::clock;
use crate::log::{AccountEvent, LoggedDevice};
use crate::messages;

impl Administrator {
    /// Forgets a device.
    pub(in crate::dbus::interface) fn forget_device(
        &self,
        user: &str,
        id: u32,
    ) -> Result<(), Error> {
        let user = self.accounts.user(user)?;
        let (config, now) = (self.state.config(), clock::now());
        self.state.forgotten_devices.note(user.uid, now);
        let device = self
            .accounts
            .change(&user, |account| {
                account.forget_device(DeviceId::new(id), &config.remember, now)
            })
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::refusal_for_administrator(refusal, &user.name, now))?;
        let event = AccountEvent::DeviceForgotten(LoggedDevice::of(&device));
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        Ok(())
    }

    /// Forgets all devices. Returns their number.
    pub(in crate::dbus::interface) fn forget_devices(&self, user: &str) -> Result<u32, Error> {
        let user = self.accounts.user(user)?;
        let (config, now) = (self.state.config(), clock::now());
        self.state.forgotten_devices.note(user.uid, now);
        let count = self
            .accounts
            .change(&user, |account| {
                account.forget_devices_except(None, &config.remember, now)
            })
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        if count > 0 {
            let event = AccountEvent::DevicesForgotten { count };
            self.state
                .journal
                .log_account(&self.caller, &user.name, event);
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
