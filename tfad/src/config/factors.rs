//! The second factors that a rule accepts.

use tfa_core::{FactorKind, Factors};

use super::messages::errors;
use super::problem::Problem;
use super::values::{Value, non_empty_list, word};

/// Reads a list of them.
pub(super) fn factors(value: Value<'_, '_>) -> Result<Factors, Problem> {
    let factors: Factors = non_empty_list(value, kind)?.into_iter().collect();
    // Devices and session codes would still replace a code, as without the key.
    if factors.is_any() {
        return Err(errors::every_factor());
    }
    Ok(factors)
}

fn kind(value: Value<'_, '_>) -> Result<FactorKind, Problem> {
    word(
        value,
        &[
            ("totp", FactorKind::Totp),
            ("hotp", FactorKind::Hotp),
            ("security-key", FactorKind::SecurityKey),
            ("backup-code", FactorKind::BackupCode),
        ],
    )
}
