//! The administrator's exemption of one user, and the administrator's pause.
//!
//! An exemption ends by itself. While it is in force, no code is asked for, so no lock applies and none
//! is removed. A pause has no end. Where a second factor is required it has no effect.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::{Account, Change, ChangedBy, Refusal, State};
use crate::time::MAX_AHEAD;
use crate::{Terms, Time};

/// The longest time for which a user is exempt.
pub const MAX_EXEMPTION: Duration = Duration::from_secs(90 * 24 * 3600);
/// The most characters of a reason.
pub const MAX_REASON_LENGTH: usize = 200;

/// The exemption of one user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct UserExemption {
    #[n(0)]
    made: Time,
    #[n(1)]
    until: Time,
    #[n(2)]
    reason: String,
}

impl UserExemption {
    /// An exemption from now on. It lasts no longer than [`MAX_EXEMPTION`]. `None` if the reason is
    /// not one that [`is_reason`] accepts.
    #[must_use]
    pub fn new(reason: &str, length: Duration, now: Time) -> Option<Self> {
        is_reason(reason).then(|| Self {
            made: now,
            until: now.plus(length.min(MAX_EXEMPTION)),
            reason: reason.to_owned(),
        })
    }

    /// Its end.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// Why the user is exempt.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Its end and its reason.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            until: Some(self.until),
            reason: Some(self.reason.clone()),
        }
    }

    /// Whether it is in force. One that was made later than now, or ends later than any can, was made
    /// by a clock that was ahead: its end says nothing.
    #[must_use]
    pub fn is_in_force(&self, now: Time) -> bool {
        now < self.until
            && now.until(self.made) <= MAX_AHEAD
            && now.until(self.until) <= MAX_EXEMPTION
            && self.made.until(self.until) <= MAX_EXEMPTION
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        is_reason(&self.reason)
    }
}

/// Whether a text can be the reason of an exemption: terminals and the log show it.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= MAX_REASON_LENGTH
        && !text.contains(char::is_control)
}

impl Account {
    /// The exemption that is in force.
    #[must_use]
    pub fn exemption(&self, now: Time) -> Option<&UserExemption> {
        let exemption = self.exemption.as_ref();
        exemption.filter(|exemption| exemption.is_in_force(now))
    }

    /// Exempts the user. An earlier exemption is replaced.
    pub fn exempt(&mut self, exemption: UserExemption) {
        self.exemption = Some(exemption);
    }

    /// Ends the exemption. Returns whether there was one, in force or not.
    pub fn end_exemption(&mut self) -> bool {
        self.exemption.take().is_some()
    }

    /// Pauses two-factor login for the administrator, without a proof. The owner learns of it.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::WrongState`].
    pub fn disable(&mut self, now: Time) -> Result<(), Refusal> {
        self.must_be(State::Enabled)?;
        self.paused = true;
        self.notify(Change::Paused, ChangedBy::Administrator, now);
        Ok(())
    }

    /// Ends a pause for the administrator, without a proof. The owner learns of it. Returns whether
    /// there was one.
    pub fn enable(&mut self, now: Time) -> bool {
        let was_paused = std::mem::take(&mut self.paused);
        if was_paused {
            self.notify(Change::Resumed, ChangedBy::Administrator, now);
        }
        was_paused
    }
}
