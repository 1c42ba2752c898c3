//! The recovery code of the host: one code for the console, stored as an Argon2id hash.
//!
//! It belongs to the host and not to an account. The used one is kept, so that it is recognized and
//! not counted as wrong.

use std::fmt;

use minicbor::{CborLen, Decode, Encode};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::backup::{DIGEST, SALT};
use crate::input::RECOVERY_LENGTH;
use crate::{HashFailed, HashParams, Match, RecoveryCode, Time};

/// The format that is written here. A file of another format is refused.
const FORMAT: u8 = 1;
/// How many characters of the user's name are kept.
const MAX_NAME_LENGTH: usize = 256;

/// The stored part of the host's recovery code.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct HostRecovery {
    #[n(0)]
    format: u8,
    #[n(1)]
    created: Time,
    #[n(2)]
    hash_params: HashParams,
    #[cbor(n(3), with = "minicbor::bytes")]
    digest: [u8; DIGEST],
    /// Absent until it is used.
    #[n(4)]
    used: Option<RecoveryUse>,
}

/// Who used the recovery code, and when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct RecoveryUse {
    /// The login name.
    #[n(0)]
    pub user: String,
    /// The time.
    #[n(1)]
    pub time: Time,
}

impl HostRecovery {
    /// Generates a recovery code. `fill` supplies random bytes. The caller shows the code once and
    /// drops it.
    ///
    /// # Errors
    /// [`HashFailed`], as [`HashParams::hash`].
    pub fn draw(
        mut fill: impl FnMut(&mut [u8]),
        now: Time,
    ) -> Result<(Self, RecoveryCode), HashFailed> {
        let mut salt = [0; SALT];
        fill(&mut salt);
        let mut bytes = [0; RECOVERY_LENGTH];
        fill(&mut bytes);
        let code = RecoveryCode::from_random(bytes);
        bytes.zeroize();
        let hash_params = HashParams::new(salt);
        let recovery = Self {
            format: FORMAT,
            created: now,
            digest: hash_params.digest(code.letters())?,
            hash_params,
            used: None,
        };
        Ok((recovery, code))
    }

    /// Compares a typed code. This takes as long as [`HashParams::hash`].
    ///
    /// # Errors
    /// [`HashFailed`], as [`HashParams::hash`].
    pub fn check(&self, code: &RecoveryCode) -> Result<Match<()>, HashFailed> {
        let mut digest = self.hash_params.digest(code.letters())?;
        let is_same: bool = self.digest.ct_eq(&digest).into();
        digest.zeroize();
        Ok(match (is_same, &self.used) {
            (false, _) => Match::No,
            (true, None) => Match::Fresh(()),
            (true, Some(_)) => Match::Used,
        })
    }

    /// Makes the code void.
    pub fn mark_used(&mut self, user: &str, now: Time) {
        self.used = Some(RecoveryUse {
            user: user.chars().take(MAX_NAME_LENGTH).collect(),
            time: now,
        });
    }

    /// When it was made.
    #[must_use]
    pub fn created(&self) -> Time {
        self.created
    }

    /// Its use, after which it is void.
    #[must_use]
    pub fn used(&self) -> Option<&RecoveryUse> {
        self.used.as_ref()
    }

    /// Encodes it, for its file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(minicbor::len(self));
        // Writing to a vector cannot fail: its error type has no values.
        let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> =
            minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Decodes it.
    ///
    /// # Errors
    /// [`UnknownRecovery`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownRecovery> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let recovery: Self = decoder.decode().map_err(|_| UnknownRecovery)?;
        let is_whole = decoder.position() == bytes.len();
        if is_whole && recovery.format == FORMAT && recovery.hash_params.is_sound() {
            Ok(recovery)
        } else {
            Err(UnknownRecovery)
        }
    }
}

/// The bytes are not a recovery code of a format that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRecovery;

impl fmt::Display for UnknownRecovery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the file holds no recovery code of a format known here")
    }
}

impl std::error::Error for UnknownRecovery {}
