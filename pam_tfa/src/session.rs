//! Which logins the session phase decides.
//!
//! Only sshd authenticates users without PAM and says how in the session phase. Every other service, and
//! every login in which PAM was asked, is decided in the account phase at the latest. For these the
//! daemon is not asked, so it may be down.
//!
//! sshd goes on from a wrong password to another method, in the same PAM transaction. The account phase
//! does not see the difference: what the auth phase kept may be the result of a stack that has failed. The
//! session phase sees it, because sshd names every method that has succeeded.

use std::ffi::{CStr, CString};

use tfa_proto::{Context, PASSWORD_METHOD, Verdict, methods_in, pam_was_asked};

use crate::ffi::handle::{Handle, Item, NotStored};
use crate::transaction_data::TransactionData;

/// A variable of the PAM environment. sshd runs the auth and account phases of its method
/// `keyboard-interactive` in a process of their own. Of what they store, only the PAM environment reaches
/// the session phase. A mark lets in no login that would be let in without it: its value, what the auth
/// phase verified, counts only where sshd names a method of PAM.
const MARK: &CStr = c"PAM_TFA_LEFT_TO_SESSION";
/// The value of the mark where nothing was verified.
const NOTHING: &str = "1";

/// Marks a login that the account phase leaves to the session phase, with the result of the auth phase.
pub(crate) fn mark(pam: &Handle, auth_result: Option<Verdict>) -> Result<(), NotStored> {
    let verified = auth_result.filter(|result| result.is_verified());
    let value = verified.map_or(NOTHING, Verdict::name);
    let mut assignment = MARK.to_bytes().to_vec();
    assignment.push(b'=');
    assignment.extend_from_slice(value.as_bytes());
    pam.set_environment(&CString::new(assignment).map_err(|_| NotStored)?)
}

/// Returns the value of the mark, and removes the mark: it is not for the user's session.
fn take_mark(pam: &Handle) -> Option<String> {
    let value = pam.environment(MARK)?;
    let _ = pam.set_environment(MARK);
    Some(value)
}

/// A login that the session phase must decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecided {
    /// What the auth phase verified, as the account phase has marked it.
    marked: Option<Verdict>,
}

/// Returns the login if the session phase must decide it.
pub(crate) fn undecided(pam: &Handle) -> Option<Undecided> {
    let item = |item| pam.item(item).unwrap_or_default();
    let context = Context {
        service: item(Item::Service),
        tty: item(Item::Tty),
        ssh_auth_info: pam.environment(c"SSH_AUTH_INFO_0").unwrap_or_default(),
        ..Context::default()
    };
    // Always, so that the mark is removed.
    let mark = take_mark(pam);
    let data = pam.data();
    let user_changed = data
        .as_ref()
        .is_some_and(|data| pam.user().as_ref() != Some(&data.user));
    // The phase refuses a user who changed.
    let is_undecided =
        mark.is_some() || (user_changed && context.is_ssh()) || is_open(&context, data.as_ref());
    let marked = mark.and_then(|value| Verdict::from_name(&value));
    is_undecided.then_some(Undecided {
        marked: marked.filter(|result| result.is_verified()),
    })
}

/// Returns whether no earlier phase has decided the login. `data` is that of the earlier phases, if they
/// ran in this process.
fn is_open(context: &Context, data: Option<&TransactionData>) -> bool {
    let auth_result = data.and_then(|data| data.auth_result);
    let account_result = data.and_then(|data| data.account_result);
    match (account_result, auth_result) {
        (Some(Verdict::LeftToSession), _) => true,
        _ if !context.is_ssh() => false,
        // A method of PAM was tried, and another one has let the user in.
        (_, Some(_)) if !pam_was_asked(&context.ssh_auth_info) => true,
        (Some(_), _) => false,
        (None, Some(result)) => !result.is_verified(),
        // The account phase ran in another process, unless the stack has no account line.
        (None, None) => !pam_was_asked(&context.ssh_auth_info),
    }
}

impl Undecided {
    /// Returns the result of the auth phase as far as it is that of a method that has succeeded. `kept` is
    /// the one that was kept in this process.
    pub(crate) fn auth_result(self, context: &Context, kept: Option<Verdict>) -> Option<Verdict> {
        let info = &context.ssh_auth_info;
        if !context.is_ssh() {
            return kept;
        }
        if !pam_was_asked(info) {
            return None;
        }
        let by_password = methods_in(info).any(|method| method == PASSWORD_METHOD);
        // What `keyboard-interactive` verifies is kept in another process. This is of a wrong password.
        let kept = kept.filter(|result| by_password || !result.is_verified());
        self.marked.or(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "publickey ssh-ed25519 AAAA\n";
    const PASSWORD: &str = "publickey ssh-ed25519 AAAA\npassword\n";
    const QUESTIONS: &str = "keyboard-interactive/pam\n";

    fn undecided(
        service: &str,
        info: &str,
        auth_result: Option<Verdict>,
        account_result: Option<Verdict>,
    ) -> bool {
        let context = Context {
            service: service.to_owned(),
            ssh_auth_info: info.to_owned(),
            ..Context::default()
        };
        let data = TransactionData::new("alice")
            .with_auth_result(auth_result)
            .with_account_result(account_result);
        is_open(&context, Some(&data))
    }

    #[test]
    fn a_login_that_the_account_phase_left_is_undecided_in_any_service() {
        for service in ["sshd", "login", "cron"] {
            for info in [KEY, QUESTIONS, ""] {
                for auth_result in [None, Some(Verdict::Verified), Some(Verdict::Denied)] {
                    let left = Some(Verdict::LeftToSession);
                    assert!(undecided(service, info, auth_result, left));
                }
            }
        }
    }

    #[test]
    fn a_login_that_an_earlier_phase_let_in_is_decided() {
        for info in [PASSWORD, QUESTIONS] {
            let verified = Some(Verdict::Verified);
            assert!(!undecided("sshd", info, verified, None));
            assert!(!undecided("sshd", info, verified, verified));
        }
        for info in [KEY, PASSWORD, QUESTIONS, ""] {
            for account in [Verdict::Verified, Verdict::NotRequired] {
                assert!(!undecided("sshd", info, None, Some(account)));
            }
        }
    }

    #[test]
    fn a_result_of_the_auth_phase_decides_only_with_a_method_of_pam() {
        for result in Verdict::ALL.iter().copied().map(Some) {
            for account in [None, Some(Verdict::Verified), Some(Verdict::NotRequired)] {
                for info in [KEY, "", "hostbased ssh-ed25519 AAAA\n"] {
                    assert!(undecided("sshd", info, result, account), "{result:?}");
                }
            }
        }
    }

    #[test]
    fn the_result_of_a_failed_method_is_not_passed_on() {
        let passed_on = |info: &str, marked, kept| {
            let context = Context {
                service: "sshd".to_owned(),
                ssh_auth_info: info.to_owned(),
                ..Context::default()
            };
            Undecided { marked }.auth_result(&context, Some(kept))
        };
        for kept in Verdict::ALL.iter().copied() {
            for info in [KEY, "", "hostbased ssh-ed25519 AAAA\n"] {
                for marked in [None, Some(Verdict::VerifiedByTotp)] {
                    assert_eq!(passed_on(info, marked, kept), None, "{kept:?}");
                }
            }
            assert_eq!(passed_on(PASSWORD, None, kept), Some(kept));
            let refused = Some(kept).filter(|kept| !kept.is_verified());
            assert_eq!(passed_on(QUESTIONS, None, kept), refused);
            let marked = Some(Verdict::VerifiedByTotp);
            assert_eq!(passed_on(QUESTIONS, marked, kept), marked);
        }
    }

    #[test]
    fn other_services_are_decided_before() {
        for service in ["cron", "atd", "systemd-user", "login", "su", "sudo", ""] {
            for auth_result in [None, Some(Verdict::Denied), Some(Verdict::NotRequired)] {
                assert!(!undecided(service, "", auth_result, None), "{service}");
                assert!(!undecided(service, KEY, auth_result, None), "{service}");
            }
        }
    }

    #[test]
    fn without_results_sshds_method_tells() {
        for (info, expected) in [
            (KEY, true),
            ("", true),
            ("none\n", true),
            (QUESTIONS, false),
        ] {
            assert_eq!(undecided("sshd", info, None, None), expected, "{info}");
            let context = Context {
                tty: "ssh".to_owned(),
                ssh_auth_info: info.to_owned(),
                ..Context::default()
            };
            assert_eq!(is_open(&context, None), expected, "{info}");
        }
    }

    #[test]
    fn a_refused_auth_phase_leaves_the_login_undecided() {
        for auth_result in [Verdict::Denied, Verdict::NotRequired, Verdict::MustEnroll] {
            assert!(undecided("sshd", QUESTIONS, Some(auth_result), None));
        }
    }
}
