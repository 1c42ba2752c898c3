//! `tfactl exempt`, `disable`, `enable` and `exemptions`.

use tfa_proto::{Exemption, ExemptionKind, Mode, OpenEnum};
use tfa_text::shell::{user_argument, user_arguments};
use tfa_text::time::{date_time, wait};

use super::{INDENT, foreign, hanging, indented};

pub(crate) fn exempted(user: &str, until: u64, now: u64) -> String {
    format!(
        "{user} is not asked for codes until {until} ({wait}).\n\
         Each such login is logged with the reason, and {user} is told.\n\
         To end it before: tfactl exempt {arguments}",
        arguments = user_arguments(&[user], "--end"),
        until = date_time(until),
        wait = wait(until.saturating_sub(now))
    )
}

pub(crate) fn exemption_ended(user: &str) -> String {
    format!("The exemption of {user} has ended.")
}

pub(crate) fn disabled(user: &str) -> String {
    format!(
        "Two-factor login of {user} is paused. The authenticators are kept.\n\
         To ask {user} for codes again: tfactl enable {}",
        user_argument(user)
    )
}

pub(crate) fn enabled(user: &str) -> String {
    format!("Two-factor login of {user} is neither paused nor exempt now.")
}

const NO_EXEMPTIONS: &str = "Nothing lets a login in without a second factor, except for grace \
                             periods.";

/// Each exemption with its end and its reason.
pub(crate) fn exemptions(all: &[Exemption], width: usize) -> String {
    if all.is_empty() {
        return hanging(NO_EXEMPTIONS, width);
    }
    let one = |exemption: &Exemption| {
        let exemption = &foreign::exemption(exemption);
        let mut rows = vec![hanging(&head(exemption), width)];
        if !has_no_terms(exemption) {
            rows.push(indented(&end(exemption), INDENT, width));
            rows.push(indented(&reason(exemption), INDENT, width));
        }
        rows.join("\n")
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Whether this kind has no end and no reason of its own.
fn has_no_terms(exemption: &Exemption) -> bool {
    matches!(
        exemption.kind.known(),
        Some(ExemptionKind::Audit | ExemptionKind::NotGuarded | ExemptionKind::Remembered)
    )
}

fn head(exemption: &Exemption) -> String {
    let user = exemption.user.as_deref().unwrap_or_default();
    let place = place(exemption);
    let Some(kind) = exemption.kind.known() else {
        return exemption.kind.name().to_owned();
    };
    match (kind, exemption.mode.as_ref().and_then(OpenEnum::known)) {
        (ExemptionKind::Rule, Some(Mode::Off)) => format!("Rule at {place}: no code is asked for"),
        (ExemptionKind::Rule, Some(Mode::Optional)) => {
            format!("Rule at {place}: only users who have enrolled are asked")
        }
        (ExemptionKind::Rule, Some(Mode::Required)) => {
            format!("Rule at {place}: not required yet, only users who have enrolled are asked")
        }
        (ExemptionKind::Rule, None) => format!("Rule at {place}"),
        (ExemptionKind::Policy, Some(Mode::Off)) => {
            format!("Policy at {place}: no code is asked for on this host")
        }
        (ExemptionKind::Policy, Some(Mode::Optional)) => format!(
            "Policy at {place}: where no rule matches, only users who have enrolled are asked"
        ),
        (ExemptionKind::Policy, Some(Mode::Required)) => format!(
            "Policy at {place}: where no rule matches, not required yet, only users who have \
             enrolled are asked"
        ),
        (ExemptionKind::Policy, None) => format!("Policy at {place}"),
        (ExemptionKind::Audit, _) => {
            "Audit mode: no login is refused for lack of a second factor".to_owned()
        }
        (ExemptionKind::NotGuarded, _) => format!(
            "Service {}: not guarded, logins that skip the question are let in",
            exemption.service.as_deref().unwrap_or_default()
        ),
        (ExemptionKind::Remembered, _) => {
            "Remembered devices: logins from them are let in without a code (table [remember])"
                .to_owned()
        }
        (ExemptionKind::User, _) => format!("User {user}: exempt"),
        (ExemptionKind::Pause, _) => {
            format!("User {user}: paused, not asked where it is not required")
        }
    }
}

/// Where a part of the policy stands.
fn place(exemption: &Exemption) -> String {
    match (&exemption.file, exemption.line) {
        (Some(file), Some(line)) => format!("{file} line {line}"),
        _ => "the built-in default".to_owned(),
    }
}

fn end(exemption: &Exemption) -> String {
    match exemption.until {
        Some(until) => format!("End: {}", date_time(until)),
        None => "End: none".to_owned(),
    }
}

fn reason(exemption: &Exemption) -> String {
    match &exemption.reason {
        Some(reason) => format!("Reason: {reason}"),
        None => "Reason: none".to_owned(),
    }
}
