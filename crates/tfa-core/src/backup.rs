//! Backup codes: sets of ten, each code accepted once, stored as Argon2id hashes.
//!
//! A set has one salt, so that a check needs one hash and not ten. Each code has 50 random bits, so
//! that the common salt does not help an attacker.

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::{CborLen, Decode, Encode};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::input::BACKUP_LENGTH;
use crate::{BackupCode, Code};

pub(crate) const DIGEST: usize = 32;
pub(crate) const SALT: usize = 16;
/// The maximum cost that is accepted: memory in KiB, and passes.
const MAX_COST: (u32, u32) = (1024 * 1024, 16);

/// The parameters of Argon2id (RFC 9106) with which the codes of a set are hashed.
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
    pub(crate) fn new(salt: [u8; SALT]) -> Self {
        // OWASP's first choice for Argon2id: 19 MiB, two passes.
        Self {
            salt,
            memory: 19 * 1024,
            passes: 2,
        }
    }

    /// Hashes a code. This takes tens of milliseconds and 19 MiB of memory.
    ///
    /// # Errors
    /// [`HashFailed`] if the cost is out of the range of Argon2, or memory is short.
    pub fn hash(&self, code: &BackupCode) -> Result<Hashed, HashFailed> {
        let digest = self.digest(code.letters())?;
        Ok(Hashed {
            salt: self.salt,
            digest,
        })
    }

    /// As [`Self::hash`], of a code of digits from another program.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub fn hash_digits(&self, code: &Code) -> Result<Hashed, HashFailed> {
        let digest = self.digest(code.digits().as_bytes())?;
        Ok(Hashed {
            salt: self.salt,
            digest,
        })
    }

    /// Hashes the letters of a code.
    pub(crate) fn digest(&self, letters: &[u8]) -> Result<[u8; DIGEST], HashFailed> {
        let parameters =
            Params::new(self.memory, self.passes, 1, Some(DIGEST)).map_err(|_| HashFailed)?;
        let mut digest = [0; DIGEST];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(letters, &self.salt, &mut digest)
            .map_err(|_| HashFailed)?;
        Ok(digest)
    }

    /// Whether decoded parameters are in a range that a login can afford.
    pub(crate) fn is_sound(&self) -> bool {
        let (memory, passes) = MAX_COST;
        self.memory <= memory && self.passes <= passes
    }
}

/// The hash could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashFailed;

/// The hash of a typed backup code, for one set.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Hashed {
    salt: [u8; SALT],
    digest: [u8; DIGEST],
}

/// The result of a search for a hash in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// An unused code, with its index.
    At(usize),
    /// A used code.
    Used,
    /// No code of the set.
    No,
    /// The hash was computed for another set.
    OtherSet,
}

/// The backup codes of an account. Used codes are kept, so that they are recognized and not counted
/// as wrong.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct BackupSet {
    #[n(0)]
    hash_params: HashParams,
    #[n(1)]
    digests: Vec<Digest>,
    /// Absent until one is used.
    #[n(2)]
    used: Option<Vec<Digest>>,
    /// The form of the codes. Absent in a set that was drawn here.
    #[n(3)]
    form: Option<Form>,
}

/// The form of codes that were not drawn here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
enum Form {
    /// Eight digits, of google-authenticator.
    #[n(0)]
    EightDigits,
}

#[derive(Clone, Encode, Decode, CborLen)]
#[cbor(transparent)]
struct Digest(#[cbor(n(0), with = "minicbor::bytes")] [u8; DIGEST]);

/// Which set of backup codes: its salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(crate) struct BackupSetMark(#[cbor(n(0), with = "minicbor::bytes")] [u8; SALT]);

impl BackupSet {
    /// How many codes a set has.
    pub const SIZE: usize = 10;

    /// Generates a set. `fill` supplies random bytes. This computes ten hashes. The caller shows
    /// the codes once and drops them.
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
            form: None,
        };
        Ok((set, codes))
    }

    /// The parameters with which the codes of an imported set are hashed. `fill` supplies random bytes.
    pub fn imported_params(mut fill: impl FnMut(&mut [u8])) -> HashParams {
        let mut salt = [0; SALT];
        fill(&mut salt);
        HashParams::new(salt)
    }

    /// A set of codes of digits from another program, hashed with these parameters. Further codes than
    /// [`Self::SIZE`], codes that are there already, and hashes with other parameters, are left out.
    #[must_use]
    pub fn imported(hash_params: HashParams, codes: &[Hashed]) -> Self {
        let own = codes.iter().filter(|code| code.salt == hash_params.salt);
        let mut digests: Vec<Digest> = Vec::with_capacity(Self::SIZE);
        for code in own {
            // A code that is there twice would be accepted twice.
            let is_there = |digest: &Digest| bool::from(digest.0.ct_eq(&code.digest));
            if digests.len() < Self::SIZE && !digests.iter().any(is_there) {
                digests.push(Digest(code.digest));
            }
        }
        Self {
            digests,
            hash_params,
            used: None,
            form: Some(Form::EightDigits),
        }
    }

    /// Whether its codes are digits from another program.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.form.is_some()
    }

    /// Marks the codes as used that are not among these. Returns how many.
    pub(crate) fn keep_only(&mut self, codes: &[Hashed]) -> usize {
        let before = self.left();
        let is_kept = |digest: &Digest| {
            let same = |code: &Hashed| -> bool { digest.0.ct_eq(&code.digest).into() };
            codes
                .iter()
                .any(|code| code.salt == self.hash_params.salt && same(code))
        };
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.digests)
            .into_iter()
            .partition(is_kept);
        self.digests = kept;
        if !gone.is_empty() {
            self.used.get_or_insert_default().extend(gone);
        }
        before - self.left()
    }

    /// The parameters with which a code must be hashed for this set.
    #[must_use]
    pub fn hash_params(&self) -> &HashParams {
        &self.hash_params
    }

    /// Whether a decoded set is in the range of sets that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.left() <= Self::SIZE && self.used().len() <= Self::SIZE && self.hash_params.is_sound()
    }

    /// What tells it from other sets.
    pub(crate) fn mark(&self) -> BackupSetMark {
        BackupSetMark(self.hash_params.salt)
    }

    /// The number of unused codes.
    #[must_use]
    pub fn left(&self) -> usize {
        self.digests.len()
    }

    fn used(&self) -> &[Digest] {
        self.used.as_deref().unwrap_or_default()
    }

    /// Compares a hash with every code of the set, in a time that does not depend on which one
    /// matches.
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

    /// Marks the code at an index as used.
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
