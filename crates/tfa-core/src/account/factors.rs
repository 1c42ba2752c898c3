//! What a user has enrolled of the second factors that a rule accepts.

use super::enrollment::Replaced;
use super::{Account, Refusal};
use crate::{Authenticator, AuthenticatorId, AuthenticatorKind, CodeFormat, FactorKind, Factors};

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

    /// Whether an authenticator is the only one that a rule accepts.
    #[must_use]
    pub fn is_last_of(&self, factors: Factors, authenticator: &Authenticator) -> bool {
        factors.contains(authenticator.kind())
            && self
                .accepted(factors)
                .all(|one| one.id() == authenticator.id())
    }

    /// Checks that a move leaves the user with an authenticator which each of these rules accepts, if
    /// there is one now. `replaced` is as in [`Self::move_to`], and `kind` that of the new authenticator.
    ///
    /// # Errors
    /// [`Refusal::LastAcceptedAuthenticator`]; [`Refusal::SeveralAuthenticators`],
    /// [`Refusal::NoSuchAuthenticator`].
    pub fn may_replace(
        &self,
        replaced: Option<AuthenticatorId>,
        kind: AuthenticatorKind,
        required: &[Factors],
    ) -> Result<(), Refusal> {
        let replaced = self.replaced_by_move(replaced)?;
        let old = self.authenticator(replaced);
        let old = old.ok_or(Refusal::NoSuchAuthenticator)?;
        let loses = |factors: &Factors| self.is_last_of(*factors, old) && !factors.contains(kind);
        match required.iter().any(loses) {
            true => Err(Refusal::LastAcceptedAuthenticator),
            false => Ok(()),
        }
    }

    /// As [`Self::may_replace`], for the pending authenticator. One that replaces none may be confirmed.
    ///
    /// # Errors
    /// [`Refusal::LastAcceptedAuthenticator`].
    pub fn may_confirm(&self, required: &[Factors]) -> Result<(), Refusal> {
        match (self.pending(), self.replaced_by_pending()) {
            (Some(pending), Ok(Replaced::One(id))) => {
                self.may_replace(Some(id), pending.authenticator().kind(), required)
            }
            _ => Ok(()),
        }
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
