//! Recognizes the passwords of a login when they are sent as codes.

use std::hash::{BuildHasher, RandomState};

/// Keyed hashes of the passwords. libpam forgets the password before the account phase, and a
/// transaction can live as long as the session, so the passwords themselves are not kept.
#[derive(Clone, Default)]
pub(crate) struct PasswordHashes {
    key: RandomState,
    hashes: Vec<u64>,
}

impl PasswordHashes {
    /// Adds a password. Ignores an empty one.
    pub(crate) fn add(&mut self, password: &[u8]) {
        if !password.is_empty() {
            self.hashes.push(self.key.hash_one(password));
        }
    }

    /// Returns whether that password was added.
    pub(crate) fn contains(&self, password: &[u8]) -> bool {
        self.hashes.contains(&self.key.hash_one(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_added_passwords_are_recognized() {
        let mut passwords = PasswordHashes::default();
        passwords.add(b"hunter2");
        passwords.add(b"hunter2123456");
        let later = passwords.clone();
        assert!(later.contains(b"hunter2"));
        assert!(later.contains(b"hunter2123456"));
        for other in ["", "hunter", "hunter2 ", "Hunter2", "123456"] {
            assert!(!later.contains(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_empty_password_is_not_added() {
        let mut passwords = PasswordHashes::default();
        passwords.add(b"");
        assert!(!passwords.contains(b""));
    }
}
