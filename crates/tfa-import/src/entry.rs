//! One authenticator of one user, as another program keeps it.

use zeroize::Zeroizing;

/// An authenticator. It has the key, so it has no `Debug`.
#[derive(Clone)]
pub struct Entry {
    /// The line where it begins, from 1.
    pub line: usize,
    /// The user, as the file names one; empty if it does not.
    pub user: String,
    /// What the file calls the authenticator, such as a serial number.
    pub label: Option<String>,
    /// What its codes are computed from.
    pub means: Means,
    /// The key, of any length.
    pub key: Zeroizing<Vec<u8>>,
    /// The hash function.
    pub algorithm: Algorithm,
    /// The digits of a code, of any number.
    pub digits: u32,
    /// Which codes were used.
    pub used: Used,
    /// The unused backup codes, each of 8 digits.
    pub backup_codes: Vec<Zeroizing<String>>,
    /// What cannot be carried over, and what the administrator should know.
    pub notes: Vec<Note>,
}

/// What the codes of an authenticator are computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The time: RFC 6238.
    Totp {
        /// Seconds, of any number.
        period: u32,
    },
    /// A counter: RFC 4226.
    Hotp {
        /// The counter of the next code.
        counter: u64,
    },
}

/// The hash function of an authenticator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Which codes of a time-based authenticator were used.
#[derive(Clone, Default)]
pub enum Used {
    /// It is not known.
    #[default]
    Unknown,
    /// Any that the other program accepted: it does not say which.
    Until {
        /// How many steps ahead it accepts codes.
        steps_ahead: u32,
        /// Whether it writes each attempt down, so that none is later than the last change of the file.
        is_dated: bool,
    },
    /// Those of a list.
    Steps {
        /// The newest steps, at most [`Used::MAX_STEPS`].
        steps: Vec<u64>,
        /// How many steps ahead the other program accepts codes, for a list that is not complete.
        steps_ahead: u32,
    },
    /// This one was the last.
    LastCode(Zeroizing<String>),
}

impl Used {
    /// The most steps that are kept.
    pub const MAX_STEPS: usize = 64;
}

/// What cannot be carried over, or what the administrator should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The limit of logins in a time.
    RateLimit,
    /// The number of codes that are accepted at once.
    WindowSize,
    /// The clock of the phone differs from that of the host by this many steps.
    TimeSkew(i64),
    /// Logins from the same address needed no code for a time.
    GracePeriod,
    /// An option of an unknown name.
    UnknownOption,
    /// Further backup codes than a set can have.
    FurtherBackupCodes,
    /// A PIN or password before the code.
    Pin,
    /// The export has several QR codes, of which each has a part.
    PartOfExport,
}
