//! What the module keeps from the auth phase to the account phase of one transaction.

use tfa_proto::Verdict;

use crate::password_hashes::PasswordHashes;

/// The data of a transaction.
#[derive(Clone)]
pub(crate) struct TransactionData {
    /// The user whom the auth phase was about.
    pub(crate) user: String,
    /// The verdict of the auth phase; `None` if the daemon was not asked.
    pub(crate) auth_result: Option<Verdict>,
    /// The passwords that the user entered.
    pub(crate) passwords: PasswordHashes,
}

impl TransactionData {
    /// The data before the auth phase.
    pub(crate) fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            auth_result: None,
            passwords: PasswordHashes::default(),
        }
    }

    /// Returns a copy with another verdict.
    pub(crate) fn with_auth_result(&self, auth_result: Option<Verdict>) -> Self {
        Self {
            auth_result,
            ..self.clone()
        }
    }
}
