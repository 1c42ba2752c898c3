//! `tfactl explain`.

use tfa_proto::{Explanation, HypotheticalLogin, OpenEnum, Outcome, Reason, State};
use tfa_text::time::date_time;
use tfa_text::wrapped;

use super::indented;
use super::login::{login, reason};

const INDENT: usize = 2;

/// What becomes of the login, and why. Lines fit the width, but for what the person would see.
pub(crate) fn explanation(
    explained: &Explanation,
    supposed: &HypotheticalLogin,
    from_anywhere: bool,
    width: usize,
) -> String {
    let user = &explained.user;
    let at = supposed
        .at
        .map_or_else(String::new, |at| format!(", at {}", date_time(at)));
    let head = format!("{user}, {}{at}:", login(supposed, from_anywhere));
    let because = because(explained);
    let mut said = vec![becomes(&explained.outcome, explained.grace_until)];
    said.push(if no_rule_decides(explained) {
        format!("because {because}")
    } else {
        format!("because {because}: {}", rule(explained))
    });
    said.extend(lock(explained));
    said.extend(
        explained
            .audited
            .as_ref()
            .map(|audited| audit(explained, audited)),
    );
    let mut lines = vec![wrapped(&head, width)];
    lines.extend(said.iter().map(|line| indented(line, INDENT, width)));
    lines.extend(shown(user, &explained.shown));
    lines.extend(unknown(explained, width));
    lines.join("\n")
}

fn becomes(outcome: &OpenEnum<Outcome>, grace_until: Option<u64>) -> String {
    let until = grace_until.map_or_else(
        || "while the grace lasts".to_owned(),
        |until| format!("until {}", date_time(until)),
    );
    match outcome {
        OpenEnum::Known(Outcome::Code) => "asks for a code".to_owned(),
        OpenEnum::Known(Outcome::Nothing) => "asks for nothing".to_owned(),
        OpenEnum::Known(Outcome::Notified) => {
            format!("goes on without a code {until}, and says so")
        }
        OpenEnum::Known(Outcome::Offered) => {
            format!("offers the set-up; {until} it goes on without, too")
        }
        OpenEnum::Known(Outcome::SetUp) => {
            "leads through the set-up, and goes on only after it".to_owned()
        }
        OpenEnum::Known(Outcome::Refused) => "is refused".to_owned(),
        OpenEnum::Unknown(name) => name.clone(),
    }
}

fn because(explained: &Explanation) -> &str {
    let set_up = explained.state == State::Enabled;
    if let Some(known) = &explained.reason {
        return reason(known);
    }
    match explained.outcome.known() {
        Some(Outcome::SetUp) => "two-factor login is required, and not set up",
        Some(Outcome::Notified | Outcome::Offered) => {
            "two-factor login is required, and the grace is not over"
        }
        // In audit mode it is asked for because it is set up.
        Some(Outcome::Code) if set_up && explained.audited.is_some() => {
            "two-factor login is set up"
        }
        _ if explained.required => "two-factor login is required",
        Some(Outcome::Code) => "two-factor login is set up",
        _ => "of the policy",
    }
}

/// Whether the reason is none of the policy's terms: no line of it has anything to do with it.
fn no_rule_decides(explained: &Explanation) -> bool {
    let reason = explained.reason.as_ref().and_then(OpenEnum::known);
    explained.file.is_empty() && reason.is_some_and(|reason| NO_RULE.contains(&reason))
}

/// Reasons for which there may be no rule.
const NO_RULE: [Reason; 4] = [
    Reason::NotGuarded,
    Reason::NotAsked,
    Reason::Locked,
    Reason::Unusable,
];

/// How long the lock lasts.
fn lock(explained: &Explanation) -> Option<String> {
    let user = &explained.user;
    match explained.locked_until {
        _ if explained.locked_for_good => Some(format!(
            "locked until an administrator runs: tfactl unlock {user}"
        )),
        Some(until) => Some(format!(
            "locked until {}; before: tfactl unlock {user}",
            date_time(until)
        )),
        None => None,
    }
}

/// What decides.
fn rule(explained: &Explanation) -> String {
    if explained.file.is_empty() {
        "the built-in default".to_owned()
    } else {
        format!("{} line {}", explained.file, explained.line)
    }
}

fn audit(explained: &Explanation, audited: &OpenEnum<Outcome>) -> String {
    let why = match &explained.audited_reason {
        None => String::new(),
        Some(why) => format!(" ({})", reason(why)),
    };
    // The outcome's own time is not that of the other.
    format!(
        "in audit mode this is only noted; without it the login {}{why}",
        becomes(audited, None)
    )
}

/// Rows are kept as they are: one of them may be a drawing.
fn shown(user: &str, rows: &str) -> Option<String> {
    let rows = rows.trim_end();
    match rows.lines().count() {
        0 => None,
        1 => Some(format!("  {user} sees: {rows}")),
        _ => {
            let rows: Vec<String> = rows.lines().map(|row| format!("    {row}")).collect();
            Some(format!("  {user} sees:\n{}", rows.join("\n")))
        }
    }
}

fn unknown(explained: &Explanation, width: usize) -> Option<String> {
    if explained.unknown.is_empty() {
        return None;
    }
    let unusable = explained.reason == Some(Reason::Unusable.into());
    let head = if unusable {
        "  the record:"
    } else {
        "  could not be found out:"
    };
    let mut lines = vec![head.to_owned()];
    let what = explained.unknown.iter();
    lines.extend(what.map(|one| indented(one, 2 * INDENT, width)));
    if !unusable {
        lines.push(indented(UNKNOWN, INDENT, width));
    }
    Some(lines.join("\n"))
}

const UNKNOWN: &str = "\
Every rule that may hold is then asked. Where they do not agree, a code is asked for if one of \
them asks for it; else there is no login.";
