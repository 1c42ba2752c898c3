//! Wrong codes since the last login, for the user to hear of.
//!
//! The next login that met the second factor is told of them, once. Whether the words arrived is
//! not known: a connection may break. So a login soon after the first one is told again.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::{Account, Time};

/// How many characters are kept of where a wrong code came from.
const FROM_LENGTH: usize = 64;
/// For how long after the first telling a login is told again.
const TOLD_AGAIN: Duration = Duration::from_secs(120);

/// Wrong codes since a login was last told of any.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct WrongCodes {
    /// How many.
    #[n(0)]
    pub count: u32,
    /// When the last one was typed.
    #[n(1)]
    pub last: Time,
    /// The remote host of the last one, the terminal, or the service that knows neither; empty for a
    /// program of the user's own.
    #[n(2)]
    pub from: String,
    /// When a login was first told of them.
    #[n(3)]
    told: Option<Time>,
}

/// The program that carries a dialog, as far as the user hears of it.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The remote host, the terminal, or the service that knows neither; empty for a program of the
    /// user's own.
    pub from: &'a str,
    /// Whether it shows what it is told: not where it wants no words, nor where it is not root's.
    pub shows: bool,
}

impl WrongCodes {
    /// Whether a login may still be told of them.
    fn is_pending(&self, now: Time) -> bool {
        self.told
            .is_none_or(|told| told.distance(now) <= TOLD_AGAIN)
    }

    /// Whether a decoded one is within the range that it is made in.
    pub(crate) fn is_sound(&self) -> bool {
        self.from == short(&self.from)
    }
}

impl Account {
    /// The wrong codes that no login was told of yet.
    #[must_use]
    pub fn wrong_codes(&self) -> Option<&WrongCodes> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.told.is_none())
    }

    /// The wrong codes that a login at that moment is told of: also those that one was told of a
    /// moment ago.
    pub(crate) fn pending_wrong_codes(&self, now: Time) -> Option<&WrongCodes> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.is_pending(now))
    }

    /// Notes a wrong code.
    pub(crate) fn note_wrong_code(&mut self, from: &str, now: Time) {
        let earlier = self
            .wrong_codes
            .take()
            .filter(|wrong| wrong.is_pending(now));
        self.wrong_codes = Some(WrongCodes {
            count: earlier.map_or(0, |wrong| wrong.count).saturating_add(1),
            last: now,
            from: short(from),
            told: None,
        });
    }

    /// What a login with a right code is told. Of its own dialog's wrong codes it knows: there were
    /// so many, and `before` is what there was when it began.
    pub(crate) fn tell_wrong_codes(
        &mut self,
        own: u32,
        before: Option<&WrongCodes>,
        now: Time,
    ) -> Option<WrongCodes> {
        let all = self
            .wrong_codes
            .take()
            .filter(|wrong| wrong.is_pending(now))?;
        let others = all.count.checked_sub(own).filter(|others| *others > 0)?;
        let before = before.filter(|before| own > 0 && before.count == others);
        let others_codes = before.cloned().unwrap_or(all);
        let wrong = WrongCodes {
            count: others,
            told: Some(others_codes.told.unwrap_or(now)),
            ..others_codes
        };
        self.wrong_codes = Some(wrong.clone());
        Some(wrong)
    }
}

/// The name of a host, terminal or service as it is kept: short, and of printable ASCII, for it is shown on
/// terminals and somebody else chose it.
fn short(from: &str) -> String {
    from.chars()
        .map(|letter| {
            if letter.is_ascii_graphic() {
                letter
            } else {
                '?'
            }
        })
        .take(FROM_LENGTH)
        .collect()
}
