//! How an authenticator computes its codes.

use minicbor::{CborLen, Decode, Encode};

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

/// What time-based and counter-based codes have in common: the truncated HMAC of RFC 4226.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct CodeFormat {
    #[n(0)]
    algorithm: Algorithm,
    #[n(1)]
    digits: u8,
}

impl CodeFormat {
    /// Takes 6 or 8 digits.
    ///
    /// # Errors
    /// [`BadParameters::Digits`].
    pub fn new(algorithm: Algorithm, digits: u32) -> Result<Self, BadParameters> {
        let digits = match digits {
            6 => 6,
            8 => 8,
            _ => return Err(BadParameters::Digits),
        };
        Ok(Self { algorithm, digits })
    }

    /// Whether [`Self::new`] would accept it. Decoded values are not checked otherwise.
    pub(super) fn is_sound(self) -> bool {
        Self::new(self.algorithm, self.digits.into()).is_ok()
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
}

impl Default for CodeFormat {
    /// SHA-1 and 6 digits: supported by every authenticator.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha1,
            digits: 6,
        }
    }
}

/// How a time-based authenticator computes its codes.
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
        let format = CodeFormat::new(algorithm, digits)?;
        if !(15..=120).contains(&period) {
            return Err(BadParameters::Period);
        }
        Ok(Self {
            algorithm,
            digits: format.digits,
            period,
        })
    }

    /// Whether [`Self::new`] would accept them. Decoded values are not checked otherwise.
    pub(super) fn are_sound(self) -> bool {
        Self::new(self.algorithm, self.digits.into(), self.period).is_ok()
    }

    /// Algorithm and digits.
    #[must_use]
    pub fn format(self) -> CodeFormat {
        CodeFormat {
            algorithm: self.algorithm,
            digits: self.digits,
        }
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
