//! The remembered devices of an account.

use super::{Account, Refusal};
use crate::{
    AuthenticatorId, BackupSet, Device, DeviceId, DeviceMark, HashParams, RememberRules, Term, Time,
};

/// What the codes of an account came from at one moment. What was granted for one of them ends when an
/// authenticator is removed, also if another one takes its id after a reset, or when the set of backup
/// codes is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    authenticators: Vec<(AuthenticatorId, Option<Time>)>,
    /// They hold the salt of the set.
    backup: Option<HashParams>,
}

impl Binding {
    /// Whether the account still has all of these authenticators, and this set of backup codes.
    #[must_use]
    pub fn holds(&self, account: &Account) -> bool {
        let now = account.binding();
        let mut authenticators = self.authenticators.iter();
        !self.authenticators.is_empty()
            && self.backup == now.backup
            && authenticators.all(|one| now.authenticators.contains(one))
    }
}

impl Account {
    /// The active authenticators and the set of backup codes, for a later comparison.
    #[must_use]
    pub fn binding(&self) -> Binding {
        let authenticators = self.authenticators.iter();
        let authenticators = authenticators.map(|one| (one.id(), one.created()));
        Binding {
            authenticators: authenticators.collect(),
            backup: self.backup.as_ref().map(BackupSet::hash_params).cloned(),
        }
    }

    /// The devices that are remembered now.
    pub fn devices<'account>(
        &'account self,
        rules: &'account RememberRules,
        now: Time,
    ) -> impl Iterator<Item = &'account Device> {
        let devices = self.devices.iter().flat_map(super::Devices::iter);
        devices.filter(move |device| device.is_remembered(rules, now))
    }

    /// The remembered device that a login shows.
    #[must_use]
    pub fn remembered_device(
        &self,
        marks: &[DeviceMark],
        rules: &RememberRules,
        now: Time,
    ) -> Option<&Device> {
        self.devices.as_ref()?.find(marks, rules, now)
    }

    /// Remembers a device from `code` on, the time of a right code.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`].
    pub fn remember_device(
        &mut self,
        mark: DeviceMark,
        term: Term,
        rules: &RememberRules,
        code: Time,
    ) -> Result<DeviceId, Refusal> {
        self.must_be_set_up()?;
        let devices = self.devices.get_or_insert_default();
        Ok(devices.remember(mark, term, rules, code))
    }

    /// Stores that a login came from a device, if that is due.
    pub fn note_device_use(&mut self, id: DeviceId, now: Time) {
        if let Some(devices) = &mut self.devices {
            devices.note_use(id, now);
        }
    }

    /// Removes the devices that are no longer remembered.
    pub(crate) fn prune_devices(&mut self, rules: &RememberRules, now: Time) {
        if let Some(devices) = &mut self.devices {
            devices.prune(rules, now);
        }
    }

    /// Forgets a device. It is the owner's or the administrator's wish, and needs no code: it makes
    /// later logins stricter only.
    ///
    /// # Errors
    /// [`Refusal::NoSuchDevice`].
    pub fn forget_device(
        &mut self,
        id: DeviceId,
        rules: &RememberRules,
        now: Time,
    ) -> Result<Device, Refusal> {
        let device = self.devices(rules, now).find(|device| device.id() == id);
        let device = device.cloned().ok_or(Refusal::NoSuchDevice)?;
        self.retain_devices(|one| one.id() != id);
        Ok(device)
    }

    /// Forgets all devices but one. Returns how many were remembered.
    pub fn forget_devices_except(
        &mut self,
        kept: Option<DeviceId>,
        rules: &RememberRules,
        now: Time,
    ) -> usize {
        let forgotten = self.devices(rules, now);
        let count = forgotten.filter(|device| Some(device.id()) != kept).count();
        self.retain_devices(|device| Some(device.id()) == kept);
        count
    }

    /// Forgets all devices: an authenticator whose codes may have remembered them is removed.
    pub(crate) fn forget_devices(&mut self) {
        self.retain_devices(|_| false);
    }

    fn retain_devices(&mut self, is_kept: impl FnMut(&Device) -> bool) {
        if let Some(devices) = &mut self.devices {
            devices.retain(is_kept);
        }
    }
}
