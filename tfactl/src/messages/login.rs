//! A simulated login: its description, its outcome, and the reason.

use tfa_proto::{HypotheticalLogin, INSIDE_SESSIONS, OpenEnum, Outcome, Reason};
use tfa_text::time::date_time;

use super::hanging;

/// The lines that describe the login.
pub(super) fn login(
    login: &HypotheticalLogin,
    key: Option<&str>,
    from_anywhere: bool,
    width: usize,
) -> String {
    let mut lines = vec![
        format!("Service: {}", login.service),
        origin(login, from_anywhere),
    ];
    lines.extend(login.host.iter().map(|host| format!("Host: {host}")));
    lines.extend(login.uid.map(|uid| format!("Uid: {uid}")));
    lines.extend(login.groups.iter().map(|groups| match groups.as_slice() {
        [] => "Groups: none".to_owned(),
        groups => format!("Groups: {}", groups.join(", ")),
    }));
    lines.extend(method(login));
    lines.extend(key.map(|key| format!("Key: {key}")));
    lines.extend(login.at.map(|at| format!("Time: {}", date_time(at))));
    let lines = lines.iter().map(|line| hanging(line, width));
    lines.collect::<Vec<_>>().join("\n")
}

fn origin(login: &HypotheticalLogin, from_anywhere: bool) -> String {
    if from_anywhere {
        format!("From: a host that no rule names ({})", login.from)
    } else if login.own == Some(true) {
        "From: a program that runs as the user".to_owned()
    } else if login.session != Some(true) && login.from.is_empty() {
        "From: a console of this machine".to_owned()
    } else if login.session != Some(true) {
        format!("From: {}", login.from)
    } else if INSIDE_SESSIONS.contains(&login.service.as_str()) {
        "From: inside a session".to_owned()
    } else {
        "From: a place that PAM does not report".to_owned()
    }
}

/// Only SSH has methods.
fn method(login: &HypotheticalLogin) -> Option<String> {
    match &login.method {
        Some(method) => Some(format!("Method: {method}")),
        None if login.key.is_some() => Some("Method: an SSH key, then the password".to_owned()),
        None if login.security_key == Some(true) => {
            Some("Method: an enrolled security key, then the password".to_owned())
        }
        None if login.service == "sshd" => Some("Method: password".to_owned()),
        None => None,
    }
}

/// What happens in a login. It ends with `until`, a time, where that is known.
pub(super) fn outcome(outcome: &OpenEnum<Outcome>, until: Option<u64>) -> String {
    match (outcome, until) {
        (OpenEnum::Known(Outcome::Code), _) => "asked for a code".to_owned(),
        (OpenEnum::Known(Outcome::Nothing), _) => "asked for nothing".to_owned(),
        (OpenEnum::Known(Outcome::Notified), None) => {
            "let in without a code in the grace period, with a notice".to_owned()
        }
        (OpenEnum::Known(Outcome::Notified), Some(until)) => format!(
            "let in without a code until {}, with a notice",
            date_time(until)
        ),
        (OpenEnum::Known(Outcome::Offered), None) => {
            "offered the setup, and let in without it in the grace period".to_owned()
        }
        (OpenEnum::Known(Outcome::Offered), Some(until)) => format!(
            "offered the setup, and let in without it until {}",
            date_time(until)
        ),
        (OpenEnum::Known(Outcome::SetUp), _) => "let in only after the setup".to_owned(),
        (OpenEnum::Known(Outcome::Refused), _) => "refused".to_owned(),
        (OpenEnum::Unknown(name), _) => name.clone(),
    }
}

/// Why a login has its outcome.
pub(super) fn reason(reason: &OpenEnum<Reason>) -> &str {
    let reason = match reason {
        OpenEnum::Known(reason) => reason,
        OpenEnum::Unknown(name) => return name,
    };
    match reason {
        Reason::Off => "two-factor login is off",
        Reason::RuleOff => "a rule exempts such a login",
        Reason::NotSetUp => "two-factor login is neither set up nor required",
        Reason::Paused => "two-factor login is paused, and not required",
        Reason::Exempt => "an administrator has exempted the user for a time",
        Reason::SecurityKey => "sshd has accepted a security key of the user, beside the password",
        Reason::SecurityKeyConfirmed => {
            "sshd has accepted the first security key of the user, beside the password; the login \
             makes the key active"
        }
        Reason::RememberedDevice => "the login comes from a remembered device, beside the password",
        Reason::NotGuarded => {
            "PAM asks no question in such a login, and the policy does not guard the service"
        }
        Reason::NotRequired => {
            "PAM asks no question in such a login, and two-factor login is not required"
        }
        Reason::NotAsked => {
            "the service never asks for a password, and the PAM profile of the package skips \
             pam_tfa for it"
        }
        Reason::OnceASession => {
            "the grace period has not ended; the notice is shown once in a login session, after a \
             password"
        }
        Reason::TooLate => "two-factor login was not set up in time",
        Reason::Undetermined => {
            "a rule depends on a group, a host name, an address or an SSH method that cannot be \
             determined"
        }
        Reason::NotVerified => {
            "two-factor login is required, and such a login cannot ask for a code"
        }
        Reason::MustEnroll => "two-factor login is not set up, and such a login cannot set it up",
        Reason::NotInvited => {
            "two-factor login is not set up, and the setup requires an invitation code (tfactl \
             invite)"
        }
        Reason::FactorNotAccepted => {
            "only second factors are accepted that this login cannot use, or that the user has not \
             enrolled"
        }
        Reason::Locked => "too many wrong codes",
        Reason::Unusable => "the record cannot be used",
        Reason::UnknownUser => "the user does not exist on this host",
    }
}
