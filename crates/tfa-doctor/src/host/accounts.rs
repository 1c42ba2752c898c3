//! Accounts that cannot log in, or whose owner is uncertain.

use crate::finding::Finding;
use crate::key_only::KeyAccount;
use crate::messages;

/// What is known of the accounts of users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// The users whose records cannot be used, and why, as the daemon says it.
    pub unusable: Vec<(String, String)>,
    /// The records that stand under a name that no user has now, and the names of the users whose uid they have.
    pub renamed: Vec<(String, String)>,
    /// The users with a lock that only an administrator removes.
    pub locked: Vec<String>,
    /// The users whose second factors are security keys only, and who have no backup codes.
    pub by_security_key: Vec<String>,
    /// Root, and the accounts without a password. `None` if it is not known which these are.
    pub by_key: Option<Vec<KeyAccount>>,
}

/// The faults. Without the sealing key no record can be used, which is a fault of its own.
pub(super) fn examine(accounts: &AccountFacts, is_key_lost: bool) -> Vec<Finding> {
    let first = |(_, why): &(String, String)| why.clone();
    let unusable = accounts.unusable.first().filter(|_| !is_key_lost);
    let unusable = unusable.map(first).map(|why| {
        let names = accounts.unusable.iter().map(|(user, _)| user.clone());
        Finding::beside_pam(&messages::RECORD_UNUSABLE, "", names.collect(), why)
    });
    let renamed = accounts.renamed.iter().map(|(record, user)| {
        let names = vec![user.clone()];
        Finding::beside_pam(&messages::RECORD_RENAMED, "", names, record.clone())
    });
    let locked = (!accounts.locked.is_empty()).then(|| {
        let names = accounts.locked.clone();
        Finding::beside_pam(&messages::ACCOUNT_LOCKED, "", names, String::new())
    });
    unusable.into_iter().chain(renamed).chain(locked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_no_key_opens_are_not_reported_one_by_one() {
        let accounts = AccountFacts {
            unusable: vec![("alice".to_owned(), "the key is wrong".to_owned())],
            ..AccountFacts::default()
        };
        let ids = |is_key_lost| -> Vec<&str> {
            let findings = examine(&accounts, is_key_lost);
            findings.iter().map(|finding| finding.kind.id).collect()
        };
        assert_eq!(ids(false), [messages::RECORD_UNUSABLE.id]);
        assert_eq!(ids(true), [""; 0]);
    }
}
