//! An authenticator: what proves that a user has a thing. Most compute one-time codes, of which each is
//! used once. A security key computes none.

mod codes;
mod hotp;
mod label;
mod parameters;
mod security_key;
mod stored;
mod totp;
mod uri;
mod used_steps;

use minicbor::{CborLen, Decode, Encode};

pub use label::AuthenticatorId;
pub(crate) use label::stored_name;
pub use parameters::{Algorithm, BadParameters, CodeFormat, Parameters};
pub use totp::Drift;

use crate::{Code, Counter, KeyFingerprint, OtherTime, Secret, SshKey, Time};
use hotp::Hotp;
use label::Label;
use security_key::SecurityKey;
use totp::Totp;

/// An authenticator of an account.
#[derive(Clone)]
pub struct Authenticator {
    label: Label,
    means: Means,
}

/// By what an authenticator proves itself: the state of its codes, or its key.
#[derive(Clone, Encode, Decode, CborLen)]
enum Means {
    #[n(0)]
    Totp(#[n(0)] Totp),
    #[n(1)]
    Hotp(#[n(0)] Hotp),
    #[n(2)]
    SecurityKey(#[n(0)] SecurityKey),
}

/// The kinds of authenticators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticatorKind {
    /// Codes by time: RFC 6238.
    Totp,
    /// Codes by a counter: RFC 4226.
    Hotp,
    /// No codes: sshd accepts its key.
    SecurityKey,
}

impl AuthenticatorKind {
    /// Whether it computes codes.
    #[must_use]
    pub fn has_codes(self) -> bool {
        match self {
            Self::Totp | Self::Hotp => true,
            Self::SecurityKey => false,
        }
    }
}

/// The result of a check of a code against an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match<T = Counter> {
    /// The unused code of a counter or step in the window.
    Fresh(T),
    /// A used code in the window, or a void one.
    Used,
    /// No code of the window.
    No,
}

/// Which codes of an authenticator were used before it was imported.
#[derive(Clone, Copy, Default)]
pub struct ImportedUse<'a> {
    /// The steps whose codes are known to be used.
    pub steps: &'a [u64],
    /// The last used code, if that is known in place of its step.
    pub last_code: Option<&'a Code>,
    /// If the other program does not say which codes it accepted: until when any may be used. All these
    /// are void.
    pub unknown: Option<UnknownUse>,
}

/// Until when codes were accepted by a program that does not say which.
#[derive(Debug, Clone, Copy)]
pub struct UnknownUse {
    /// How many steps ahead it accepts codes. Never taken for less than the window here.
    pub steps_ahead: u32,
    /// When it was last asked for a code, if it writes that down; else now.
    pub last_attempt: Option<Time>,
}

impl Authenticator {
    /// A new time-based authenticator without used steps. The name is cut to 64 characters and loses
    /// its control characters.
    #[must_use]
    pub fn totp(name: &str, parameters: Parameters, secret: Secret) -> Self {
        Self {
            label: Label::new(name),
            means: Means::Totp(Totp::new(parameters, secret)),
        }
    }

    /// A new counter-based authenticator, whose next code is that of `next`. The name is treated as
    /// in [`Self::totp`].
    #[must_use]
    pub fn hotp(name: &str, format: CodeFormat, secret: Secret, next: Counter) -> Self {
        Self {
            label: Label::new(name),
            means: Means::Hotp(Hotp::new(format, secret, next)),
        }
    }

    /// A security key; `None` if the key is of another type. The name is treated as in [`Self::totp`].
    #[must_use]
    pub fn security_key(name: &str, key: SshKey) -> Option<Self> {
        Some(Self {
            label: Label::new(name),
            means: Means::SecurityKey(SecurityKey::new(key)?),
        })
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

    /// When it was last accepted; `None` if that was never, or before it was recorded.
    #[must_use]
    pub fn last_accepted(&self) -> Option<Time> {
        self.label.last_accepted
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AuthenticatorKind {
        match self.means {
            Means::Totp(_) => AuthenticatorKind::Totp,
            Means::Hotp(_) => AuthenticatorKind::Hotp,
            Means::SecurityKey(_) => AuthenticatorKind::SecurityKey,
        }
    }

    /// The algorithm and the digits of its codes; `None` if it computes none.
    #[must_use]
    pub fn format(&self) -> Option<CodeFormat> {
        match &self.means {
            Means::Totp(totp) => Some(totp.parameters().format()),
            Means::Hotp(hotp) => Some(hotp.format()),
            Means::SecurityKey(_) => None,
        }
    }

    /// The fingerprint of a security key; `None` of the other kinds.
    #[must_use]
    pub fn key_fingerprint(&self) -> Option<KeyFingerprint> {
        match &self.means {
            Means::Totp(_) | Means::Hotp(_) => None,
            Means::SecurityKey(key) => Some(key.fingerprint()),
        }
    }

    /// The key of a security key; `None` of the other kinds.
    #[must_use]
    pub fn ssh_key(&self) -> Option<SshKey> {
        match &self.means {
            Means::Totp(_) | Means::Hotp(_) => None,
            Means::SecurityKey(key) => Some(key.ssh_key()),
        }
    }

    /// Whether it is the security key of a key that sshd has accepted.
    #[must_use]
    pub fn is_key(&self, key: &SshKey) -> bool {
        match &self.means {
            Means::Totp(_) | Means::Hotp(_) => false,
            Means::SecurityKey(own) => own.is(key),
        }
    }

    /// Records that it was accepted.
    pub(crate) fn set_last_accepted(&mut self, now: Time) {
        self.label.last_accepted = Some(now);
    }

    /// Seconds a step; `None` if it is not time-based.
    #[must_use]
    pub fn period(&self) -> Option<u32> {
        match &self.means {
            Means::Totp(totp) => Some(totp.parameters().period()),
            Means::Hotp(_) | Means::SecurityKey(_) => None,
        }
    }

    /// The counter of the next code; `None` if it is not counter-based.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        match &self.means {
            Means::Totp(_) | Means::SecurityKey(_) => None,
            Means::Hotp(hotp) => Some(hotp.next()),
        }
    }

    /// Marks the codes as used that another authenticator of the account has used, if both have the
    /// same secret. This one is new.
    pub(crate) fn continue_from(&mut self, twin: &Self) {
        match (&mut self.means, &twin.means) {
            (Means::Totp(own), Means::Totp(twin)) => own.continue_from(twin),
            (Means::Hotp(own), Means::Hotp(twin)) => own.continue_from(twin),
            (Means::Totp(_) | Means::Hotp(_) | Means::SecurityKey(_), _) => {}
        }
    }

    /// Whether it is the same as an imported one: the same key, and the same way to compute codes.
    pub(crate) fn is_imported(&self, imported: &Self) -> bool {
        match (&self.means, &imported.means) {
            (Means::Totp(own), Means::Totp(other)) => {
                own.parameters() == other.parameters() && own.secret().is(other.secret())
            }
            (Means::Hotp(own), Means::Hotp(other)) => {
                own.format() == other.format() && own.secret().is(other.secret())
            }
            _ => false,
        }
    }

    /// By how many counters an imported authenticator is ahead of this one; 0 of one that is not
    /// counter-based.
    pub(crate) fn advance_to(&self, imported: &Self) -> u64 {
        let (own, other) = (self.counter(), imported.counter());
        let distance = own.zip(other);
        distance.map_or(0, |(own, other)| other.value().saturating_sub(own.value()))
    }

    /// Marks codes of an authenticator that was in use elsewhere as used or void. None becomes unused.
    /// Returns whether that changed anything.
    pub(crate) fn mark_imported(
        &mut self,
        imported: &Self,
        used: &ImportedUse<'_>,
        now: Time,
    ) -> bool {
        match (&mut self.means, &imported.means) {
            (Means::Totp(own), Means::Totp(_)) => own.mark_imported(used, now),
            (Means::Hotp(own), Means::Hotp(other)) => own.mark_imported(other),
            _ => false,
        }
    }

    /// Whether its key is shorter than a new one may be. Only an imported one is.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.secret().is_some_and(Secret::is_weak)
    }

    /// The shared secret; `None` if there is none.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.means {
            Means::Totp(totp) => Some(totp.secret()),
            Means::Hotp(hotp) => Some(hotp.secret()),
            Means::SecurityKey(_) => None,
        }
    }

    /// Checks a code against the window of steps around now, or the window of counters from the next
    /// one on. Every code of the window is computed, so that the time taken does not tell which one
    /// matched. No code is one of a security key.
    #[must_use]
    pub fn check(&self, code: &Code, now: Time) -> Match {
        match &self.means {
            Means::Totp(totp) => match totp.check(code, now) {
                Match::Fresh(step) => Match::Fresh(step.counter()),
                Match::Used => Match::Used,
                Match::No => Match::No,
            },
            Means::Hotp(hotp) => hotp.check(code),
            Means::SecurityKey(_) => Match::No,
        }
    }

    /// Whether a code that [`Self::check`] calls used is void: it may have been used before the account was
    /// moved or restored here. Returns the time from which on the authenticator shows one that is accepted.
    #[must_use]
    pub fn void_end(&self, code: &Code, now: Time) -> Option<Time> {
        match &self.means {
            Means::Totp(totp) => totp.void_end(code, now),
            Means::Hotp(_) | Means::SecurityKey(_) => None,
        }
    }

    /// The same of a code that [`Self::find_drift`] or [`Self::find_other_time`] calls used.
    pub(crate) fn is_void_of_past(&self, code: &Code, now: Time) -> bool {
        match &self.means {
            Means::Totp(totp) => totp.is_void_of_past(code, now),
            Means::Hotp(_) | Means::SecurityKey(_) => false,
        }
    }

    /// Checks a code as [`Self::check`] does, and marks a fresh one and every earlier one as used.
    pub(crate) fn accept(&mut self, code: &Code, now: Time) -> Match {
        let found = match &mut self.means {
            Means::Totp(totp) => {
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
            Means::Hotp(hotp) => {
                let found = hotp.check(code);
                if let Match::Fresh(counter) = found {
                    hotp.mark_used(counter);
                }
                found
            }
            Means::SecurityKey(_) => Match::No,
        };
        if matches!(found, Match::Fresh(_)) {
            self.label.last_accepted = Some(now);
        }
        found
    }

    /// Searches two codes that follow each other beyond the window of a counter-based authenticator,
    /// and marks them and every earlier one as used. Returns whether it found them.
    pub(crate) fn resynchronize(&mut self, first: &Code, second: &Code, now: Time) -> bool {
        let found = match &mut self.means {
            Means::Hotp(hotp) => hotp.resynchronize(first, second),
            Means::Totp(_) | Means::SecurityKey(_) => false,
        };
        if found {
            self.label.last_accepted = Some(now);
        }
        found
    }

    /// The clock difference of an active authenticator that shows this code, if it is time-based and
    /// the code is right for a time near now. The caller tells the user, so the code is marked as
    /// used. A code of the past that was used before is [`Match::Used`].
    pub(crate) fn find_drift(&mut self, code: &Code, now: Time) -> Match<Drift> {
        match &mut self.means {
            Means::Totp(totp) => totp.find_drift(code, now),
            Means::Hotp(_) | Means::SecurityKey(_) => Match::No,
        }
    }

    /// For which other time the code is right, if it is time-based, within two hours. A code of the
    /// past is marked as used; one of the future is not, because only [`OtherTime::dead_from`] tells
    /// when the result may be shown. A code of the past that was used before is [`Match::Used`].
    pub(crate) fn find_other_time(&mut self, code: &Code, now: Time) -> Match<OtherTime> {
        match &mut self.means {
            Means::Totp(totp) => totp.find_other_time(code, now),
            Means::Hotp(_) | Means::SecurityKey(_) => Match::No,
        }
    }

    /// As [`Self::find_drift`], for an authenticator whose key its owner has on the screen: the
    /// search reaches as far ahead as back.
    pub(crate) fn find_drift_of_pending(&mut self, code: &Code, now: Time) -> Option<Drift> {
        match &mut self.means {
            Means::Totp(totp) => totp.find_drift_of_pending(code, now),
            Means::Hotp(_) | Means::SecurityKey(_) => None,
        }
    }

    /// Makes every code void that is or was accepted at some time until now, if it is time-based. Which
    /// codes of a counter were used is not known.
    pub(crate) fn make_void(&mut self, now: Time) {
        match &mut self.means {
            Means::Totp(totp) => totp.make_void(now),
            Means::Hotp(_) | Means::SecurityKey(_) => {}
        }
    }

    /// The time of the last used or void step, where that lies too far ahead of now.
    pub(crate) fn used_ahead(&self, now: Time) -> Option<Time> {
        match &self.means {
            Means::Totp(totp) => totp.used_ahead(now),
            Means::Hotp(_) | Means::SecurityKey(_) => None,
        }
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        let means = match &self.means {
            Means::Totp(totp) => totp.is_sound(),
            Means::Hotp(hotp) => hotp.is_sound(),
            Means::SecurityKey(key) => key.is_sound(),
        };
        means && self.label.is_sound()
    }
}
