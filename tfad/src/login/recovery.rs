//! Who may use the recovery code of the host: root, and the members of the administrators' groups.

use tfa_core::{Group, Ternary, ThrottleScope};

use crate::config::Config;
use crate::host::groups::{self, Names};
use crate::host::time_limit::CallsFor;
use crate::host::users::User;

/// Whether the recovery code of the host is accepted of a user where wrong codes count on this scope. It
/// blocks, as [`is_administrator`].
pub(super) fn is_accepted(config: &Config, user: &User, scope: ThrottleScope) -> bool {
    scope == ThrottleScope::Console && is_administrator(config, user)
}

/// Whether a user is root, or certainly a member of one of the administrators' groups. It asks the name
/// service, and blocks.
pub(super) fn is_administrator(config: &Config, user: &User) -> bool {
    user.uid == 0 || is_member(&config.recovery.administrators, user)
}

fn is_member(administrators: &[Group], user: &User) -> bool {
    let subject = groups::of(
        user,
        Names::InUse,
        administrators.to_vec(),
        Vec::new(),
        CallsFor::Logins,
    );
    let own = subject.canonical.groups;
    // A group that is unknown, or cannot be looked up, has no members here.
    administrators
        .iter()
        .any(|group| own.hold(group) == Ternary::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecoveryRules;

    fn user(name: &str, uid: u32) -> User {
        User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        }
    }

    #[test]
    fn root_is_an_administrator_and_an_unknown_group_has_no_members() {
        let config = |groups: &[&str]| Config {
            recovery: RecoveryRules {
                administrators: groups
                    .iter()
                    .map(|name| Group::Name((*name).to_owned()))
                    .collect(),
            },
            ..Config::default()
        };
        assert!(is_administrator(&config(&[]), &user("root", 0)));
        let daemon = user("daemon", 1);
        assert!(is_administrator(&config(&["daemon"]), &daemon));
        for others in [&[][..], &["no-such-group"], &["root"]] {
            assert!(!is_administrator(&config(others), &daemon), "{others:?}");
        }
    }
}
