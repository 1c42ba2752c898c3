//! The name of an answer, by which the same answer is known again when it arrives twice.
//!
//! A request whose reply was lost is sent again, perhaps to another verifier. The attempt id and the
//! number of the answer tell it from an answer of another login, or from the user's next answer.

use std::fmt;

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};
use tfa_fleet_core::HostName;

use crate::Credential;

/// One phase of one login: 16 random bytes, which no other phase has. With them and a record, typed codes can be
/// computed: they are never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttemptId([u8; Self::LENGTH]);

impl fmt::Debug for AttemptId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AttemptId(_)")
    }
}

impl AttemptId {
    /// The number of random bytes.
    pub const LENGTH: usize = 16;

    /// The id of these bytes, which must be random.
    #[must_use]
    pub const fn new(random: [u8; Self::LENGTH]) -> Self {
        Self(random)
    }

    /// The id of an attempt on a member of a fleet, which has drawn these bytes. Another member has
    /// another id with the same bytes: none can use an attempt of another one.
    #[must_use]
    pub fn of_member(member: &HostName, random: [u8; Self::LENGTH]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"tfa member");
        hash.update(random);
        hash.update(member.as_str());
        let hash: [u8; 32] = hash.finalize().into();
        let mut id = random;
        id.iter_mut()
            .zip(hash)
            .for_each(|(byte, hashed)| *byte = hashed);
        Self(id)
    }
}

/// An answer of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerId {
    /// The attempt.
    pub attempt: AttemptId,
    /// How many answers the attempt has given, with this one. An answer that is sent again keeps its
    /// number. A user who types the same code again gives another answer.
    pub number: u32,
}

impl AnswerId {
    /// The mark of an answer with this credential. `None` where the credential does not tell two codes
    /// apart: such an answer is judged as a new one each time.
    pub(crate) fn mark(self, credential: &Credential) -> Option<AnswerMark> {
        let (kind, typed) = match credential {
            // The same digits, whether or not they may be a backup code.
            Credential::Code(code) | Credential::CodeOrBackup(code, _) => {
                (b"c", code.digits().as_bytes())
            }
            // Not its hash: whether the answer was judged before is known before the code is hashed.
            Credential::Backup(code, _) => (b"b", code.letters()),
            Credential::Recovery(_) | Credential::Malformed | Credential::Empty => return None,
        };
        let mut hash = Sha256::new();
        hash.update(b"tfa attempt");
        hash.update(self.attempt.0);
        hash.update(self.number.to_le_bytes());
        hash.update(kind);
        hash.update(typed);
        let hash: [u8; 32] = hash.finalize().into();
        let mark = hash.first_chunk().copied();
        mark.map(AnswerMark)
    }
}

/// What tells an answer from any other: a hash of attempt, number and credential. Without the attempt id,
/// which is not stored, no code can be computed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(crate) struct AnswerMark(#[cbor(n(0), with = "minicbor::bytes")] [u8; Self::LENGTH]);

impl AnswerMark {
    const LENGTH: usize = 16;
}
