//! What the owner of an account does with remembered devices. It needs neither a password nor a code:
//! later logins get stricter only.

use tfa_core::{Account, Device as Remembered, DeviceId, DeviceMark};
use tfa_proto::{Device, Error};

use super::Owner;
use crate::account::status;
use crate::host::clock;
use crate::log::{AccountEvent, LoggedDevice};
use crate::messages;

impl Owner {
    /// The remembered devices. `current` is the one that the caller's login session began from.
    pub(crate) fn devices(&self, current: Option<DeviceMark>) -> Result<Vec<Device>, Error> {
        let (config, account) = (self.state.config(), self.load()?);
        let Some(account) = account else {
            return Ok(Vec::new());
        };
        let current = self.id_of(&account, current);
        let devices = status::devices(&account, &config.remember, self.now).into_iter();
        let marked = devices.map(|device| Device {
            current: Some(DeviceId::new(device.id)) == current,
            ..device
        });
        Ok(marked.collect())
    }

    /// Forgets a device, unless it is the current one.
    pub(crate) fn forget_device(&self, id: u32, current: Option<DeviceMark>) -> Result<(), Error> {
        self.must_be_within_quota()?;
        let (config, id) = (self.state.config(), DeviceId::new(id));
        let account = self.load()?;
        let is_current = |account: &Account| self.id_of(account, current) == Some(id);
        if account.as_ref().is_some_and(is_current) {
            return Err(messages::current_device());
        }
        self.note_forgotten(account.as_ref());
        let device =
            self.change(|account, now| account.forget_device(id, &config.remember, now))?;
        self.log(AccountEvent::DeviceForgotten(LoggedDevice::of(&device)));
        Ok(())
    }

    /// Forgets all devices but the current one. Returns their number.
    pub(crate) fn forget_devices(&self, current: Option<DeviceMark>) -> Result<u32, Error> {
        self.must_be_within_quota()?;
        let config = self.state.config();
        self.note_forgotten(self.load()?.as_ref());
        let count = self.change(|account, now| {
            let current = self.id_of(account, current);
            Ok(account.forget_devices_except(current, &config.remember, now))
        })?;
        if count > 0 {
            self.log(AccountEvent::DevicesForgotten { count });
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Devices of the account are forgotten now. Without one there is nothing to note: a member may name any uid.
    fn note_forgotten(&self, account: Option<&Account>) {
        if let Some(account) = account {
            let forgotten = &self.state.forgotten_devices;
            forgotten.note(account.uid(), clock::now());
        }
    }

    /// The number of a device, which belongs to another one after a reset.
    fn id_of(&self, account: &Account, device: Option<DeviceMark>) -> Option<DeviceId> {
        let config = self.state.config();
        let mut devices = account.devices(&config.remember, self.now);
        let found = devices.find(|one| Some(one.mark()) == device);
        found.map(Remembered::id)
    }
}
