//! Which logins the account phase may leave to the session phase, the first in which sshd names its
//! method.

use tfa_core::{Policy, Time};
use tfa_proto::{Context, Next, PASSWORD_METHOD, Phase, Turn, Verdict};

use crate::host::facts::{HostFacts, Missing};
use crate::login::sessions::LoginAttempt;

/// Whether the session phase can decide a login whose account phase runs now. The module states that a
/// session line follows; the PAM files of the service must have one as well, and no way around it. A login with a verified
/// second factor is decided, unless a rule on methods accepts certain factors only: sshd may have accepted
/// a key after the password.
pub(crate) fn can_decide(
    host: &dyn HostFacts,
    context: &Context,
    policy: &Policy,
) -> Result<bool, Missing> {
    let depends_on_method = match context.auth_result {
        None => policy.names_own_methods(),
        Some(Verdict::NotRequired) => policy.names_methods(),
        Some(result) => result.is_verified() && policy.names_factors_by_method(),
    };
    let may_decide = context.phase == Phase::Account
        && context.session_follows
        && context.is_ssh()
        && depends_on_method;
    Ok(may_decide && host.session_phase_decides(&context.service)?)
}

/// Whether what this auth phase verified is decided for the account phase as well, so that the module need
/// not call for it: where the daemon would let every such login go on. The recovery code is followed by an
/// enrollment there, and an account phase of sshd may leave the login to the session phase.
fn covers_account(result: Verdict, context: &Context, policy: &Policy) -> bool {
    let may_be_left = context.is_ssh() && policy.names_factors_by_method();
    context.phase == Phase::Auth
        && result.is_verified()
        && result != Verdict::Recovered
        && !may_be_left
}

/// The turn with whether it covers the account phase.
pub(super) fn with_cover(turn: Turn, context: &Context, policy: &Policy) -> Turn {
    let covers_account = match turn.next {
        Next::Verdict(result) => covers_account(result, context, policy),
        Next::Ask(_) => false,
    };
    Turn {
        covers_account,
        ..turn
    }
}

/// Whether the session phase may decide otherwise than an account phase that follows an auth phase
/// without a question. sshd may have accepted a key after it, or instead of a wrong password; the
/// session phase knows.
pub(super) fn may_decide_otherwise(attempt: &LoginAttempt, policy: &Policy, now: Time) -> bool {
    attempt.context.session_follows && policy.may_depend_on_methods(&attempt.login, now)
}

/// Whether this is a session phase after an account phase that could show messages to the user.
pub(super) fn account_phase_spoke(attempt: &LoginAttempt) -> bool {
    let mut passed = attempt.login.methods.passed.iter();
    attempt.context.phase == Phase::Session && passed.any(|method| method == PASSWORD_METHOD)
}

/// The turn of an account phase, where it lets a login go on that the session phase may refuse.
pub(super) fn left_to_session(
    turn: Turn,
    attempt: &LoginAttempt,
    policy: &Policy,
    now: Time,
) -> Turn {
    match turn.next {
        Next::Verdict(Verdict::NotRequired) if may_decide_otherwise(attempt, policy, now) => Turn {
            next: Next::Verdict(Verdict::LeftToSession),
            ..turn
        },
        _ => turn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const REQUIRED: &str = "[policy]\nmode = \"required\"\n";
    const KEYS_BY_METHOD: &str = "[policy]\nmode = \"required\"\n[[policy.rule]]\n\
        methods = [\"publickey\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n";

    fn covers(policy: &str, phase: Phase, service: &str, result: Verdict) -> bool {
        let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
        let context = Context {
            phase,
            service: service.to_owned(),
            ..Context::default()
        };
        let turn = Turn {
            lines: Vec::new(),
            next: Next::Verdict(result),
            covers_account: false,
        };
        with_cover(turn, &context, &config.policy).covers_account
    }

    #[test]
    fn a_verified_auth_phase_covers_the_account_phase() {
        for result in Verdict::ALL.iter().copied() {
            let expected = result.is_verified() && result != Verdict::Recovered;
            for service in ["sshd", "login", "sudo"] {
                assert_eq!(covers(REQUIRED, Phase::Auth, service, result), expected);
                assert!(!covers(REQUIRED, Phase::Account, service, result));
                assert!(!covers(REQUIRED, Phase::Session, service, result));
            }
        }
    }

    #[test]
    fn what_the_session_phase_compares_is_not_covered() {
        let result = Verdict::VerifiedByTotp;
        assert!(!covers(KEYS_BY_METHOD, Phase::Auth, "sshd", result));
        assert!(covers(KEYS_BY_METHOD, Phase::Auth, "login", result));
    }
}
