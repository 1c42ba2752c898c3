//! The users of a measurement. Name, uid and key are computed from a number, so that the tasks need not
//! exchange them.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

/// The number of users who log in while single logins are measured. Only they are in `/etc/passwd`,
/// which is read line by line at each login: its length is the same for every number of users.
pub(crate) const LOCAL_USERS: u32 = 200;

/// The number of these, at the end, who log in only while the daemon is measured.
pub(crate) const DAEMON_USERS: u32 = 10;

/// The first uid.
const FIRST_UID: u32 = 200_000;

/// The number of bits of the number in a name.
const BITS: u32 = 28;

/// A user, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct User(pub(crate) u32);

impl User {
    pub(crate) fn first(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(Self)
    }

    /// The name. Steps of the golden ratio spread the first users evenly over the names of all users.
    pub(crate) fn name(self) -> String {
        let spread = self.0.wrapping_mul(0x09e3_779b) & ((1 << BITS) - 1);
        format!("u{spread:07x}")
    }

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

    /// The line in a users file of `pam_oath`: TOTP with 30 seconds and 6 digits.
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

    /// The same file with five scratch codes.
    pub(crate) fn google_file_with_codes(self) -> String {
        let code = |number: u32| {
            let digest = Sha256::digest(format!("code {number} of user {}", self.0));
            let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
            10_000_000 + u32::from_be_bytes([a, b, c, d]) % 90_000_000
        };
        let codes: String = (1..=5)
            .map(|number| format!("{}\n", code(number)))
            .collect();
        self.google_file() + &codes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_keys_are_unique() {
        let names: HashSet<_> = User::first(1_000_000).map(User::name).collect();
        assert_eq!(names.len(), 1_000_000);
        let keys: HashSet<_> = User::first(1000).map(User::key).collect();
        assert_eq!(keys.len(), 1000);
    }

    #[test]
    fn local_users_are_spread_evenly_over_the_names() {
        let mut names: Vec<_> = User::first(100_000).map(User::name).collect();
        names.sort();
        let mut places: Vec<_> = User::first(LOCAL_USERS)
            .map(|user| names.binary_search(&user.name()).unwrap())
            .collect();
        places.sort_unstable();
        let even = names.len() / places.len();
        for pair in places.windows(2) {
            let gap = pair[1] - pair[0];
            assert!((even / 3..even * 3).contains(&gap), "{gap}");
        }
    }
}
