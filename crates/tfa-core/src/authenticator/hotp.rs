//! A counter-based authenticator: codes of RFC 4226, each accepted once.

use minicbor::{CborLen, Decode, Encode};

use super::codes::Codes;
use super::{CodeFormat, Match};
use crate::{Code, Counter, Secret};

/// How many codes from the next one on are accepted: the look-ahead window of RFC 4226 section 7.4.
/// A token advances with each press of its button, also without a login.
const LOOK_AHEAD: u64 = 10;
/// How far ahead two codes in a row are searched.
const RESYNCHRONIZATION_WINDOW: u64 = 100;

/// The state of a counter-based authenticator.
#[derive(Clone, Encode, Decode, CborLen)]
pub(super) struct Hotp {
    #[n(0)]
    format: CodeFormat,
    #[n(1)]
    secret: Secret,
    /// The first counter that is not used. It never decreases, so no counter is accepted twice.
    #[n(2)]
    next: Counter,
}

impl Hotp {
    /// An authenticator whose next code is that of `next`.
    pub(super) fn new(format: CodeFormat, secret: Secret, next: Counter) -> Self {
        Self {
            format,
            secret,
            next,
        }
    }

    pub(super) fn format(&self) -> CodeFormat {
        self.format
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(super) fn next(&self) -> Counter {
        self.next
    }

    /// Marks the codes as used that an authenticator with the same secret has used.
    pub(super) fn continue_from(&mut self, twin: &Self) {
        if self.secret.is(&twin.secret) {
            self.next = self.next.max(twin.next);
        }
    }

    /// Marks every counter before the next one of an imported authenticator as used. Returns whether that
    /// changed anything.
    pub(super) fn mark_imported(&mut self, imported: &Self) -> bool {
        let before = self.next;
        self.continue_from(imported);
        self.next != before
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.format.is_sound()
    }

    /// Checks a code against the look-ahead window and the last used code. Every code of the window
    /// is computed, so that the time taken does not tell the counter that matched.
    pub(super) fn check(&self, code: &Code) -> Match<Counter> {
        let codes = self.codes();
        let mut found = None;
        for ahead in 0..LOOK_AHEAD {
            let counter = self.next.after(ahead);
            if let Some(counter) = counter.filter(|counter| codes.is_code(*counter, code)) {
                found = found.or(Some(counter));
            }
        }
        let last = self.next.previous();
        let is_last = last.is_some_and(|last| codes.is_code(last, code));
        match found {
            // The last counter of all has no successor, and so cannot be marked as used.
            Some(counter) if counter.after(1).is_some() => Match::Fresh(counter),
            _ if is_last => Match::Used,
            _ => Match::No,
        }
    }

    /// Marks a counter and every earlier one as used.
    pub(super) fn mark_used(&mut self, counter: Counter) {
        if let Some(next) = counter.after(1) {
            self.next = self.next.max(next);
        }
    }

    /// Searches two codes that follow each other, and marks both as used. Returns whether it found
    /// them (RFC 4226 section 7.4).
    pub(super) fn resynchronize(&mut self, first: &Code, second: &Code) -> bool {
        let codes = self.codes();
        let mut found = None;
        for ahead in 0..RESYNCHRONIZATION_WINDOW {
            let Some(counter) = self.next.after(ahead) else {
                break;
            };
            let Some(following) = counter.after(1) else {
                break;
            };
            if codes.is_code(counter, first) && codes.is_code(following, second) {
                found = found.or(Some(following));
            }
        }
        if let Some(following) = found.filter(|following| following.after(1).is_some()) {
            self.mark_used(following);
            return true;
        }
        false
    }

    fn codes(&self) -> Codes {
        Codes::new(self.format, &self.secret)
    }
}
