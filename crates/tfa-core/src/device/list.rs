//! The devices of one account.

use minicbor::{CborLen, Decode, Encode};

use super::{Device, DeviceId, DeviceMark, RememberRules, Term};
use crate::Time;

/// The maximum number of devices. One more replaces the one that would be forgotten first.
pub const MAX_DEVICES: usize = 20;

/// The devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub(crate) struct Devices {
    #[n(0)]
    list: Vec<Device>,
    /// The highest id that a device has or had.
    #[n(1)]
    highest_id: u32,
}

impl Devices {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Device> {
        self.list.iter()
    }

    /// The remembered device among these marks, if there is one.
    pub(crate) fn find(
        &self,
        marks: &[DeviceMark],
        rules: &RememberRules,
        now: Time,
    ) -> Option<&Device> {
        let remembered = self
            .list
            .iter()
            .filter(|device| device.is_remembered(rules, now));
        // The longest, so that the question is not asked again.
        remembered
            .filter(|device| marks.iter().any(|mark| mark.is_same(&device.mark)))
            .max_by_key(|device| device.until(rules))
    }

    /// Remembers a device from `code` on, the time of a right code. One that is remembered for days
    /// keeps its term.
    pub(crate) fn remember(
        &mut self,
        mark: DeviceMark,
        term: Term,
        rules: &RememberRules,
        code: Time,
    ) -> DeviceId {
        self.prune(rules, code);
        let until = code.plus(rules.length(term));
        let known = self.list.iter_mut().find(|one| one.mark.is_same(&mark));
        if let Some(device) = known {
            if !(device.term == Term::Days && term == Term::Minutes) {
                device.term = term;
                device.remembered = code;
                device.until = until;
            }
            device.last_used = code;
            return device.id;
        }
        if self.list.len() >= MAX_DEVICES {
            let first = self.list.iter().min_by_key(|one| one.until(rules));
            if let Some(id) = first.map(Device::id) {
                self.list.retain(|one| one.id != id);
            }
        }
        self.highest_id = self.highest_id.saturating_add(1);
        let id = DeviceId(self.highest_id);
        self.list.push(Device {
            id,
            mark,
            term,
            first_used: code,
            last_used: code,
            remembered: code,
            until,
        });
        id
    }

    /// Stores a login from a device.
    pub(crate) fn note_use(&mut self, id: DeviceId, now: Time) {
        if let Some(device) = self.list.iter_mut().find(|one| one.id == id) {
            device.last_used = now;
        }
    }

    /// Removes the devices that are no longer remembered, and those from a clock that was ahead.
    pub(crate) fn prune(&mut self, rules: &RememberRules, now: Time) {
        self.list.retain(|device| device.is_remembered(rules, now));
    }

    /// Removes the devices for which `is_kept` is false. Their ids are not used again.
    pub(crate) fn retain(&mut self, is_kept: impl FnMut(&Device) -> bool) {
        self.list.retain(is_kept);
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        let ids: Vec<u32> = self.list.iter().map(|device| device.id.0).collect();
        let are_ascending = ids
            .windows(2)
            .all(|pair| matches!(pair, [one, next] if one < next));
        self.list.len() <= MAX_DEVICES
            && are_ascending
            && ids.last().is_none_or(|last| *last <= self.highest_id)
    }
}
