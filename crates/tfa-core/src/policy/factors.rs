//! The second factors that a rule accepts.

use crate::AuthenticatorKind;

/// A kind of second factor that a user enrolls.
///
/// The recovery code of the host is none of them: at a console it is accepted whatever a rule accepts,
/// so that no rule can lock out everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// A code of a time-based authenticator.
    Totp,
    /// A code of a counter-based authenticator.
    Hotp,
    /// A security key.
    SecurityKey,
    /// A backup code.
    BackupCode,
}

impl FactorKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Totp, Self::Hotp, Self::SecurityKey, Self::BackupCode];

    const fn bit(self) -> u8 {
        match self {
            Self::Totp => 1,
            Self::Hotp => 2,
            Self::SecurityKey => 4,
            Self::BackupCode => 8,
        }
    }
}

impl From<AuthenticatorKind> for FactorKind {
    fn from(kind: AuthenticatorKind) -> Self {
        match kind {
            AuthenticatorKind::Totp => Self::Totp,
            AuthenticatorKind::Hotp => Self::Hotp,
            AuthenticatorKind::SecurityKey => Self::SecurityKey,
        }
    }
}

/// A set of kinds of second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factors(u8);

impl Factors {
    /// All kinds: the default of a rule.
    pub const ANY: Self = Self(0b1111);

    /// Whether every kind is in the set.
    #[must_use]
    pub fn is_any(self) -> bool {
        self == Self::ANY
    }

    /// Whether a kind is in the set.
    #[must_use]
    pub fn contains(self, kind: impl Into<FactorKind>) -> bool {
        self.0 & kind.into().bit() != 0
    }

    /// Whether a factor of that kind is accepted. What has no kind is accepted only where every factor is.
    #[must_use]
    pub fn accept(self, kind: Option<FactorKind>) -> bool {
        self.is_any() || kind.is_some_and(|kind| self.contains(kind))
    }

    /// The kinds that are in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds, in the order of [`FactorKind::ALL`].
    pub fn kinds(self) -> impl Iterator<Item = FactorKind> {
        let all = FactorKind::ALL.into_iter();
        all.filter(move |kind| self.contains(*kind))
    }
}

impl Default for Factors {
    fn default() -> Self {
        Self::ANY
    }
}

impl FromIterator<FactorKind> for Factors {
    fn from_iter<I: IntoIterator<Item = FactorKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | kind.bit()))
    }
}
