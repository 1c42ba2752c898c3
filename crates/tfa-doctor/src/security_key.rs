//! Users whose only second factor is a security key, which sshd alone can verify.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::messages;
use crate::sshd::QUESTIONS;

/// Those who are let in nowhere, because sshd asks for no key beside the password; and those who are let in over SSH
/// only.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let host = facts.host.as_ref();
    let users = host.map_or(&[][..], |host| &host.accounts.by_security_key);
    let (over_ssh, nowhere): (Vec<String>, Vec<String>) = users
        .iter()
        .cloned()
        .partition(|user| asks_for_key(facts, user));
    let found = [
        (&messages::SECURITY_KEY_UNUSED, nowhere),
        (&messages::SECURITY_KEY_ONLY, over_ssh),
    ];
    let found = found.into_iter().filter(|(_, users)| !users.is_empty());
    let finding = |(kind, users)| Finding::beside_pam(kind, "", users, String::new());
    found.map(finding).collect()
}

/// Whether an sshd has a way in with a key and the questions of PAM. What was not examined may be one.
fn asks_for_key(facts: &Facts, user: &str) -> bool {
    facts.sshd.iter().any(|sshd| {
        sshd.of_user(user).is_none_or(|settings| {
            let mut lists = settings.passable_lists().into_iter();
            lists.any(|list| list.contains(&"publickey") && list.contains(&QUESTIONS))
        })
    })
}
