//! The users of a measurement. Everything about one follows from the number, so that whoever
//! fills a store and whoever logs in need not tell each other.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

/// How many of the users log in while logins are timed. They alone stand in `/etc/passwd`, whose
/// length is the same at every number of users, for it is read line by line at each login.
pub(crate) const SEATED: u32 = 200;

/// How many of these, the last ones, log in while the daemon alone is looked at.
pub(crate) const REGULARS: u32 = 10;

/// The first uid.
const FIRST_UID: u32 = 200_000;

/// The names' numbers have this many bits.
const BITS: u32 = 28;

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Person(pub(crate) u32);

impl Person {
    /// The first so many.
    pub(crate) fn first(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(Self)
    }

    /// The name. Steps of the golden ratio spread the first few users evenly over the names of
    /// however many there are.
    pub(crate) fn name(self) -> String {
        let spread = self.0.wrapping_mul(0x09e3_779b) & ((1 << BITS) - 1);
        format!("u{spread:07x}")
    }

    /// The uid.
    pub(crate) fn uid(self) -> u32 {
        FIRST_UID + self.0
    }

    /// The key of the authenticator.
    pub(crate) fn key(self) -> [u8; 20] {
        let mut key = [0; 20];
        let digest = Sha256::digest(format!("a key for the bench {}", self.0));
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        key
    }

    /// The line in `/etc/passwd`.
    pub(crate) fn passwd_line(self) -> String {
        let (name, uid) = (self.name(), self.uid());
        format!("{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n")
    }

    /// The line in a users file of `pam_oath`: a TOTP of 30 seconds and 6 digits.
    pub(crate) fn oath_line(self) -> String {
        format!(
            "HOTP/T30/6\t{}\t-\t{}\n",
            self.name(),
            HEXLOWER.encode(&self.key())
        )
    }

    /// The secret file of `pam_google_authenticator`.
    pub(crate) fn google_file(self) -> String {
        format!(
            "{}\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n",
            BASE32_NOPAD.encode(&self.key())
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_users_have_a_name_or_a_key_in_common() {
        let names: HashSet<_> = Person::first(1_000_000).map(Person::name).collect();
        assert_eq!(names.len(), 1_000_000);
        let keys: HashSet<_> = Person::first(1000).map(Person::key).collect();
        assert_eq!(keys.len(), 1000);
    }

    #[test]
    fn those_who_log_in_are_spread_evenly_over_the_names() {
        let mut names: Vec<_> = Person::first(100_000).map(Person::name).collect();
        names.sort();
        let mut places: Vec<_> = Person::first(SEATED)
            .map(|person| names.binary_search(&person.name()).unwrap())
            .collect();
        places.sort_unstable();
        let even = names.len() / places.len();
        for pair in places.windows(2) {
            let gap = pair[1] - pair[0];
            assert!((even / 3..even * 3).contains(&gap), "{gap}");
        }
    }
}
