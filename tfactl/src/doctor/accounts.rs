//! What the records of users tell of their accounts.

use tfa_client::Failure;
use tfa_doctor::AccountFacts;
use tfa_proto::Status;

use super::asked::told;
use super::missed::Missed;
use crate::daemon::Daemon;
use crate::messages;

/// How many users are looked up.
const MAX_LOOKED_UP: usize = 100;

/// Adds what a record tells. Without a uid, it is the record of a user who is gone.
pub(super) fn add(accounts: &mut AccountFacts, status: &Status) {
    let user = || status.user.clone();
    let locks = [
        status.permanently_locked,
        status.session_permanently_locked,
        status.console_permanently_locked,
    ];
    match (&status.problem, &status.record) {
        (Some(why), _) if status.uid.is_some() => accounts.unusable.push((user(), why.clone())),
        (Some(_), _) => {}
        (None, Some(record)) => accounts.renamed.push((record.clone(), user())),
        (None, None) => {}
    }
    if is_by_security_key(status) {
        accounts.by_security_key.push(user());
    }
    if status.problem.is_none() && locks.contains(&true) {
        accounts.locked.push(user());
    }
}

/// Whether nothing but a security key lets the user in.
fn is_by_security_key(status: &Status) -> bool {
    let is_paused = status.is_paused() && !status.required;
    let has_codes = status.has_codes() || status.backup_codes_left > 0;
    status.is_set_up() && !is_paused && !has_codes && status.problem.is_none()
}

/// Leaves out the records of users who are gone: one who has another name now, and a record of that name, too.
pub(super) async fn without_the_gone(
    daemon: &mut Daemon,
    accounts: &mut AccountFacts,
    missed: &Missed,
) -> Result<(), Failure> {
    let mut unusable = Vec::new();
    for (index, (user, why)) in std::mem::take(&mut accounts.unusable)
        .into_iter()
        .enumerate()
    {
        let exists = match index < MAX_LOOKED_UP {
            // What is not known is no reason to be silent.
            true => {
                let status = daemon.show_if_known(&user).await;
                told(status, messages::RECORDS, missed)?.is_none_or(|status| status.is_some())
            }
            false => true,
        };
        if exists {
            unusable.push((user, why));
        }
    }
    accounts.unusable = unusable;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tfa_proto::{Authenticator, AuthenticatorKind, State};

    use super::*;

    fn accounts(status: Status) -> AccountFacts {
        let mut accounts = AccountFacts::default();
        add(&mut accounts, &status);
        accounts
    }

    fn alice() -> Status {
        Status {
            user: "alice".to_owned(),
            uid: Some(1000),
            ..Status::default()
        }
    }

    #[test]
    fn only_the_record_of_a_user_who_exists_locks_one_out() {
        let problem = Some("the uid has changed".to_owned());
        let unusable = Status { problem, ..alice() };
        let gone = Status {
            uid: None,
            ..unusable.clone()
        };
        assert_eq!(accounts(gone), AccountFacts::default());
        let found = accounts(unusable).unusable;
        assert_eq!(
            found,
            [("alice".to_owned(), "the uid has changed".to_owned())]
        );
    }

    #[test]
    fn a_record_under_a_former_name_is_told_with_both_names() {
        let record = Some("bob".to_owned());
        let found = accounts(Status { record, ..alice() });
        assert_eq!(found.renamed, [("bob".to_owned(), "alice".to_owned())]);
        assert_eq!(accounts(alice()), AccountFacts::default());
    }

    #[test]
    fn a_security_key_alone_is_told_apart_from_codes() {
        let key = |kind: AuthenticatorKind, backup_codes_left| Status {
            state: Some(State::Enabled.into()),
            authenticators: vec![Authenticator {
                kind: kind.into(),
                ..Authenticator::default()
            }],
            backup_codes_left,
            ..alice()
        };
        let is_told = |status| !accounts(status).by_security_key.is_empty();
        let one = key(AuthenticatorKind::SecurityKey, 0);
        assert!(is_told(one.clone()));
        assert!(!is_told(key(AuthenticatorKind::SecurityKey, 1)));
        assert!(!is_told(key(AuthenticatorKind::Totp, 0)));
        // A pause ends with the requirement.
        for required in [false, true] {
            let state = Some(State::Paused.into());
            let paused = Status {
                state,
                required,
                ..one.clone()
            };
            assert_eq!(is_told(paused), required);
        }
    }

    #[test]
    fn only_locks_of_logins_that_do_not_end_are_told() {
        let locked = [
            |status: &mut Status| status.permanently_locked = true,
            |status: &mut Status| status.session_permanently_locked = true,
            |status: &mut Status| status.console_permanently_locked = true,
        ];
        for lock in locked {
            let mut status = alice();
            lock(&mut status);
            assert_eq!(accounts(status).locked, ["alice"]);
        }
        let mut timed = alice();
        timed.locked_until = Some(5_000_000_000);
        timed.own_permanently_locked = true;
        assert_eq!(accounts(timed), AccountFacts::default());
    }
}
