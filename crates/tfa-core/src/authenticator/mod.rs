//! An authenticator: what computes a user's one-time codes, and which of them are used.

mod codes;
mod hotp;
mod label;
mod parameters;
mod stored;
mod totp;
mod uri;
mod used_steps;

use minicbor::{CborLen, Decode, Encode};

pub use label::AuthenticatorId;
pub(crate) use label::stored_name;
pub use parameters::{Algorithm, BadParameters, CodeFormat, Parameters};
pub use totp::Drift;

use crate::{Code, Counter, Secret, Time};
use hotp::Hotp;
use label::Label;
use totp::Totp;

/// An authenticator of an account.
#[derive(Clone)]
pub struct Authenticator {
    label: Label,
    generator: Generator,
}

/// The state of the codes.
#[derive(Clone, Encode, Decode, CborLen)]
enum Generator {
    #[n(0)]
    Totp(#[n(0)] Totp),
    #[n(1)]
    Hotp(#[n(0)] Hotp),
}

/// How the codes of an authenticator follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticatorKind {
    /// By time: RFC 6238.
    Totp,
    /// By a counter: RFC 4226.
    Hotp,
}

/// The result of a check of a code against an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match<T = Counter> {
    /// The unused code of a counter or step in the window.
    Fresh(T),
    /// A used code in the window.
    Used,
    /// No code of the window.
    No,
}

impl Authenticator {
    /// A new time-based authenticator without used steps. The name is cut to 64 characters and loses
    /// its control characters.
    #[must_use]
    pub fn totp(name: &str, parameters: Parameters, secret: Secret) -> Self {
        Self {
            label: Label::new(name),
            generator: Generator::Totp(Totp::new(parameters, secret)),
        }
    }

    /// A new counter-based authenticator, whose next code is that of `next`. The name is treated as
    /// in [`Self::totp`].
    #[must_use]
    pub fn hotp(name: &str, format: CodeFormat, secret: Secret, next: Counter) -> Self {
        Self {
            label: Label::new(name),
            generator: Generator::Hotp(Hotp::new(format, secret, next)),
        }
    }

    /// The number of the authenticator in its account.
    #[must_use]
    pub fn id(&self) -> AuthenticatorId {
        self.label.id
    }

    /// Whether it has its number, which it gets when it is activated.
    pub(crate) fn has_id(&self) -> bool {
        self.label.id != AuthenticatorId::UNASSIGNED
    }

    /// Assigns the number.
    pub(crate) fn set_id(&mut self, id: AuthenticatorId) {
        self.label.id = id;
    }

    /// The name that the user gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.label.name
    }

    /// Gives it another name, which is treated as in [`Self::totp`].
    pub(crate) fn rename(&mut self, name: &str) {
        self.label.name = stored_name(name);
    }

    /// When it was activated; `None` if it is not active, or was before that was recorded.
    #[must_use]
    pub fn created(&self) -> Option<Time> {
        self.label.created
    }

    /// Records that it is activated now.
    pub(crate) fn set_created(&mut self, now: Time) {
        self.label.created = Some(now);
    }

    /// When a code of it was last accepted; `None` if that was never, or before it was recorded.
    #[must_use]
    pub fn last_accepted(&self) -> Option<Time> {
        self.label.last_accepted
    }

    /// How its codes follow each other.
    #[must_use]
    pub fn kind(&self) -> AuthenticatorKind {
        match self.generator {
            Generator::Totp(_) => AuthenticatorKind::Totp,
            Generator::Hotp(_) => AuthenticatorKind::Hotp,
        }
    }

    /// The algorithm and the digits of its codes.
    #[must_use]
    pub fn format(&self) -> CodeFormat {
        match &self.generator {
            Generator::Totp(totp) => totp.parameters().format(),
            Generator::Hotp(hotp) => hotp.format(),
        }
    }

    /// Seconds a step; `None` if it is not time-based.
    #[must_use]
    pub fn period(&self) -> Option<u32> {
        match &self.generator {
            Generator::Totp(totp) => Some(totp.parameters().period()),
            Generator::Hotp(_) => None,
        }
    }

    /// The counter of the next code; `None` if it is not counter-based.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        match &self.generator {
            Generator::Totp(_) => None,
            Generator::Hotp(hotp) => Some(hotp.next()),
        }
    }

    /// The shared secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        match &self.generator {
            Generator::Totp(totp) => totp.secret(),
            Generator::Hotp(hotp) => hotp.secret(),
        }
    }

    /// Checks a code against the window of steps around now, or the window of counters from the next
    /// one on. Every code of the window is computed, so that the time taken does not tell which one
    /// matched.
    #[must_use]
    pub fn check(&self, code: &Code, now: Time) -> Match {
        match &self.generator {
            Generator::Totp(totp) => match totp.check(code, now) {
                Match::Fresh(step) => Match::Fresh(step.counter()),
                Match::Used => Match::Used,
                Match::No => Match::No,
            },
            Generator::Hotp(hotp) => hotp.check(code),
        }
    }

    /// Checks a code as [`Self::check`] does, and marks a fresh one and every earlier one as used.
    pub(crate) fn accept(&mut self, code: &Code, now: Time) -> Match {
        let found = match &mut self.generator {
            Generator::Totp(totp) => {
                totp.put_aside_ahead(now);
                match totp.check(code, now) {
                    Match::Fresh(step) => {
                        totp.mark_used(step, now);
                        Match::Fresh(step.counter())
                    }
                    Match::Used => Match::Used,
                    Match::No => Match::No,
                }
            }
            Generator::Hotp(hotp) => {
                let found = hotp.check(code);
                if let Match::Fresh(counter) = found {
                    hotp.mark_used(counter);
                }
                found
            }
        };
        if matches!(found, Match::Fresh(_)) {
            self.label.last_accepted = Some(now);
        }
        found
    }

    /// Searches two codes that follow each other beyond the window of a counter-based authenticator,
    /// and marks them and every earlier one as used. Returns whether it found them.
    pub(crate) fn resynchronize(&mut self, first: &Code, second: &Code, now: Time) -> bool {
        let Generator::Hotp(hotp) = &mut self.generator else {
            return false;
        };
        let found = hotp.resynchronize(first, second);
        if found {
            self.label.last_accepted = Some(now);
        }
        found
    }

    /// The clock difference of an active authenticator that shows this code, if it is time-based and
    /// the code is right for a time near now. The caller tells the user, so the code is marked as
    /// used.
    pub(crate) fn find_drift(&mut self, code: &Code, now: Time) -> Option<Drift> {
        match &mut self.generator {
            Generator::Totp(totp) => totp.find_drift(code, now),
            Generator::Hotp(_) => None,
        }
    }

    /// As [`Self::find_drift`], for an authenticator whose key its owner has on the screen: the
    /// search reaches as far ahead as back.
    pub(crate) fn find_drift_of_pending(&mut self, code: &Code, now: Time) -> Option<Drift> {
        match &mut self.generator {
            Generator::Totp(totp) => totp.find_drift_of_pending(code, now),
            Generator::Hotp(_) => None,
        }
    }

    /// The time of the last used step, where that lies too far ahead of now.
    pub(crate) fn used_ahead(&self, now: Time) -> Option<Time> {
        match &self.generator {
            Generator::Totp(totp) => totp.used_ahead(now),
            Generator::Hotp(_) => None,
        }
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        let codes = match &self.generator {
            Generator::Totp(totp) => totp.is_sound(),
            Generator::Hotp(hotp) => hotp.is_sound(),
        };
        codes && self.label.is_sound()
    }
}
