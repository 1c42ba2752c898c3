//! Remembered devices: a login from one is not asked for a code for some time.
//!
//! A device is what a login shows beside the password ([`mark`]): an SSH key that sshd has accepted,
//! or, where the host wants it, an address. [`rules`] says what the host remembers, and [`list`] is
//! what an account remembers.

mod list;
mod mark;
mod rules;

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

pub(crate) use list::Devices;
pub use list::MAX_DEVICES;
pub use mark::{AddressPrefix, DeviceKind, DeviceMark, MemberMark};
pub use rules::RememberRules;

use crate::Time;

/// How often the last use is stored: not at each login, because a login from a remembered device
/// changes nothing else.
const USE_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// The number of a device in its account, from 1. It is not used again while the account has
/// authenticators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct DeviceId(#[n(0)] u32);

impl DeviceId {
    /// The id of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Why a device is remembered, which decides for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum Term {
    /// For some minutes after each code, without a question.
    #[n(0)]
    Minutes,
    /// For some days, because the user wants it.
    #[n(1)]
    Days,
}

/// A remembered device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Device {
    #[n(0)]
    id: DeviceId,
    #[n(1)]
    mark: DeviceMark,
    #[n(2)]
    term: Term,
    /// The first code with which it was remembered.
    #[n(3)]
    first_used: Time,
    /// A login from it, up to [`USE_INTERVAL`] before the last one.
    #[n(4)]
    last_used: Time,
    /// The code with which it was remembered last.
    #[n(5)]
    remembered: Time,
    /// The end under the rules of that time. Longer terms that are configured later do not extend it.
    #[n(6)]
    until: Time,
}

impl Device {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// What identifies it.
    #[must_use]
    pub fn mark(&self) -> DeviceMark {
        self.mark
    }

    /// Why it is remembered.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// The first code with which it was remembered.
    #[must_use]
    pub fn first_used(&self) -> Time {
        self.first_used
    }

    /// The last stored login from it.
    #[must_use]
    pub fn last_used(&self) -> Time {
        self.last_used
    }

    /// When it ceases to be remembered, under the rules in force.
    #[must_use]
    pub fn until(&self, rules: &RememberRules) -> Time {
        self.until
            .min(self.remembered.plus(rules.length(self.term)))
    }

    /// Whether it is remembered. On a verifier, a device does not count if no host is known on which it was remembered. Nor
    /// does a time in the future, which was stored while the clock was ahead: the term would last until the clock is
    /// there again.
    #[must_use]
    pub fn is_remembered(&self, rules: &RememberRules, now: Time) -> bool {
        let is_of_a_host = !rules.of_verifier || !self.mark.is_of_no_host();
        is_of_a_host && self.remembered <= now && now < self.until(rules)
    }

    /// Whether a login now is to be stored as the last use.
    #[must_use]
    pub fn is_use_due(&self, now: Time) -> bool {
        self.last_used.distance(now) >= USE_INTERVAL
    }
}
