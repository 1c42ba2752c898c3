//! `tfactl explain`.

use tfa_proto::{
    Explanation, HypotheticalLogin, LockScope, Offline, OpenEnum, Outcome, Reason, State,
};
use tfa_text::shell::user_argument;
use tfa_text::time::{date_time, wait};

use super::login::{login, outcome, reason};
use super::{INDENT, hanging, indented};

/// Reasons for which no line of the policy decides.
const WITHOUT_RULE: [Reason; 4] = [
    Reason::NotGuarded,
    Reason::NotAsked,
    Reason::Locked,
    Reason::Unusable,
];

/// The login, its outcome and why. Lines fit the width, except for what the user sees.
pub(crate) fn explanation(
    explained: &Explanation,
    hypothetical: &HypotheticalLogin,
    from_anywhere: bool,
    now: u64,
    width: usize,
) -> String {
    let mut lines = vec![format!(
        "Outcome: {}",
        outcome(&explained.outcome, explained.grace_until)
    )];
    lines.extend(why(explained).map(|why| format!("Reason: {why}")));
    lines.extend(phase(explained));
    lines.extend(rule(explained));
    lines.extend(exemption(explained));
    lines.extend(lock(explained, hypothetical.at.unwrap_or(now)));
    lines.extend(lock_scope(explained));
    lines.extend(device(explained));
    lines.extend(session_code(explained));
    lines.extend(recovery_code(explained).map(str::to_owned));
    lines.extend(without_audit_mode(explained));
    lines.extend(cut_off(explained, hypothetical));
    let mut text = vec![
        format!("User: {}", explained.user),
        login(hypothetical, explained.key.as_deref(), from_anywhere, width),
        String::new(),
    ];
    text.extend(lines.iter().map(|line| hanging(line, width)));
    text.extend(shown(&explained.shown));
    text.extend(unknown(explained, width));
    text.join("\n")
}

/// The reason that the daemon gives, or the one that follows from the outcome.
fn why(explained: &Explanation) -> Option<&str> {
    if let Some(known) = &explained.reason {
        return Some(reason(known));
    }
    let without_audit_mode = explained.audited.is_some();
    match explained.outcome.known()? {
        Outcome::SetUp => Some("two-factor login is required, and not set up"),
        Outcome::Notified | Outcome::Offered => {
            Some("two-factor login is required, and the grace period has not ended")
        }
        // Audit mode asks enrolled users for codes.
        Outcome::Code if explained.state == State::Enabled && without_audit_mode => {
            Some("two-factor login is set up")
        }
        _ if explained.required => Some("two-factor login is required"),
        Outcome::Code => Some("two-factor login is set up"),
        Outcome::Nothing | Outcome::Refused => None,
    }
}

/// The PAM phase that decides.
fn phase(explained: &Explanation) -> Option<String> {
    let phase = explained.phase.as_ref()?;
    Some(format!("Decided in: the {} phase", phase.name()))
}

/// The line of the policy that decides.
fn rule(explained: &Explanation) -> Option<String> {
    let reason = explained.reason.as_ref().and_then(OpenEnum::known);
    if !explained.file.is_empty() {
        Some(format!("Rule: {} line {}", explained.file, explained.line))
    } else if reason.is_some_and(|reason| WITHOUT_RULE.contains(&reason)) {
        None
    } else {
        Some("Rule: the built-in default".to_owned())
    }
}

/// The end of the exemption that lets the login in, and its reason.
fn exemption(explained: &Explanation) -> Vec<String> {
    let until = explained.exempt_until.map(date_time);
    let until = until.map(|until| format!("Exempt until: {until}"));
    let reason = explained.exempt_reason.as_ref();
    let reason = reason.map(|reason| format!("Reason for the exemption: {reason}"));
    until.into_iter().chain(reason).collect()
}

fn lock(explained: &Explanation, at: u64) -> Option<String> {
    let user = user_argument(&explained.user);
    match explained.locked_until {
        _ if explained.permanently_locked => Some(format!(
            "Locked: until an administrator runs: tfactl unlock {user}"
        )),
        Some(until) => Some(format!(
            "Locked: until {} (for {}). To remove the lock: tfactl unlock {user}",
            date_time(until),
            wait(until.saturating_sub(at))
        )),
        None => None,
    }
}

/// What the wrong codes of the login count on.
fn lock_scope(explained: &Explanation) -> Option<String> {
    let scope = explained.lock_scope.as_ref()?;
    let counted = match scope.known() {
        Some(LockScope::KnownOrigin) => "this known place",
        Some(LockScope::UnknownOrigins) => "all unknown places",
        Some(LockScope::Sessions) => "sudo, su and polkit",
        Some(LockScope::OwnPrograms) => "programs of the user",
        Some(LockScope::Console) => "the console",
        None => scope.name(),
    };
    Some(format!("Wrong codes count for: {counted}"))
}

/// The remembered device that replaces the code.
fn device(explained: &Explanation) -> Option<String> {
    let (device, until) = (explained.device?, explained.device_until?);
    let until = date_time(until);
    Some(format!("Device: {device}, remembered until {until}"))
}

/// Whether a code of the login session can replace the code. The daemon does not know the session.
fn session_code(explained: &Explanation) -> Option<String> {
    let minutes = explained.session_minutes?;
    Some(match minutes {
        1 => {
            "Code of the session: if the login session began with a code in the last minute, none \
              is asked for"
                .to_owned()
        }
        _ => format!(
            "Code of the session: if the login session began with a code in the last {minutes} \
             minutes, none is asked for"
        ),
    })
}

fn recovery_code(explained: &Explanation) -> Option<&'static str> {
    let accepted = match explained.outcome.known() {
        Some(Outcome::Refused) => {
            "Recovery code: that of this host is asked for, and lets the user in"
        }
        _ => "Recovery code: that of this host is accepted in place of the code",
    };
    explained.recovery_code.then_some(accepted)
}

/// In audit mode, the outcome without it.
fn without_audit_mode(explained: &Explanation) -> Option<String> {
    // The time of the outcome in audit mode does not apply.
    let outcome = outcome(explained.audited.as_ref()?, None);
    Some(match &explained.audited_reason {
        Some(why) => format!("Without audit mode: {outcome} ({})", reason(why)),
        None => format!("Without audit mode: {outcome}"),
    })
}

/// What is left of a login on a member that reaches no verifier. The policy there is another one.
fn cut_off(explained: &Explanation, hypothetical: &HypotheticalLogin) -> Option<String> {
    let host = hypothetical.host.as_deref()?;
    let offline = explained.offline.as_ref()?;
    let permitted = match offline.known() {
        Some(Offline::Deny) => "this policy permits no such login".to_owned(),
        Some(Offline::Console) => "this policy lets root in without a code".to_owned(),
        Some(Offline::BoundCodes) => {
            format!("this policy permits a code that is bound to {host}")
        }
        None => offline.name().to_owned(),
    };
    Some(format!(
        "While {host} reaches no verifier: {permitted}. What {host} then does, its own /etc/tfa/tfad.toml decides \
         with the key offline"
    ))
}

/// Rows are not wrapped, because they may be a drawing.
fn shown(rows: &str) -> Option<String> {
    let rows = rows.trim_end();
    match rows.lines().count() {
        0 => None,
        1 => Some(format!("The user sees: {rows}")),
        _ => {
            let rows: Vec<String> = rows.lines().map(|row| format!("  {row}")).collect();
            Some(format!("The user sees:\n{}", rows.join("\n")))
        }
    }
}

fn unknown(explained: &Explanation, width: usize) -> Option<String> {
    if explained.unknown.is_empty() {
        return None;
    }
    let list = explained.unknown.iter();
    let list: Vec<String> = list.map(|one| indented(one, INDENT, width)).collect();
    let list = list.join("\n");
    Some(if explained.reason == Some(Reason::Unusable.into()) {
        format!("Problem:\n{list}")
    } else {
        format!("Not determined:\n{list}\n{}", indented(UNKNOWN, 0, width))
    })
}

/// The simulated host is none of the fleet, and may be one to come.
pub(crate) fn host_not_in_fleet(host: &str) -> String {
    format!("No host of this fleet has the name {host} now: tfactl host list")
}

const UNKNOWN: &str = "\
Every rule that could match is evaluated. If they disagree, the login asks for a code if one of \
them requires it, and is refused otherwise.";
