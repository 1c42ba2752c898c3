//! Wrong codes and used codes since the last login, which are reported to the user.
//!
//! The next login with a right code reports them. Whether the message arrives is not known, because
//! a connection may break. So a login soon after the first one reports them again.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::{Account, AnswerId, Time};

/// How many characters of the origin of an attempt are kept.
const MAX_FROM_LENGTH: usize = 64;
/// How long after the first report a login reports them again.
pub(super) const REPORT_AGAIN_TIMEOUT: Duration = Duration::from_secs(120);
/// The number of used codes that are counted. Nothing locks after them, so a program could have each
/// one written to disk.
const MAX_USED_CODES: u32 = 10;
/// How often a used code beyond that number is recorded.
const USED_CODE_INTERVAL: Duration = Duration::from_secs(60);

/// Wrong codes, or used codes, since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Attempts {
    /// The number of codes.
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
    /// The PAM service; empty for a program that runs as the user.
    pub service: &'a str,
    /// Whether it shows messages. A program that suppresses messages, or that does not run as root,
    /// does not count.
    pub shows: bool,
    /// Which answer it sends. `None` outside of an attempt: each answer is a new one.
    pub answer: Option<AnswerId>,
}

impl Client<'_> {
    /// A program that runs as the user.
    pub(super) const OWN_PROGRAM: Self = Self {
        from: "",
        service: "",
        shows: false,
        answer: None,
    };
}

/// The attempts of one dialog, and those from before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnAttempts {
    own: u32,
    before: Option<Attempts>,
}

impl OwnAttempts {
    /// A dialog that begins.
    pub(crate) fn begin(pending: Option<&Attempts>) -> Self {
        Self {
            own: 0,
            before: pending.cloned(),
        }
    }

    /// The same with one attempt more.
    pub(crate) fn and(self, attempt: bool) -> Self {
        Self {
            own: self.own + u32::from(attempt),
            ..self
        }
    }
}

impl Attempts {
    /// Whether there were more used codes than are counted.
    #[must_use]
    pub fn is_more_than_counted(&self) -> bool {
        self.count > MAX_USED_CODES
    }

    /// Whether a login at that time reports them.
    pub(super) fn is_pending(&self, now: Time) -> bool {
        self.reported
            .is_none_or(|reported| reported.distance(now) <= REPORT_AGAIN_TIMEOUT)
    }

    /// Whether no login has reported them.
    pub(super) fn is_unreported(&self) -> bool {
        self.reported.is_none()
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.from == short(&self.from)
    }

    /// Adds an attempt to those that are pending.
    pub(super) fn record(all: &mut Option<Self>, from: &str, now: Time) {
        let earlier = all.take().filter(|earlier| earlier.is_pending(now));
        *all = Some(Self {
            count: earlier.map_or(0, |earlier| earlier.count).saturating_add(1),
            last: now,
            from: short(from),
            reported: None,
        });
    }

    /// As [`Self::record`], for a used code. Beyond a number, one in a minute is recorded.
    pub(super) fn record_used(all: &mut Option<Self>, from: &str, now: Time) {
        let counted = all.as_ref().filter(|one| one.is_more_than_counted());
        if counted.is_some_and(|one| one.last.distance(now) < USED_CODE_INTERVAL) {
            return;
        }
        Self::record(all, from, now);
        if let Some(all) = all {
            all.count = all.count.min(MAX_USED_CODES + 1);
        }
    }

    /// What a login with a right code reports. The attempts of its own dialog are left out.
    pub(super) fn report(all: &mut Option<Self>, dialog: &OwnAttempts, now: Time) -> Option<Self> {
        let OwnAttempts { own, before } = dialog;
        let found = all.take().filter(|found| found.is_pending(now))?;
        let others = found.count.checked_sub(*own).filter(|others| *others > 0)?;
        let before = before
            .as_ref()
            .filter(|before| *own > 0 && before.count == others);
        let others_attempts = before.cloned().unwrap_or(found);
        let reported = Self {
            count: others,
            reported: Some(others_attempts.reported.unwrap_or(now)),
            ..others_attempts
        };
        *all = Some(reported.clone());
        Some(reported)
    }
}

impl Account {
    /// The wrong codes that were not reported yet.
    #[must_use]
    pub fn wrong_codes(&self) -> Option<&Attempts> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.is_unreported())
    }

    /// The wrong codes that a login at that time reports, including those that were first reported
    /// shortly before.
    pub(crate) fn pending_wrong_codes(&self, now: Time) -> Option<&Attempts> {
        self.wrong_codes
            .as_ref()
            .filter(|wrong| wrong.is_pending(now))
    }

    /// Records a wrong code.
    pub(crate) fn record_wrong_code(&mut self, from: &str, now: Time) {
        Attempts::record(&mut self.wrong_codes, from, now);
    }
}

/// The name of a host, terminal or service in the form in which it is stored: short, and in
/// printable ASCII, because terminals show it and it may come from an attacker.
pub(super) fn short(from: &str) -> String {
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
