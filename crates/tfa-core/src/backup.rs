//! Backup codes: ten at a time, each good once, kept as Argon2id hashes.
//!
//! One salt serves a whole set, so that a code costs one evaluation and not ten; the codes have
//! 50 random bits each, so nothing is gained by attacking them together.

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::{CborLen, Decode, Encode};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::BackupCode;
use crate::input::BACKUP_LENGTH;

const DIGEST: usize = 32;
const SALT: usize = 16;
/// The most memory, in KiB, and passes of a recipe that is followed.
const MOST: (u32, u32) = (1024 * 1024, 16);

/// How a set's codes are hashed: Argon2id (RFC 9106) with the cost that the set was made with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct HashParams {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; SALT],
    /// KiB.
    #[n(1)]
    memory: u32,
    #[n(2)]
    passes: u32,
}

impl HashParams {
    fn new(salt: [u8; SALT]) -> Self {
        // OWASP's first choice for Argon2id: 19 MiB, two passes.
        Self {
            salt,
            memory: 19 * 1024,
            passes: 2,
        }
    }

    /// Hashes a code. Takes tens of milliseconds and 19 MiB: not for a thread that others wait
    /// for.
    ///
    /// # Errors
    /// [`HashFailed`] when the recipe's cost is out of Argon2's range, or memory is short.
    pub fn hash(&self, code: &BackupCode) -> Result<Hashed, HashFailed> {
        let parameters =
            Params::new(self.memory, self.passes, 1, Some(DIGEST)).map_err(|_| HashFailed)?;
        let mut digest = [0; DIGEST];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(code.letters(), &self.salt, &mut digest)
            .map_err(|_| HashFailed)?;
        Ok(Hashed {
            salt: self.salt,
            digest,
        })
    }
}

/// The hash could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashFailed;

/// A typed backup code, hashed for one set.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Hashed {
    salt: [u8; SALT],
    digest: [u8; DIGEST],
}

/// What a hash is to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// One of the codes that are left, at this place.
    At(usize),
    /// One that was used already.
    Used,
    /// None of them.
    No,
    /// The hash was made for another set; hash the code again.
    OtherSet,
}

/// The backup codes of an account: those that are left, and those that were used, which are known
/// again so that they count as no try.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct BackupSet {
    #[n(0)]
    hash_params: HashParams,
    #[n(1)]
    digests: Vec<Digest>,
    /// Absent until one is used.
    #[n(2)]
    used: Option<Vec<Digest>>,
}

#[derive(Clone, Encode, Decode, CborLen)]
#[cbor(transparent)]
struct Digest(#[cbor(n(0), with = "minicbor::bytes")] [u8; DIGEST]);

impl BackupSet {
    /// How many codes a set has.
    pub const SIZE: usize = 10;

    /// Draws a set. `fill` gives random bytes. The codes are to be shown once and dropped; ten
    /// hashes are computed.
    ///
    /// # Errors
    /// [`HashFailed`], as [`HashParams::hash`].
    pub fn draw(
        mut fill: impl FnMut(&mut [u8]),
    ) -> Result<(Self, [BackupCode; Self::SIZE]), HashFailed> {
        let mut salt = [0; SALT];
        fill(&mut salt);
        let hash_params = HashParams::new(salt);
        let codes = std::array::from_fn(|_| {
            let mut bytes = [0; BACKUP_LENGTH];
            fill(&mut bytes);
            let code = BackupCode::from_random(bytes);
            bytes.zeroize();
            code
        });
        let digests = codes
            .iter()
            .map(|code| hash_params.hash(code).map(|hashed| Digest(hashed.digest)))
            .collect::<Result<_, _>>()?;
        let set = Self {
            hash_params,
            digests,
            used: None,
        };
        Ok((set, codes))
    }

    /// How a code is to be hashed before it can be held against this set.
    #[must_use]
    pub fn hash_params(&self) -> &HashParams {
        &self.hash_params
    }

    /// Whether it is within the range that sets are made in; a decoded one may be anything.
    pub(crate) fn is_sound(&self) -> bool {
        let (memory, passes) = MOST;
        self.left() <= Self::SIZE
            && self.used().len() <= Self::SIZE
            && self.hash_params.memory <= memory
            && self.hash_params.passes <= passes
    }

    /// How many codes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.digests.len()
    }

    fn used(&self) -> &[Digest] {
        self.used.as_deref().unwrap_or_default()
    }

    /// Holds a hash against every code of the set, in a time that does not tell which.
    pub(crate) fn find(&self, hashed: &Hashed) -> Found {
        if hashed.salt != self.hash_params.salt {
            return Found::OtherSet;
        }
        let mut found = Found::No;
        let left = self.digests.iter().enumerate();
        let left = left.map(|(place, digest)| (Found::At(place), digest));
        let used = self.used().iter().map(|digest| (Found::Used, digest));
        for (what, digest) in used.chain(left) {
            let equal: Choice = digest.0.ct_eq(&hashed.digest);
            if bool::from(equal) {
                found = what;
            }
        }
        found
    }

    /// Uses up the code at that place.
    pub(crate) fn mark_used(&mut self, place: usize) {
        if place < self.digests.len() {
            let digest = self.digests.remove(place);
            self.used.get_or_insert_default().push(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;

    fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0_u8;
        move |bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(37);
            }
        }
    }

    #[test]
    fn each_code_of_a_set_is_found_until_it_is_spent() {
        let (mut set, codes) = BackupSet::draw(counting()).unwrap();
        assert_eq!(set.left(), BackupSet::SIZE);
        let code = &codes[7];
        let Input::Backup(typed) = Input::parse(&code.to_printed().to_lowercase()) else {
            panic!("a printed code must be readable");
        };
        let hashed = set.hash_params().hash(&typed).unwrap();
        assert_eq!(set.find(&hashed), Found::At(7));
        set.mark_used(7);
        assert_eq!(set.left(), 9);
        assert_eq!(set.find(&hashed), Found::Used);
        let other = set.hash_params().hash(&codes[9]).unwrap();
        assert_eq!(set.find(&other), Found::At(8));
    }

    #[test]
    fn a_hash_for_another_set_is_never_a_match() {
        let (set, codes) = BackupSet::draw(counting()).unwrap();
        let mut hashed = set.hash_params().hash(&codes[0]).unwrap();
        hashed.salt[0] ^= 1;
        assert_eq!(set.find(&hashed), Found::OtherSet);
    }
}
