//! The events of a login: what the policy decides about it, and the turns of its dialog.

use tfa_core::{
    AuditOutcome, DenyReason, Device, Exemption, Factor, LockScope, Message, Mode, Next,
    PhaseAction, PhaseInput, Policy, PolicyDecision, Time, Turn, Verdict,
};

use crate::log::{Journal, LoggedDevice, LoginEvent, VerifiedBy};
use crate::login::sessions::LoginAttempt;

fn log(journal: &Journal, attempt: &LoginAttempt, event: LoginEvent<'_>) {
    let LoginAttempt {
        caller,
        user,
        context,
        ..
    } = attempt;
    journal.log_login(caller, &user.name, context, event);
}

/// Logs what a phase does. Of two phases of a login, the later one logs what both know.
pub(super) fn action(
    journal: &Journal,
    policy: &Policy,
    attempt: &LoginAttempt,
    phase: PhaseInput,
    action: PhaseAction,
    decision: &PolicyDecision,
    audit_outcome: Option<AuditOutcome>,
) {
    let (rule, terms) = (&decision.source, &decision.terms);
    if let Some(outcome) = audit_outcome {
        log(journal, attempt, LoginEvent::Audited { outcome, rule });
    }
    let by_a_rule = policy.otherwise.source != *rule;
    let groups = attempt.login.subject.unknown_groups();
    let event = match action {
        PhaseAction::Exempt(_) if phase.is_before_account() => return,
        // Where nothing is required, a user who has not enrolled is no exception.
        PhaseAction::Exempt(Exemption::NotSetUp)
            if decision.audited.is_some()
                || (!by_a_rule && policy.otherwise.mode != Mode::Required) =>
        {
            return;
        }
        PhaseAction::Exempt(why) => LoginEvent::Exempt { why, rule, terms },
        PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)) => {
            LoginEvent::Grace { until, rule }
        }
        PhaseAction::Deny(reason) => LoginEvent::Denied {
            reason,
            rule,
            unknown_groups: match reason {
                DenyReason::Undetermined => &groups,
                _ => &[],
            },
        },
        // The one line where the account phase never runs.
        PhaseAction::Defer => LoginEvent::Deferred { rule },
        PhaseAction::NotGuarded if by_a_rule && decision.audited.is_none() => {
            LoginEvent::NotGuarded { rule, terms }
        }
        PhaseAction::Ask
        | PhaseAction::Verified
        | PhaseAction::Replace
        | PhaseAction::SetUp(None)
        | PhaseAction::NotGuarded => return,
    };
    log(journal, attempt, event);
}

/// Logs that the record is stored under another name, which no other user has.
pub(super) fn renamed(journal: &Journal, attempt: &LoginAttempt, former: &str) {
    let uid = attempt.user.uid;
    log(journal, attempt, LoginEvent::NameChanged { former, uid });
}

/// Logs that the login is refused, because the user has not enrolled and has no invitation.
pub(super) fn not_enrolled(journal: &Journal, attempt: &LoginAttempt) {
    log(journal, attempt, LoginEvent::NotEnrolled);
}

/// Logs that the recovery code of the host is void, and who used it.
pub(super) fn recovery_code_used(journal: &Journal, attempt: &LoginAttempt) {
    log(journal, attempt, LoginEvent::RecoveryCodeUsed);
}

/// Logs a turn of the dialog: what the answer before it was, and how the login ends. The name is that
/// of the authenticator which the login was verified with, or which it enrolled.
pub(super) fn turn(journal: &Journal, attempt: &LoginAttempt, turn: &Turn, authenticator: &str) {
    let outcome = outcome(turn, authenticator);
    for event in answer(turn.says).into_iter().chain(outcome) {
        log(journal, attempt, event);
    }
}

/// Logs that a remembered device replaces the code.
pub(super) fn remembered(journal: &Journal, attempt: &LoginAttempt, device: &Device) {
    log(
        journal,
        attempt,
        LoginEvent::Remembered(LoggedDevice::of(device)),
    );
}

/// Logs that the code of the session serves here too.
pub(super) fn served_by_session(journal: &Journal, attempt: &LoginAttempt, given: Time) {
    log(journal, attempt, LoginEvent::CodeOfSession { given });
}

/// Logs that the user has a device remembered.
pub(super) fn device_added(journal: &Journal, attempt: &LoginAttempt, device: &Device) {
    log(
        journal,
        attempt,
        LoginEvent::DeviceAdded(LoggedDevice::of(device)),
    );
}

/// Logs that the login has confirmed a first security key.
pub(super) fn enrolled_key(journal: &Journal, attempt: &LoginAttempt, authenticator: &str) {
    log(journal, attempt, LoginEvent::Enrolled { authenticator });
}

/// An answer that was not right.
fn answer(says: Option<Message>) -> Option<LoginEvent<'static>> {
    Some(match says? {
        Message::Wrong | Message::WrongAndLocked(..) => LoginEvent::WrongCode,
        Message::WrongInvitation => LoginEvent::WrongInvitation,
        Message::WrongNewCode(_) => LoginEvent::WrongNewCode,
        Message::AlreadyUsed => LoginEvent::CodeReused,
        Message::VoidCode(_) => LoginEvent::CodeVoid,
        _ => return None,
    })
}

fn outcome<'name>(turn: &Turn, authenticator: &'name str) -> Option<LoginEvent<'name>> {
    if let Some(factor) = turn.next.verified() {
        return Some(LoginEvent::Verified(match factor {
            Factor::Authenticator(..) => VerifiedBy::Authenticator(authenticator),
            Factor::SecurityKey(_) => VerifiedBy::SecurityKey(authenticator),
            Factor::BackupCode => VerifiedBy::BackupCode,
            Factor::RecoveryCode => VerifiedBy::RecoveryCode,
        }));
    }
    Some(match turn.next {
        Next::End(verdict) => match verdict {
            Verdict::Denied => LoginEvent::NoRightCode,
            Verdict::NotSetUp => LoginEvent::NotEnrolled,
            Verdict::Locked => {
                let scope = turn.says.and_then(Message::lock_scope);
                LoginEvent::Locked(scope.unwrap_or(LockScope::UnknownOrigins))
            }
            Verdict::InGrace(_)
            | Verdict::Enrolled
            | Verdict::NotReplaced
            | Verdict::Verified(_)
            | Verdict::Remembered => {
                return None;
            }
        },
        Next::ShowBackupCodes => LoginEvent::Enrolled { authenticator },
        _ => return None,
    })
}
