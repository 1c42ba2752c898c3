//! The record of an account: CBOR with numbered fields.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    Account, Attempts, Notices, PendingAuthenticator, UserExemption, bound_sets, failed_attempts,
};
use crate::device::Devices;
use crate::{Authenticator, BackupSet, audit};

impl Account {
    /// Encodes the account, for sealing.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // The exact size is reserved first: a growing buffer would leave copies of the secrets.
        let mut bytes = Zeroizing::new(Vec::with_capacity(minicbor::len(self)));
        let mut encoder = minicbor::Encoder::new(&mut *bytes);
        // Writing to a vector cannot fail: its error type has no values.
        let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> = encoder.encode(self);
        bytes
    }

    /// Decodes an account.
    ///
    /// # Errors
    /// [`Undecodable`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let mut account: Self = decoder.decode().map_err(|_| Undecodable)?;
        account.assign_missing_ids();
        if decoder.position() == bytes.len() && account.is_sound() {
            Ok(account)
        } else {
            Err(Undecodable)
        }
    }

    /// Assigns an id to each authenticator of a record that was written before they had one.
    fn assign_missing_ids(&mut self) {
        let present = self.authenticators.iter().filter(|one| one.has_id());
        self.highest_id = self.highest_id.max(present.map(Authenticator::id).max());
        for place in 0..self.authenticators.len() {
            let id = self.next_id();
            if let Some(authenticator) = self.authenticators.get_mut(place)
                && !authenticator.has_id()
            {
                authenticator.set_id(id);
                self.highest_id = Some(id);
            }
        }
    }

    /// Whether every value is in its range. The costs of hashes and the parameters of codes must
    /// not be arbitrary numbers.
    fn is_sound(&self) -> bool {
        self.authenticators.iter().all(Authenticator::is_sound)
            && self
                .pending
                .as_ref()
                .is_none_or(PendingAuthenticator::is_sound)
            && self.has_unique_ids()
            && self.backup.as_ref().is_none_or(BackupSet::is_sound)
            && self.throttle.is_sound()
            && self.known_origins.is_sound()
            && audit::is_sound(&self.audit_records)
            && self.wrong_codes.as_ref().is_none_or(Attempts::is_sound)
            && self.notices.as_ref().is_none_or(Notices::is_sound)
            && self.devices.as_ref().is_none_or(Devices::is_sound)
            && self.exemption.as_ref().is_none_or(UserExemption::is_sound)
            && self
                .failed_attempts
                .as_deref()
                .is_none_or(failed_attempts::is_sound)
            && self.judged.is_sound()
            && self.bound_sets.as_deref().is_none_or(bound_sets::is_sound)
    }

    fn has_unique_ids(&self) -> bool {
        let mut ids: Vec<_> = self.authenticators.iter().map(Authenticator::id).collect();
        ids.sort_unstable();
        ids.windows(2)
            .all(|pair| matches!(pair, [one, next] if one < next))
    }
}

/// The bytes are not an account of a version that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

impl fmt::Display for Undecodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the record is no account of a version known here")
    }
}

impl std::error::Error for Undecodable {}
