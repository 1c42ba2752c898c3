//! The second factors that a rule accepts.

use tfa_core::{FactorKind, Factors};

use super::problem::Problem;
use super::values::{Value, non_empty_list, word};

/// Reads a list of them.
pub(super) fn factors(value: Value<'_, '_>) -> Result<Factors, Problem> {
    let kinds = non_empty_list(value, kind)?;
    Ok(kinds.into_iter().collect())
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
