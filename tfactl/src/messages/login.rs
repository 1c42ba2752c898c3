//! A login, what becomes of it, and why.

use tfa_proto::{INSIDE_SESSIONS, Outcome, Supposed};

/// `by sshd from 192.0.2.7, with a password`.
pub(super) fn login(supposed: &Supposed, from_anywhere: bool) -> String {
    let place = if from_anywhere {
        format!("from a host that no rule names ({})", supposed.from)
    } else if supposed.own == Some(true) {
        "as a program of the user's own".to_owned()
    } else if supposed.session == Some(true) {
        if INSIDE_SESSIONS.contains(&supposed.service.as_str()) {
            "inside a session".to_owned()
        } else {
            "from a place that PAM does not name".to_owned()
        }
    } else if supposed.from.is_empty() {
        "at a console of this machine".to_owned()
    } else {
        place(&supposed.from)
    };
    let method = match &supposed.method {
        Some(method) => format!(", with {method}"),
        None if supposed.service == "sshd" => ", with a password".to_owned(),
        None => String::new(),
    };
    format!("by {} {place}{method}", supposed.service)
}

/// `from 192.0.2.7`.
pub(super) fn place(from: &str) -> String {
    if from.is_empty() {
        "at this machine".to_owned()
    } else {
        format!("from {from}")
    }
}

/// The outcome of that name.
pub(super) fn outcome(name: &str) -> Option<Outcome> {
    Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.name() == name)
}

/// What becomes of people, for lists of them; with the reason, where there is one.
pub(super) fn fate(outcome_name: &str, reason_name: &str) -> String {
    let fate = match outcome(outcome_name) {
        Some(Outcome::Code) => "asked for a code",
        Some(Outcome::Nothing) => "asked for nothing",
        Some(Outcome::Told) => "let in while the grace lasts, and told when it ends",
        Some(Outcome::Offered) => "offered the set-up, and let in without while the grace lasts",
        Some(Outcome::SetUp) => "led through the set-up, and let in only after it",
        Some(Outcome::Refused) => "refused",
        None => outcome_name,
    };
    if reason_name.is_empty() {
        fate.to_owned()
    } else {
        format!("{fate}: {}", reason(reason_name))
    }
}

/// Why nothing is asked, or why it is refused.
pub(super) fn reason(name: &str) -> &str {
    match name {
        "off" => "two-factor login is off",
        "not-set-up" => "two-factor login is not set up, and need not be",
        "paused" => "two-factor login is paused, and may be",
        "unguarded" => "such a login meets no question, and the policy does not guard it",
        "too-late" => "two-factor login was not set up in time",
        "undecided" => {
            "groups, address or ssh method cannot be found out, and a rule depends on them"
        }
        "once-a-session" => {
            "the grace is not over, and such a program says so once in a login session, after a password"
        }
        "not-asked" => {
            "this service never asks for a password, and the shipped PAM profile steps over \
                        pam_tfa there"
        }
        "locked" => "too many wrong codes came from there",
        "unmet" => "two-factor login is required, and such a login meets no question",
        "not-invited" => "it has to be set up, and that takes an invitation: tfactl invite",
        "must-enroll" => "two-factor login is not set up, and such a login cannot do that",
        "unusable" => "the record cannot be used",
        "unknown-user" => "this host does not know them now",
        other => other,
    }
}
