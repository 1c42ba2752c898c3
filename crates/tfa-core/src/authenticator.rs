//! An authenticator: codes of RFC 6238, each accepted once.

use minicbor::{CborLen, Decode, Encode};

use crate::hotp::Hotp;
use crate::time::MAX_AHEAD;
use crate::used::UsedSteps;
use crate::{Code, Secret, Step, Time};

/// How many steps before and after the current one are accepted (RFC 6238 section 5.2). The window is
/// never widened.
const WINDOW: i64 = 1;
/// How many characters of an authenticator's name are kept.
const MAX_NAME_LENGTH: usize = 64;

/// The hash function of the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum Algorithm {
    /// Supported by every authenticator.
    #[n(0)]
    Sha1,
    /// Optional in RFC 6238.
    #[n(1)]
    Sha256,
    /// Optional in RFC 6238.
    #[n(2)]
    Sha512,
}

impl Algorithm {
    /// The name in otpauth URIs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// How an authenticator computes its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Parameters {
    #[n(0)]
    algorithm: Algorithm,
    #[n(1)]
    digits: u8,
    #[n(2)]
    period: u32,
}

impl Default for Parameters {
    /// SHA-1, 6 digits, 30 seconds: supported by every authenticator.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha1,
            digits: 6,
            period: 30,
        }
    }
}

impl Parameters {
    /// Takes 6 or 8 digits, and a period of 15 to 120 seconds.
    ///
    /// # Errors
    /// The parameter that is out of range.
    pub fn new(algorithm: Algorithm, digits: u32, period: u32) -> Result<Self, BadParameters> {
        let digits = match digits {
            6 => 6,
            8 => 8,
            _ => return Err(BadParameters::Digits),
        };
        if !(15..=120).contains(&period) {
            return Err(BadParameters::Period);
        }
        Ok(Self {
            algorithm,
            digits,
            period,
        })
    }

    /// Whether [`Self::new`] would accept them. Decoded values are not checked otherwise.
    fn are_sound(self) -> bool {
        Self::new(self.algorithm, self.digits.into(), self.period).is_ok()
    }

    /// The hash function of the HMAC.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// 6 or 8.
    #[must_use]
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// Seconds a step.
    #[must_use]
    pub fn period(self) -> u32 {
        self.period
    }
}

/// Why parameters are not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadParameters {
    /// Neither 6 nor 8 digits.
    Digits,
    /// Not 15 to 120 seconds.
    Period,
}

/// An authenticator of an account.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct Authenticator {
    #[n(0)]
    name: String,
    #[n(1)]
    parameters: Parameters,
    #[n(2)]
    secret: Secret,
    /// The last used step. It and every earlier step are used, unless it lies too far ahead of now.
    #[n(3)]
    last_used: Option<Step>,
    /// A later step that counts as used, because a message told when its code is right.
    #[n(4)]
    burned: Option<Step>,
    /// All used steps. Absent in older records, which have the last one only.
    #[n(5)]
    used: Option<UsedSteps>,
}

/// The result of a check of a code against an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The code of an unused step in the window.
    Fresh(Step),
    /// The code of a used step in the window.
    Used,
    /// No code of the window.
    No,
}

impl Authenticator {
    /// A new authenticator without used steps. The name is cut to 64 characters and loses its control
    /// characters: terminals show it, and the record stays small.
    #[must_use]
    pub fn new(name: String, parameters: Parameters, secret: Secret) -> Self {
        Self {
            name: name
                .chars()
                .filter(|letter| !letter.is_control())
                .take(MAX_NAME_LENGTH)
                .collect(),
            parameters,
            secret,
            last_used: None,
            burned: None,
            used: None,
        }
    }

    /// The name that the user gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its codes are computed.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The shared secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Checks a code against the window around `now`. Every step of the window is computed, so that
    /// the time taken does not tell the step that matched.
    #[must_use]
    pub fn check(&self, code: &Code, now: Time) -> Match {
        let hotp = self.hotp();
        let last = self.last_believed(now);
        let mut found = Match::No;
        for step in self.around(now, -WINDOW, WINDOW) {
            if hotp.is_code(step.counter(), code) {
                let is_used = last.is_some_and(|last| step <= last)
                    || self.used.as_ref().is_some_and(|used| used.contains(step))
                    || self.burned == Some(step);
                // The same digits may stand for two steps: a fresh one counts.
                if !is_used {
                    found = Match::Fresh(step);
                } else if found == Match::No {
                    found = Match::Used;
                }
            }
        }
        found
    }

    /// Marks a step and every earlier one as used.
    pub(crate) fn mark_used(&mut self, step: Step, now: Time) {
        let last = self.last_believed(now);
        let used = self.used.get_or_insert_with(|| {
            let known = self.last_used.map(UsedSteps::up_to);
            known.unwrap_or_default()
        });
        used.insert(step, steps_believed(self.parameters.period).unsigned_abs());
        self.last_used = last.max(Some(step));
    }

    /// Sets a last used step aside that lies too far ahead of now. It stays used, and no longer
    /// invalidates earlier steps.
    pub(crate) fn put_aside_ahead(&mut self, now: Time) {
        self.last_used = self.last_believed(now);
    }

    /// The last used step that does not lie too far ahead of now. One that does was used while the
    /// clock was ahead.
    fn last_believed(&self, now: Time) -> Option<Step> {
        let last = self.last_used?;
        let period = self.parameters.period;
        let limit = now.step(period).offset(steps_believed(period));
        match &self.used {
            Some(used) if limit < last => used.highest_up_to(limit),
            _ => Some(last),
        }
    }

    /// The time of the last used step, where that lies too far ahead of now.
    pub(crate) fn used_ahead(&self, now: Time) -> Option<Time> {
        let last = self.last_used?;
        let moment = last.begin(self.parameters.period);
        (self.last_believed(now) != Some(last)).then_some(moment)
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.parameters.are_sound() && self.used.as_ref().is_none_or(UsedSteps::is_sound)
    }

    /// Marks a code as used of which a message tells when it is right. A step of the past is marked
    /// with every earlier one. A step of the future is marked alone, so that an owner whose phone is
    /// ahead need not wait. Only the last such step is kept: the owner gets the message for one step
    /// again and again until the clock is set.
    pub(crate) fn burn(&mut self, steps: i64, now: Time) {
        let step = now.step(self.parameters.period).offset(steps);
        if steps > 0 {
            self.burned = Some(step);
        } else {
            self.mark_used(step, now);
        }
    }

    /// The distance in steps, from now, of the nearest step outside the window whose code this is:
    /// at most `back` steps in the past or `ahead` steps in the future.
    pub(crate) fn steps_off(&self, code: &Code, now: Time, back: i64, ahead: i64) -> Option<i64> {
        let hotp = self.hotp();
        let here = now.step(self.parameters.period);
        (-back..=ahead)
            .filter(|steps| steps.abs() > WINDOW)
            .filter(|steps| hotp.is_code(here.offset(*steps).counter(), code))
            .min_by_key(|steps| steps.abs())
    }

    fn around(&self, now: Time, from: i64, to: i64) -> impl Iterator<Item = Step> {
        let here = now.step(self.parameters.period);
        (from..=to).map(move |steps| here.offset(steps))
    }

    fn hotp(&self) -> Hotp {
        Hotp::new(self.parameters, &self.secret)
    }

    /// The `otpauth` URI. Parameters with their default value are omitted, so that the QR code stays
    /// small.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> zeroize::Zeroizing<String> {
        let (issuer, account) = (escape(issuer), escape(account));
        let secret = self.secret.to_base32();
        // The full length is reserved, because a growing string would leave copies of the secret.
        let length = 2 * issuer.len() + account.len() + secret.len() + 96;
        let mut uri = zeroize::Zeroizing::new(String::with_capacity(length));
        for part in [
            "otpauth://totp/",
            &issuer,
            ":",
            &account,
            "?secret=",
            &secret,
        ] {
            uri.push_str(part);
        }
        uri.push_str("&issuer=");
        uri.push_str(&issuer);
        let Parameters {
            algorithm,
            digits,
            period,
        } = self.parameters;
        let usual = Parameters::default();
        if algorithm != usual.algorithm {
            uri.push_str("&algorithm=");
            uri.push_str(algorithm.name());
        }
        if digits != usual.digits {
            uri.push_str("&digits=");
            uri.push_str(&digits.to_string());
        }
        if period != usual.period {
            uri.push_str("&period=");
            uri.push_str(&period.to_string());
        }
        uri
    }
}

/// How many steps ahead of now a used step may lie; one beyond was used while the clock was ahead.
fn steps_believed(period: u32) -> i64 {
    let steps = MAX_AHEAD.as_secs().checked_div(period.into());
    steps
        .and_then(|steps| i64::try_from(steps).ok())
        .unwrap_or(0)
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
