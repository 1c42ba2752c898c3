//! One-time codes of a counter: RFC 4226. A time step of RFC 6238 is such a counter.

use totp_rs::{Algorithm, Builder, Totp};

use super::CodeFormat;
use crate::{Code, Counter, Secret};

/// The codes of one secret. The value holds one copy of the secret, which is wiped with it.
pub(super) struct Codes(Totp);

impl Codes {
    pub(super) fn new(format: CodeFormat, secret: &Secret) -> Self {
        let algorithm = match format.algorithm() {
            crate::Algorithm::Sha1 => Algorithm::SHA1,
            crate::Algorithm::Sha256 => Algorithm::SHA256,
            crate::Algorithm::Sha512 => Algorithm::SHA512,
        };
        // With a period of one second the time is the counter, and with a skew of 0 `check` computes
        // one code. Lengths and ranges were checked when the parts were made.
        let codes = Builder::new()
            .with_algorithm(algorithm)
            .with_digits(format.digits())
            .with_step_duration(1)
            .with_skew(0)
            .with_secret(secret.expose())
            .build_noncompliant();
        Self(codes)
    }

    /// Whether a code is that of a counter. The codes are compared in constant time.
    pub(super) fn is_code(&self, counter: Counter, code: &Code) -> bool {
        self.0.check(code.digits(), counter.value()).is_some()
    }
}
