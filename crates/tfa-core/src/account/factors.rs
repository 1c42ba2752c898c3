//! What a user has enrolled of the second factors that a rule accepts.

use super::Account;
use crate::{Authenticator, AuthenticatorKind, CodeFormat, FactorKind, Factors, SshKey};

impl Account {
    /// Whether the user has an authenticator that a rule accepts and that computes codes.
    #[must_use]
    pub fn has_codes_of(&self, factors: Factors) -> bool {
        self.accepted(factors).any(|one| one.kind().has_codes())
    }

    /// How many backup codes are left that a rule accepts.
    #[must_use]
    pub fn backup_codes_of(&self, factors: Factors) -> usize {
        match factors.contains(FactorKind::BackupCode) {
            true => self.backup_codes_left(),
            false => 0,
        }
    }

    /// Whether a login that has used these keys can meet a rule: with one of the keys, or with what
    /// its user can type.
    #[must_use]
    pub fn can_meet(&self, factors: Factors, keys: &[SshKey]) -> bool {
        let by_key = factors.contains(AuthenticatorKind::SecurityKey)
            && self.security_key_among(keys).is_some();
        by_key || self.has_codes_of(factors) || self.backup_codes_of(factors) > 0
    }

    /// Whether an authenticator is the only one that a rule accepts.
    #[must_use]
    pub fn is_last_of(&self, factors: Factors, authenticator: &Authenticator) -> bool {
        factors.contains(authenticator.kind())
            && self
                .accepted(factors)
                .all(|one| one.id() == authenticator.id())
    }

    /// The number of digits of a code that a rule accepts; 0 where the authenticators differ, or none
    /// computes codes.
    #[must_use]
    pub fn digits_of(&self, factors: Factors) -> u8 {
        let formats = self.accepted(factors).filter_map(Authenticator::format);
        let mut digits = formats.map(CodeFormat::digits);
        let first = digits.next().unwrap_or(0);
        if digits.all(|other| other == first) {
            first
        } else {
            0
        }
    }

    fn accepted(&self, factors: Factors) -> impl Iterator<Item = &Authenticator> {
        let all = self.authenticators.iter();
        all.filter(move |one| factors.contains(one.kind()))
    }
}
