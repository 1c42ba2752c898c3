//! An invitation: a one-time code from the administrator that permits a first enrollment.
//!
//! An invitation code has the form of a backup code, and the same tolerance for typing. It has 50
//! random bits and a short lifetime, and wrong codes are counted, so a plain hash is sufficient.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::input::BACKUP_LENGTH;
use crate::time::MAX_AHEAD;
use crate::{BackupCode, Input, Time};

const SALT: usize = 16;
const DIGEST: usize = 32;
/// The maximum lifetime of an invitation.
pub const MAX_INVITATION_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// The stored part of an invitation.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct Invitation {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; SALT],
    #[cbor(n(1), with = "minicbor::bytes")]
    digest: [u8; DIGEST],
    #[n(2)]
    until: Time,
    /// When it was made. Absent in older records.
    #[n(3)]
    made: Option<Time>,
}

impl Invitation {
    /// Generates an invitation that is valid until a given time, and its code. `fill` supplies
    /// random bytes. The caller shows the code once and drops it.
    #[must_use]
    pub fn draw(mut fill: impl FnMut(&mut [u8]), now: Time, until: Time) -> (Self, BackupCode) {
        let mut salt = [0; SALT];
        fill(&mut salt);
        let mut bytes = [0; BACKUP_LENGTH];
        fill(&mut bytes);
        let code = BackupCode::from_random(bytes);
        bytes.zeroize();
        let digest = digest(&salt, &code);
        (
            Self {
                salt,
                digest,
                until,
                made: Some(now),
            },
            code,
        )
    }

    /// The end of its validity.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// Whether it is valid at that time.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        // One that ends later than any is made for was made by a clock that was ahead, and so was
        // one that is yet to be made: its end says nothing.
        let made = self.made.is_none_or(|made| now.until(made) <= MAX_AHEAD);
        made && now < self.until && now.until(self.until) <= MAX_INVITATION_LIFETIME
    }

    /// Whether this is the same invitation, and not a later one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.salt, self.digest, self.until) == (other.salt, other.digest, other.until)
    }

    /// Whether the input is the invitation code, in either case, with or without the dash.
    pub(crate) fn is_code(&self, typed: &Input) -> bool {
        match typed {
            Input::Backup(code) => self.digest.ct_eq(&digest(&self.salt, code)).into(),
            Input::Code(_) | Input::Recovery(_) | Input::Malformed | Input::Empty => false,
        }
    }
}

fn digest(salt: &[u8; SALT], code: &BackupCode) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    hash.update(b"tfa invitation");
    hash.update(salt);
    hash.update(code.letters());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_known_again_however_it_is_typed_and_no_other_is() {
        let (now, until) = (
            Time::from_secs(1_699_000_000),
            Time::from_secs(1_700_000_000),
        );
        let (invitation, code) = Invitation::draw(|bytes| bytes.fill(9), now, until);
        let printed = code.to_printed();
        for typed in [printed.clone(), printed.to_lowercase().replace('-', " ")] {
            assert!(invitation.is_code(&Input::parse(&typed)), "{typed}");
        }
        for typed in ["", "123456", "ABCDE-FGHJK", "nonsense"] {
            assert!(!invitation.is_code(&Input::parse(typed)), "{typed}");
        }
    }

    #[test]
    fn it_ends_and_a_clock_that_was_ahead_makes_none_that_lives_for_years() {
        let at = |seconds: u64| Time::from_secs(1_700_000_000 + seconds);
        let (invitation, _) = Invitation::draw(|bytes| bytes.fill(9), at(10_000), at(20_000));
        assert!(invitation.is_open(at(19_999)));
        assert!(!invitation.is_open(at(20_000)));
        // A clock may be set back by a little; one that was further ahead made it for another time.
        assert!(invitation.is_open(at(10_000 - 7200)));
        assert!(!invitation.is_open(at(10_000 - 7201)));
        assert!(!invitation.is_open(Time::from_secs(1_600_000_000)));
    }
}
