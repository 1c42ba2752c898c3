//! What the log says of a login: the course that it took, and the turns of its dialog.

use tfa_core::{
    DenyReason, Exemption, Factor, Message, Mode, Next, PhaseAction, PhaseInput, Policy,
    PolicyDecision,
};
use tfa_core::{Turn, Verdict};

use crate::log::journal::{Journal, Level, quoted};
use crate::login::sessions::LoginAttempt;
use crate::messages;

/// The course. Of two phases of a login the later one says what both know; what a rule lets off
/// is said with the rule's place.
pub(super) fn action(
    journal: &Journal,
    policy: &Policy,
    attempt: &LoginAttempt,
    phase: PhaseInput,
    action: PhaseAction,
    decision: &PolicyDecision,
) {
    let say = |level, what: String| {
        journal.log_login(
            level,
            &attempt.caller,
            &attempt.user.name,
            &attempt.context,
            &what,
        );
    };
    let source = &decision.source;
    if let Some(audit_outcome) = decision.audit_outcome(phase) {
        let what = messages::audit_outcome(audit_outcome);
        say(Level::Notice, format!("audit: {what} ({source})"));
    }
    let by_a_rule = policy.otherwise.source != *source;
    let account_follows = phase
        == PhaseInput::Auth {
            account_follows: true,
        };
    match action {
        PhaseAction::Exempt(_) if account_follows => {}
        // Where nobody is required, who has nothing set up is no exception.
        PhaseAction::Exempt(Exemption::NotSetUp)
            if decision.audited.is_some()
                || (!by_a_rule && policy.otherwise.mode != Mode::Required) => {}
        PhaseAction::Exempt(why) => say(
            Level::Notice,
            format!("not asked: {} ({source})", messages::exempt(why)),
        ),
        PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)) => say(
            Level::Info,
            format!(
                "two-factor login is not set up; let in until {} ({source})",
                messages::moment(until)
            ),
        ),
        PhaseAction::Deny(reason) => say(
            Level::Warning,
            format!(
                "denied: {}{} ({source})",
                messages::barred(reason),
                unknown(attempt, reason)
            ),
        ),
        // The one trace where the account phase never comes.
        PhaseAction::Defer => say(
            Level::Info,
            format!("not set up; left to the account phase ({source})"),
        ),
        // A rule that asks where PAM does, and not of a key.
        PhaseAction::NotGuarded if by_a_rule && decision.audited.is_none() => say(
            Level::Notice,
            format!("not asked: no second factor is required of this login ({source})"),
        ),
        PhaseAction::Ask
        | PhaseAction::Verified
        | PhaseAction::SetUp(None)
        | PhaseAction::NotGuarded => {}
    }
}

/// The record stands under another name, which is nobody else's.
pub(super) fn renamed(journal: &Journal, attempt: &LoginAttempt, former: &str) {
    let uid = attempt.user.uid;
    let (former, name) = (quoted(former), quoted(&attempt.user.name));
    let what = format!(
        "the name of uid {uid} has changed: its record stands under {former}, and holds. With a right \
         code it goes to this name. If this is another person: tfactl reset {name}"
    );
    journal.log_login(
        Level::Notice,
        &attempt.caller,
        &attempt.user.name,
        &attempt.context,
        &what,
    );
}

/// The groups that could not be found out, where that is why.
fn unknown(attempt: &LoginAttempt, reason: DenyReason) -> String {
    let groups = attempt.login.subject.unknown_groups();
    if reason != DenyReason::Undetermined || groups.is_empty() {
        return String::new();
    }
    let names: Vec<String> = groups.iter().map(|group| quoted(group)).collect();
    format!("; not known of the groups: {}", names.join(", "))
}

/// A turn of the dialog: what the answer before it was, and what becomes of the login.
pub(super) fn turn(journal: &Journal, attempt: &LoginAttempt, turn: &Turn) {
    for (level, what) in answer(turn.says).into_iter().chain(outcome(turn.next)) {
        journal.log_login(
            level,
            &attempt.caller,
            &attempt.user.name,
            &attempt.context,
            what,
        );
    }
}

/// An answer that was not right. The filter for fail2ban (`packaging/fail2ban`) counts the lines
/// `wrong code` and `wrong invitation`.
fn answer(says: Option<Message>) -> Option<(Level, &'static str)> {
    let what = match says? {
        Message::Wrong(_) => "wrong code",
        Message::WrongInvitation => "wrong invitation",
        Message::WrongNewCode(_) => "wrong first code of a new authenticator",
        Message::AlreadyUsed => "a code that was used before",
        _ => return None,
    };
    Some((Level::Warning, what))
}

fn outcome(next: Next) -> Option<(Level, &'static str)> {
    let line = match next {
        Next::End(verdict) => match verdict {
            Verdict::Verified(Factor::Authenticator) => (Level::Info, "verified by a code"),
            Verdict::Verified(Factor::BackupCode) => (Level::Notice, "verified by a backup code"),
            Verdict::Denied => (Level::Warning, "denied: no right code"),
            Verdict::NotSetUp => (Level::Warning, "denied: it has to be set up, and was not"),
            Verdict::Locked => (Level::Warning, "denied: locked after too many wrong codes"),
            Verdict::InGrace(_) | Verdict::Enrolled => return None,
        },
        Next::ShowBackupCodes => (
            Level::Notice,
            "an authenticator was set up in the login, proved, and is in force",
        ),
        _ => return None,
    };
    Some(line)
}
