//! The double of a phone, which has a key and shows codes.

use tfa_core::{Algorithm, Authenticator, Credential, Input, Parameters, Secret, Time};
use totp_rs::{Builder, Totp};

/// The time around which most tests run. Every period divides it.
pub(crate) const NOON: Time = Time::from_secs(1_800_000_000);

/// The time so many seconds after (or before) another.
pub(crate) fn after(moment: Time, seconds: i64) -> Time {
    Time::from_secs(moment.as_secs().saturating_add_signed(seconds))
}

pub(crate) struct Phone {
    key: Vec<u8>,
    parameters: Parameters,
}

impl Phone {
    pub(crate) fn new(key: &[u8], parameters: Parameters) -> Self {
        Self {
            key: key.to_vec(),
            parameters,
        }
    }

    /// SHA-1, 6 digits, 30 seconds. Each label makes another key.
    pub(crate) fn usual(label: u8) -> Self {
        Self::new(&[label; 20], Parameters::default())
    }

    pub(crate) fn unusual(label: u8, algorithm: Algorithm, digits: u32, period: u32) -> Self {
        let parameters = Parameters::new(algorithm, digits, period).unwrap();
        Self::new(&[label; 64], parameters)
    }

    /// The label of [`Self::usual`].
    pub(crate) fn label(&self) -> u8 {
        self.key[0]
    }

    pub(crate) fn period(&self) -> i64 {
        self.parameters.period().into()
    }

    pub(crate) fn authenticator(&self) -> Authenticator {
        self.authenticator_named("phone")
    }

    pub(crate) fn authenticator_named(&self, name: &str) -> Authenticator {
        let key = Secret::new(&self.key).unwrap();
        Authenticator::totp(name, self.parameters, key)
    }

    /// The code on the screen.
    pub(crate) fn shows(&self, at: Time) -> String {
        self.totp().generate(at.as_secs()).to_string()
    }

    pub(crate) fn typed(&self, at: Time) -> Input {
        Input::parse(&self.shows(at))
    }

    pub(crate) fn code(&self, at: Time) -> Credential {
        code(&self.shows(at))
    }

    fn totp(&self) -> Totp {
        let algorithm = match self.parameters.format().algorithm() {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        };
        Builder::new()
            .with_algorithm(algorithm)
            .with_digits(self.parameters.format().digits())
            .with_step_duration(self.parameters.period().into())
            .with_secret(&*self.key)
            .build_noncompliant()
    }
}

pub(crate) fn code(digits: &str) -> Credential {
    match Input::parse(digits) {
        Input::Code(code) => Credential::Code(code),
        _ => panic!("not the shape of a code: {digits}"),
    }
}
