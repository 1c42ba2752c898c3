//! Wrong codes since the last login, which are reported to the user.
//!
//! The next login with a right code reports them. Whether the message arrives is not known, because
//! a connection may break. So a login soon after the first one reports them again.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::{Account, Time};

/// How many characters of the origin of a wrong code are kept.
const MAX_FROM_LENGTH: usize = 64;
/// How long after the first report a login reports them again.
const REPORT_AGAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// Wrong codes since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct WrongCodes {
    /// The number of wrong codes.
    #[n(0)]
    pub count: u32,
    /// The time of the last one.
    #[n(1)]
    pub last: Time,
    /// The remote host of the last one, else the terminal, else the service; empty for a program
    /// that runs as the user.
    #[n(2)]
    pub from: String,
    /// The time of the first report.
    #[n(3)]
    reported: Option<Time>,
}

/// What is known of the program that shows a dialog.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The remote host, else the terminal, else the service; empty for a program that runs as the
    /// user.
    pub from: &'a str,
    /// Whether it shows messages. A program that suppresses messages, or that does not run as root,
    /// does not count.
    pub shows: bool,
}

impl WrongCodes {
    /// Whether a login at that time reports them.
    fn is_pending(&self, now: Time) -> bool {
        self.reported
            .is_none_or(|reported| reported.distance(now) <= REPORT_AGAIN_TIMEOUT)
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.from == short(&self.from)
    }
}

impl Account {
    /// The wrong codes that were not reported yet.
    #[must_use]
    pub fn wrong_codes(&self) -> Option<&WrongCodes> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.reported.is_none())
    }

    /// The wrong codes that a login at that time reports, including those that were first reported
    /// shortly before.
    pub(crate) fn pending_wrong_codes(&self, now: Time) -> Option<&WrongCodes> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.is_pending(now))
    }

    /// Records a wrong code.
    pub(crate) fn record_wrong_code(&mut self, from: &str, now: Time) {
        let earlier = self
            .wrong_codes
            .take()
            .filter(|wrong| wrong.is_pending(now));
        self.wrong_codes = Some(WrongCodes {
            count: earlier.map_or(0, |wrong| wrong.count).saturating_add(1),
            last: now,
            from: short(from),
            reported: None,
        });
    }

    /// What a login with a right code reports. The wrong codes of its own dialog are left out:
    /// `own` is their number, and `before` is what there was when it began.
    pub(crate) fn report_wrong_codes(
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
            reported: Some(others_codes.reported.unwrap_or(now)),
            ..others_codes
        };
        self.wrong_codes = Some(wrong.clone());
        Some(wrong)
    }
}

/// The name of a host, terminal or service in the form in which it is stored: short, and in
/// printable ASCII, because terminals show it and it may come from an attacker.
fn short(from: &str) -> String {
    from.chars()
        .map(|letter| {
            if letter.is_ascii_graphic() {
                letter
            } else {
                '?'
            }
        })
        .take(MAX_FROM_LENGTH)
        .collect()
}
