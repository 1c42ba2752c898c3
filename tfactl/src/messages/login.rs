//! A login, what becomes of it, and why.

use tfa_proto::{HypotheticalLogin, INSIDE_SESSIONS, OpenEnum, Outcome, Reason};

/// `by sshd from 192.0.2.7, with a password`.
pub(super) fn login(supposed: &HypotheticalLogin, from_anywhere: bool) -> String {
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

/// What a login means for users, for lists of them; with the reason, where there is one.
pub(super) fn outcome(outcome: &OpenEnum<Outcome>, why: Option<&OpenEnum<Reason>>) -> String {
    let outcome = match outcome {
        OpenEnum::Known(Outcome::Code) => "asked for a code",
        OpenEnum::Known(Outcome::Nothing) => "asked for nothing",
        OpenEnum::Known(Outcome::Notified) => "let in while the grace lasts, and told when it ends",
        OpenEnum::Known(Outcome::Offered) => {
            "offered the set-up, and let in without while the grace lasts"
        }
        OpenEnum::Known(Outcome::SetUp) => "led through the set-up, and let in only after it",
        OpenEnum::Known(Outcome::Refused) => "refused",
        OpenEnum::Unknown(name) => name,
    };
    match why {
        None => outcome.to_owned(),
        Some(why) => format!("{outcome}: {}", reason(why)),
    }
}

/// Why nothing is asked, or why a login is refused.
pub(super) fn reason(reason: &OpenEnum<Reason>) -> &str {
    let reason = match reason {
        OpenEnum::Known(reason) => *reason,
        OpenEnum::Unknown(name) => return name,
    };
    match reason {
        Reason::Off => "two-factor login is off",
        Reason::NotSetUp => "two-factor login is not set up, and need not be",
        Reason::Paused => "two-factor login is paused, and may be",
        Reason::NotGuarded => "such a login meets no question, and the policy does not guard it",
        Reason::TooLate => "two-factor login was not set up in time",
        Reason::Undetermined => {
            "groups, address or ssh method cannot be found out, and a rule depends on them"
        }
        Reason::OnceASession => {
            "the grace is not over, and such a program says so once in a login session, after a password"
        }
        Reason::NotAsked => {
            "this service never asks for a password, and the shipped PAM profile steps over \
                        pam_tfa there"
        }
        Reason::Locked => "too many wrong codes came from there",
        Reason::NotVerified => "two-factor login is required, and such a login meets no question",
        Reason::NotInvited => "it has to be set up, and that takes an invitation: tfactl invite",
        Reason::MustEnroll => "two-factor login is not set up, and such a login cannot do that",
        Reason::Unusable => "the record cannot be used",
        Reason::UnknownUser => "this host does not know them now",
    }
}
