//! Accounts without a password, their keys for SSH, and what the policy says to them.

mod groups;
mod keys;
mod passwords;

use std::collections::{BTreeMap, BTreeSet};

use tfa_client::{Failure, Terminal};
use tfa_doctor::sshd::{Settings, SshdFacts};
use tfa_doctor::{KeyAccount, Keys, PolicyFacts, Refused};
use tfa_proto::{Impact, OpenEnum, PUBLICKEY_METHOD, Reason, SECURITY_KEY_METHOD};

use super::asked::{asks, told};
use super::missed::Missed;
use crate::args::Login;
use crate::daemon::Daemon;
use crate::messages;
use crate::policy::in_force;
use passwords::Local;
pub(super) use passwords::NO_SHELLS;

/// How many users may have files that do not answer, before no further files are read.
const MAX_SLOW: usize = 2;
const ROOT: &str = "root";

/// The accounts of this host that have no password, those that lack a key which sshd demands, and root, with their
/// keys. `None` if it is not known which these are.
pub(super) fn of_host(sshd: &[SshdFacts], missed: &Missed) -> Option<Vec<KeyAccount>> {
    if sshd.is_empty() {
        return Some(Vec::new());
    }
    let patterns = patterns(sshd)?;
    let local = missed.in_time(passwords::SHADOW, passwords::local);
    let groups = |local: &Local| {
        let needs_groups = sshd.iter().any(|sshd| sshd.needs_groups(&local.name));
        let (name, gid) = (local.name.clone(), local.gid.parse().ok()?);
        needs_groups.then(|| missed.in_time(&local.name, move |_| groups::of(&name, gid)))??
    };
    let demands_key = |local: &Local, groups: &Option<BTreeSet<String>>| {
        let mut all = sshd.iter();
        all.all(|sshd| sshd.refuses_without_key(&local.name, groups.as_ref()))
    };
    let is_by_key = |name: &str, has_password: bool| !has_password || name == ROOT;
    let local = local
        .flatten()?
        .into_iter()
        .map(|local| (groups(&local), local))
        .filter(|(groups, local)| {
            is_by_key(&local.name, local.has_password) || demands_key(local, groups)
        });
    let has_other_keys = sshd.iter().any(SshdFacts::has_other_keys);
    let mut slow = 0;
    let with_keys = local.map(|(groups, local)| {
        let name = local.name.clone();
        let has_password = local.has_password;
        let keys = match slow < MAX_SLOW {
            true => {
                let (patterns, home) = (patterns.clone(), local.home.clone());
                missed.in_time(&home, move |missed| keys::of(&local, &patterns, missed))
            }
            false => None,
        };
        slow += usize::from(keys.is_none());
        let keys = match keys.unwrap_or(Keys::Unknown) {
            Keys::None if has_other_keys => Keys::Elsewhere,
            // A command of root's key lets no user in.
            Keys::Forced if has_other_keys && name == ROOT => Keys::Elsewhere,
            keys => keys,
        };
        KeyAccount {
            name,
            groups,
            has_password,
            keys,
            ..KeyAccount::default()
        }
    });
    let is_meant = |account: &KeyAccount| {
        is_by_key(&account.name, account.has_password) || account.keys == Keys::None
    };
    Some(with_keys.filter(is_meant).collect())
}

/// The values of `AuthorizedKeysFile` of all connections. `None` if an sshd was not asked.
fn patterns(sshd: &[SshdFacts]) -> Option<BTreeSet<String>> {
    if sshd.iter().any(|sshd| sshd.connections.is_empty()) {
        return None;
    }
    let connections = sshd.iter().flat_map(|sshd| &sshd.connections);
    let of = |settings: &Settings| -> Vec<String> {
        let files = settings
            .value("authorizedkeysfile")
            .split_ascii_whitespace();
        files.map(str::to_owned).collect()
    };
    let mut patterns: BTreeSet<String> =
        connections.flat_map(|(_, settings)| of(settings)).collect();
    patterns.remove("none");
    Some(patterns)
}

/// Asks the daemon what the policy says to the accounts. Where it does not say it, a guard of sshd is taken to
/// refuse the key.
pub(super) async fn ask(
    daemon: &mut Daemon,
    terminal: &Terminal,
    policy: &PolicyFacts,
    accounts: &mut [KeyAccount],
    missed: &Missed,
) -> Result<(), Failure> {
    for account in &mut *accounts {
        account.is_unguarded = policy.requires;
    }
    let with_key = accounts.iter().filter(|account| {
        account.keys != Keys::None || (account.has_password && account.name != ROOT)
    });
    let users: BTreeSet<String> = with_key.map(|account| account.name.clone()).collect();
    if users.is_empty() || !policy.requires || policy.audits {
        return Ok(());
    }
    let mut answers = Vec::new();
    for method in [None, Some(PUBLICKEY_METHOD), Some(SECURITY_KEY_METHOD)] {
        let login = Login::over_ssh_by(method);
        let impacts = in_force(daemon, terminal, &users, &login).await;
        let Some(impacts) = told(impacts, messages::LOGINS, missed)? else {
            return Ok(());
        };
        let impacts = impacts.into_iter().map(|one| (one.user.clone(), one));
        answers.push(impacts.collect::<BTreeMap<String, Impact>>());
    }
    for account in accounts {
        let of_user = answers.iter().map(|all| all.get(&account.name));
        let of_user: Option<Vec<&Impact>> = of_user.collect();
        let Some([by_password, by_key @ ..]) = of_user.as_deref() else {
            continue;
        };
        account.is_asked = asks(&by_password.now) || asks(&by_password.later);
        account.refused = last_refused(by_key);
        account.is_unguarded = account.is_asked && by_key.iter().all(|impact| is_unguarded(impact));
        if account.keys == Keys::None {
            continue;
        }
        let status = daemon.show_if_known(&account.name).await;
        let status = told(status, messages::RECORDS, missed)?.flatten();
        account.has_codes = status.is_some_and(|status| status.is_set_up() && status.has_codes());
    }
    Ok(())
}

/// When the last of the methods is refused. A rule may exempt one of them: which one the user has is not known.
fn last_refused(impacts: &[&Impact]) -> Option<Refused> {
    let all: Option<Vec<Refused>> = impacts.iter().map(|impact| refused(impact)).collect();
    all?.into_iter().max()
}

fn refused(impact: &Impact) -> Option<Refused> {
    match (asks(&impact.now), asks(&impact.later)) {
        (true, _) => Some(Refused::Now),
        (false, true) => Some(match (impact.later_from, impact.after_first_login) {
            (Some(time), None | Some(false)) => Refused::At(time),
            _ => Refused::AfterGrace,
        }),
        (false, false) => None,
    }
}

/// Whether a login passes because the policy does not guard sshd, or would be refused anyway.
fn is_unguarded(impact: &Impact) -> bool {
    let is = |reason: &Option<OpenEnum<Reason>>| {
        reason.as_ref().and_then(OpenEnum::known) == Some(Reason::NotGuarded)
    };
    is(&impact.now_reason) || is(&impact.later_reason) || refused(impact).is_some()
}

#[cfg(test)]
mod tests {
    use tfa_proto::Outcome;

    use super::*;

    #[test]
    fn each_method_of_a_key_counts() {
        let impact = |now: Outcome, later: Outcome| Impact {
            now: now.into(),
            later: later.into(),
            ..Impact::default()
        };
        let passes = impact(Outcome::Nothing, Outcome::Nothing);
        let later = impact(Outcome::Notified, Outcome::Refused);
        let at = |time| Impact {
            later_from: Some(time),
            ..later.clone()
        };
        let from_login = Impact {
            after_first_login: Some(true),
            ..at(8)
        };
        let now = impact(Outcome::Refused, Outcome::Refused);
        assert_eq!(last_refused(&[&now, &now]), Some(Refused::Now));
        assert_eq!(last_refused(&[&now, &later]), Some(Refused::AfterGrace));
        assert_eq!(last_refused(&[&at(8), &at(7)]), Some(Refused::At(8)));
        assert_eq!(
            last_refused(&[&now, &from_login]),
            Some(Refused::AfterGrace)
        );
        assert_eq!(last_refused(&[&now, &passes]), None);
    }

    #[test]
    fn the_files_of_each_connection_count_and_an_sshd_that_was_not_asked_is_unknown() {
        let sshd = |values: &[&str]| SshdFacts {
            connections: values
                .iter()
                .map(|value| {
                    (
                        String::new(),
                        Settings::parse(&format!("authorizedkeysfile {value}\n")),
                    )
                })
                .collect(),
            ..SshdFacts::default()
        };
        let found = patterns(&[sshd(&[".ssh/a .ssh/b", "none"]), sshd(&["/etc/keys/%u"])]);
        let expected = ["/etc/keys/%u", ".ssh/a", ".ssh/b"].map(str::to_owned);
        assert_eq!(found, Some(BTreeSet::from(expected)));
        assert_eq!(patterns(&[sshd(&[".ssh/a"]), sshd(&[])]), None);
    }
}
