//! The second factors that a rule accepts.

use tfa_core::{FactorKind, Factors};

use super::messages::errors;
use super::problem::Problem;
use super::values::{Value, non_empty_list, word};

/// Reads a list of them.
pub(super) fn factors(value: Value<'_, '_>) -> Result<Factors, Problem> {
    let factors: Factors = non_empty_list(value, kind)?.into_iter().collect();
    // It would read as a limit, and be none: remembered devices replace a factor that no rule names.
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
