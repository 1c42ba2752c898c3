//! The table `[authenticator]`: what users may enroll.

use tfa_core::Secret;
use tfa_core::{Algorithm, Authenticator, AuthenticatorKind, CodeFormat, Counter, Parameters};
use toml::de::DeValue;

use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::values::{Value, number, word};

/// What users may enroll. The administrator may add any authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorRules {
    /// The kinds. The first one that computes codes is the default.
    pub kinds: Vec<AuthenticatorKind>,
    /// The only hash function; `None` for any.
    pub algorithm: Option<Algorithm>,
    /// The only number of digits; `None` for any.
    pub digits: Option<u32>,
    /// The only period, in seconds; `None` for any.
    pub period: Option<u32>,
}

impl Default for AuthenticatorRules {
    fn default() -> Self {
        Self {
            kinds: vec![
                AuthenticatorKind::Totp,
                AuthenticatorKind::Hotp,
                AuthenticatorKind::SecurityKey,
            ],
            algorithm: None,
            digits: None,
            period: None,
        }
    }
}

impl AuthenticatorRules {
    /// The kind where the user does not choose one; `None` if users enroll security keys only.
    pub fn usual_kind(&self) -> Option<AuthenticatorKind> {
        let mut kinds = self.kinds.iter().copied();
        kinds.find(|kind| kind.has_codes())
    }

    /// The hash function where the user does not choose one.
    pub fn usual_algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(CodeFormat::default().algorithm())
    }

    /// The digits where the user does not choose them.
    pub fn usual_digits(&self) -> u32 {
        self.digits.unwrap_or(CodeFormat::default().digits().into())
    }

    /// The period where the user does not choose it.
    pub fn usual_period(&self) -> u32 {
        self.period.unwrap_or(Parameters::default().period())
    }

    /// An authenticator for which the user chose nothing; `None` if users enroll security keys only.
    pub fn usual(&self, name: &str, secret: Secret) -> Option<Authenticator> {
        let (algorithm, digits) = (self.usual_algorithm(), self.usual_digits());
        // The values are in their ranges, which was checked when they were read.
        match self.usual_kind()? {
            AuthenticatorKind::Totp => {
                let parameters = Parameters::new(algorithm, digits, self.usual_period());
                let parameters = parameters.unwrap_or_default();
                Some(Authenticator::totp(name, parameters, secret))
            }
            AuthenticatorKind::Hotp => {
                let format = CodeFormat::new(algorithm, digits).unwrap_or_default();
                Some(Authenticator::hotp(name, format, secret, Counter::new(0)))
            }
            AuthenticatorKind::SecurityKey => None,
        }
    }
}

/// Reads a kind.
pub(super) fn kind(value: Value<'_, '_>) -> Result<AuthenticatorKind, Problem> {
    word(
        value,
        &[
            ("totp", AuthenticatorKind::Totp),
            ("hotp", AuthenticatorKind::Hotp),
            ("security-key", AuthenticatorKind::SecurityKey),
        ],
    )
}

/// Reads a hash function.
pub(super) fn algorithm(value: Value<'_, '_>) -> Result<Algorithm, Problem> {
    word(
        value,
        &[
            ("SHA1", Algorithm::Sha1),
            ("SHA256", Algorithm::Sha256),
            ("SHA512", Algorithm::Sha512),
        ],
    )
}

/// Reads the number of digits of a code.
pub(super) fn digits(value: Value<'_, '_>) -> Result<u32, Problem> {
    let digits = whole(value, Expected::Digits)?;
    match CodeFormat::new(Algorithm::Sha1, digits) {
        Ok(_) => Ok(digits),
        Err(_) => Err(errors::bad_digits(digits)),
    }
}

/// Reads a period in seconds.
pub(super) fn period(value: Value<'_, '_>) -> Result<u32, Problem> {
    let period = whole(value, Expected::Seconds)?;
    match Parameters::new(Algorithm::Sha1, 6, period) {
        Ok(_) => Ok(period),
        Err(_) => Err(errors::bad_period(period)),
    }
}

fn whole(value: Value<'_, '_>, expected: Expected) -> Result<u32, Problem> {
    match value.toml() {
        DeValue::Integer(written) => number(written),
        other => Err(errors::wrong_type(expected, other)),
    }
}
