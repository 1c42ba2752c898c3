//! What the module keeps from one phase to the next of one transaction.
//!
//! sshd runs the auth and account phases of its method `keyboard-interactive` in a process of their own.
//! What they store is not visible in the session phase.

use tfa_proto::Verdict;

use crate::password_hashes::PasswordHashes;

/// The data of a transaction.
#[derive(Clone)]
pub(crate) struct TransactionData {
    /// The user whom the first phase was about.
    pub(crate) user: String,
    /// The verdict of the auth phase; `None` if the daemon was not asked.
    pub(crate) auth_result: Option<Verdict>,
    /// The verdict of the auth phase holds for the account phase as well.
    pub(crate) covers_account: bool,
    /// The verdict with which the account phase let the login proceed; `None` if it did not.
    pub(crate) account_result: Option<Verdict>,
    /// The passwords that the user entered.
    pub(crate) passwords: PasswordHashes,
}

impl TransactionData {
    /// The data before the first phase.
    pub(crate) fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            auth_result: None,
            covers_account: false,
            account_result: None,
            passwords: PasswordHashes::default(),
        }
    }

    /// Returns the verdict of the auth phase if it holds for the account phase as well.
    pub(crate) fn result_for_account(&self) -> Option<Verdict> {
        let verified = self.auth_result.filter(|result| result.is_verified());
        verified.filter(|_| self.covers_account)
    }

    /// Returns a copy with another verdict of the auth phase.
    pub(crate) fn with_auth_result(&self, auth_result: Option<Verdict>) -> Self {
        Self {
            auth_result,
            ..self.clone()
        }
    }

    /// Returns a copy with another verdict of the account phase.
    pub(crate) fn with_account_result(&self, account_result: Option<Verdict>) -> Self {
        Self {
            account_result,
            ..self.clone()
        }
    }
}
