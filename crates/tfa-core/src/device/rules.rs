//! What a host remembers.

use std::time::Duration;

use super::{DeviceKind, DeviceMark, Term};
use crate::{Login, LoginOrigin};

/// What a host remembers of logins with a right code, and for how long. Zero turns a term off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberRules {
    /// The days for which a user can have a device remembered.
    pub days: u32,
    /// The minutes for which a device is remembered without a question.
    pub minutes: u32,
    /// The minutes for which a code serves later logins in the same login session.
    pub session_minutes: u32,
    /// What identifies a device.
    pub by: Vec<DeviceKind>,
    /// The PAM services whose logins are remembered, and served.
    pub services: Vec<String>,
    /// Whether this host is a verifier of a fleet. A device is then remembered for the host of its login alone: one of
    /// which no host is known may be the word of a member.
    pub of_verifier: bool,
}

impl Default for RememberRules {
    fn default() -> Self {
        Self {
            days: 0,
            minutes: 0,
            session_minutes: 0,
            by: vec![DeviceKind::Key],
            services: vec!["sshd".to_owned()],
            of_verifier: false,
        }
    }
}

impl RememberRules {
    /// Whether devices are remembered at all.
    #[must_use]
    pub fn remember_devices(&self) -> bool {
        self.days > 0 || self.minutes > 0
    }

    /// How long a device of that term is remembered.
    #[must_use]
    pub fn length(&self, term: Term) -> Duration {
        match term {
            Term::Minutes => Duration::from_secs(u64::from(self.minutes) * 60),
            Term::Days => Duration::from_secs(u64::from(self.days) * 24 * 3600),
        }
    }

    /// The devices that a login shows: the keys that sshd has accepted, or the address of a login
    /// without a key. None where its service is not listed, or no device is remembered.
    #[must_use]
    pub fn devices_of(&self, login: &Login) -> Vec<DeviceMark> {
        let marks = self.marks_of(login).into_iter();
        match self.of_verifier {
            true => marks.map(DeviceMark::at_verifiers).collect(),
            false => marks.collect(),
        }
    }

    fn marks_of(&self, login: &Login) -> Vec<DeviceMark> {
        let is_listed = || self.services.contains(&login.service);
        if !self.remember_devices() || !is_listed() {
            return Vec::new();
        }
        if self.by.contains(&DeviceKind::Key) && !login.keys.is_empty() {
            return login.keys.iter().map(DeviceMark::of_key).collect();
        }
        match login.origin {
            LoginOrigin::Address(address) if self.by.contains(&DeviceKind::Address) => {
                DeviceMark::of_address(address).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}
