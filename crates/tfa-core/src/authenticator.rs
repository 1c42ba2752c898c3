//! An authenticator: RFC 6238 codes, each good once.

use minicbor::{CborLen, Decode, Encode};
use totp_rs::{Builder, Totp};

use crate::time::BELIEVED_AHEAD;
use crate::used::UsedSteps;
use crate::{Code, Secret, Step, Time};

/// How many steps a code may be old or early: one, for a clock a little off and for slow fingers
/// (RFC 6238 section 5.2). Nothing widens it.
const WINDOW: i64 = 1;
/// How many characters of an authenticator's name are kept.
const NAME_LENGTH: usize = 64;

/// The hash under the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum Algorithm {
    /// What every authenticator knows.
    #[n(0)]
    Sha1,
    /// RFC 6238.
    #[n(1)]
    Sha256,
    /// RFC 6238.
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

    /// The algorithm of that name, in either case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn under(self) -> totp_rs::Algorithm {
        match self {
            Self::Sha1 => totp_rs::Algorithm::SHA1,
            Self::Sha256 => totp_rs::Algorithm::SHA256,
            Self::Sha512 => totp_rs::Algorithm::SHA512,
        }
    }
}

/// What kind of codes an authenticator makes.
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
    /// SHA-1, 6 digits, 30 seconds: what every authenticator takes.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha1,
            digits: 6,
            period: 30,
        }
    }
}

impl Parameters {
    /// Parameters of that kind: 6 or 8 digits, a period of 15 to 120 seconds.
    ///
    /// # Errors
    /// Which of the two is out of range.
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

    /// Whether [`Self::new`] would make them; decoded ones may be anything.
    fn are_sound(self) -> bool {
        Self::new(self.algorithm, self.digits.into(), self.period).is_ok()
    }

    /// The hash.
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

/// Parameters that no code is made with here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadParameters {
    /// Neither 6 nor 8 digits.
    Digits,
    /// Not 15 to 120 seconds.
    Period,
}

/// One authenticator of an account.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct Authenticator {
    #[n(0)]
    name: String,
    #[n(1)]
    parameters: Parameters,
    #[n(2)]
    secret: Secret,
    /// The last step that was used up; it and every earlier one are dead, unless it lies too far
    /// ahead of now.
    #[n(3)]
    last_used: Option<Step>,
    /// A later step whose code a hint gave away; it alone is dead, too.
    #[n(4)]
    burned: Option<Step>,
    /// Every step that was used up. Absent in older records, which have the last one alone.
    #[n(5)]
    used: Option<UsedSteps>,
}

/// What a code is to an authenticator at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The code of a step in the window that is not used up.
    Fresh(Step),
    /// The code of a step in the window that is used up.
    Used,
    /// No code of the window.
    No,
}

impl Authenticator {
    /// A new authenticator, no step of it used. Of the name its first 64 characters are kept, and
    /// no control characters: it is shown on terminals, and a record stays small.
    #[must_use]
    pub fn new(name: String, parameters: Parameters, secret: Secret) -> Self {
        Self {
            name: name
                .chars()
                .filter(|letter| !letter.is_control())
                .take(NAME_LENGTH)
                .collect(),
            parameters,
            secret,
            last_used: None,
            burned: None,
            used: None,
        }
    }

    /// Its name in lists.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of its codes.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The key.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Holds a code against the window around `now`. Every step of the window is computed, so
    /// the time taken does not tell which one matched.
    #[must_use]
    pub fn check(&self, code: &Code, now: Time) -> Match {
        let totp = self.totp();
        let last = self.last_believed(now);
        let mut found = Match::No;
        for step in self.around(now, -WINDOW, WINDOW) {
            if self.is_code_of(&totp, step, code) {
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

    /// Uses a step up, and with it every earlier one.
    pub(crate) fn mark_used(&mut self, step: Step, now: Time) {
        let last = self.last_believed(now);
        let used = self.used.get_or_insert_with(|| {
            let known = self.last_used.map(UsedSteps::up_to);
            known.unwrap_or_default()
        });
        used.insert(step, steps_believed(self.parameters.period).unsigned_abs());
        self.last_used = last.max(Some(step));
    }

    /// Puts a last used step aside that lies too far ahead of now: it stays used, and no longer
    /// invalidates the steps before it, whichever clock comes next.
    pub(crate) fn put_aside_ahead(&mut self, now: Time) {
        self.last_used = self.last_believed(now);
    }

    /// The last used step, or, where that one lies too far ahead of now and was used under a clock
    /// that was ahead, the last one that does not.
    fn last_believed(&self, now: Time) -> Option<Step> {
        let last = self.last_used?;
        let period = self.parameters.period;
        let limit = now.step(period).offset(steps_believed(period));
        match &self.used {
            Some(used) if limit < last => used.highest_up_to(limit),
            _ => Some(last),
        }
    }

    /// The moment of the last used step, where that is too far ahead of now to be believed.
    pub(crate) fn used_ahead(&self, now: Time) -> Option<Time> {
        let last = self.last_used?;
        let moment = last.begin(self.parameters.period);
        (self.last_believed(now) != Some(last)).then_some(moment)
    }

    /// Whether a decoded one is within the range that it is made in.
    pub(crate) fn is_sound(&self) -> bool {
        self.parameters.are_sound() && self.used.as_ref().is_none_or(UsedSteps::is_sound)
    }

    /// Kills a code of which it was said when it is right. One of the past goes with every earlier
    /// one. One of the future goes alone, so that an owner whose phone is ahead need not wait; the
    /// last such is kept, no list: an owner is told of one again and again until the clock is set,
    /// and nobody guesses two.
    pub(crate) fn burn(&mut self, steps: i64, now: Time) {
        let step = now.step(self.parameters.period).offset(steps);
        if steps > 0 {
            self.burned = Some(step);
        } else {
            self.mark_used(step, now);
        }
    }

    /// How many steps away from now the code would be right, looking `back` steps into the past
    /// and `ahead` into the future, outside the window. The nearest one.
    pub(crate) fn steps_off(&self, code: &Code, now: Time, back: i64, ahead: i64) -> Option<i64> {
        let totp = self.totp();
        let here = now.step(self.parameters.period);
        (-back..=ahead)
            .filter(|steps| steps.abs() > WINDOW)
            .filter(|steps| self.is_code_of(&totp, here.offset(*steps), code))
            .min_by_key(|steps| steps.abs())
    }

    fn around(&self, now: Time, from: i64, to: i64) -> impl Iterator<Item = Step> {
        let here = now.step(self.parameters.period);
        (from..=to).map(move |steps| here.offset(steps))
    }

    fn is_code_of(&self, totp: &Totp, step: Step, code: &Code) -> bool {
        let moment = step
            .counter()
            .saturating_mul(u64::from(self.parameters.period));
        totp.check(code.digits(), moment).is_some()
    }

    fn totp(&self) -> Totp {
        // Lengths and ranges were checked when the parts were made; a skew of 0 makes `check`
        // look at one step alone.
        Builder::new()
            .with_algorithm(self.parameters.algorithm.under())
            .with_digits(self.parameters.digits)
            .with_step_duration(u64::from(self.parameters.period))
            .with_secret(self.secret.expose())
            .with_skew(0)
            .build_noncompliant()
    }

    /// The link that an authenticator reads, as a QR code or by a tap. Parameters that are the
    /// default are left out, so that the QR code stays small.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> zeroize::Zeroizing<String> {
        let (issuer, account) = (escape(issuer), escape(account));
        let secret = self.secret.to_base32();
        // Enough for all of it: a growing string would leave copies of the secret.
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

/// How many steps ahead of now a used one is believed.
fn steps_believed(period: u32) -> i64 {
    let steps = BELIEVED_AHEAD.as_secs().checked_div(period.into());
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
