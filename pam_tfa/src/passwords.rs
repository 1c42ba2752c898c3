//! The passwords of one login, to be known when they come again.

use std::hash::{BuildHasher, RandomState};

/// Marks of what was given as a password. They last from the auth phase into the account phase,
/// before which libpam forgets the password; and a transaction can live as long as the session, so
/// the passwords themselves are not kept.
#[derive(Clone, Default)]
pub(crate) struct Passwords {
    key: RandomState,
    marks: Vec<u64>,
}

impl Passwords {
    /// Marks a password. An empty one is none.
    pub(crate) fn add(&mut self, password: &[u8]) {
        if !password.is_empty() {
            self.marks.push(self.key.hash_one(password));
        }
    }

    /// Whether that is one of them.
    pub(crate) fn contain(&self, typed: &[u8]) -> bool {
        self.marks.contains(&self.key.hash_one(typed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_nothing_else_is() {
        let mut passwords = Passwords::default();
        passwords.add(b"hunter2");
        passwords.add(b"hunter2123456");
        let later = passwords.clone();
        assert!(later.contain(b"hunter2"));
        assert!(later.contain(b"hunter2123456"));
        for other in ["", "hunter", "hunter2 ", "Hunter2", "123456"] {
            assert!(!later.contain(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_empty_answer_is_no_password() {
        let mut passwords = Passwords::default();
        passwords.add(b"");
        assert!(!passwords.contain(b""));
    }
}
