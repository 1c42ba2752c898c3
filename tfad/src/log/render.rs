//! The line of an event.

use std::borrow::Cow;

use tfa_core::{AuditOutcome, DenyReason, Exemption, Factor};
use tfa_proto::Context;
use tfa_text::time::date_time;

use super::event::{AccountEvent, DaemonEvent, Event, LoginEvent, RecordEvent};
use super::quoting::quoted;
use crate::host::pam_services::Bypass;

impl Event<'_> {
    /// The line. Text of others is quoted, so that it forges no line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Login {
                caller,
                user,
                context,
                event,
            } => {
                let (user, service) = (quoted(user), quoted(&context.service));
                let from = origin(context, caller.uid);
                format!(
                    "{user}: {} (service {service}, from {from})",
                    event.text(user.as_ref())
                )
            }
            Self::Account { uid, user, event } => {
                format!("{}: {} (by uid {uid})", quoted(user), event.text())
            }
            Self::Record { user, event } => format!("{}: {}", quoted(user), event.text()),
            Self::Daemon(event) => event.text().into_owned(),
        }
    }
}

/// Where a login comes from: the remote host, else the terminal, else the program's uid.
pub(super) fn origin(context: &Context, uid: u32) -> String {
    match (context.rhost.as_str(), context.tty.as_str()) {
        ("", "") => format!("a program of uid {uid}"),
        ("", tty) => quoted(tty),
        (rhost, _) => quoted(rhost),
    }
}

impl LoginEvent<'_> {
    // The filter for fail2ban (`packaging/fail2ban`) counts `wrong code` and `wrong invitation`.
    fn text(&self, user: &str) -> Cow<'static, str> {
        match self {
            Self::Verified(Factor::Authenticator(_)) => "verified by a code".into(),
            Self::Verified(Factor::BackupCode) => "verified by a backup code".into(),
            Self::WrongCode => "wrong code".into(),
            Self::WrongInvitation => "wrong invitation".into(),
            Self::WrongNewCode => "wrong first code of a new authenticator".into(),
            Self::CodeReused => "a code that was used before".into(),
            Self::NoRightCode => "denied: no right code".into(),
            Self::NotEnrolled => "denied: it has to be set up, and was not".into(),
            Self::Locked => "denied: locked after too many wrong codes".into(),
            Self::Enrolled => {
                "an authenticator was set up in the login, proved, and is in force".into()
            }
            Self::Denied {
                reason,
                rule,
                unknown_groups,
            } => {
                let why = denied(*reason);
                if unknown_groups.is_empty() {
                    return format!("denied: {why} ({rule})").into();
                }
                let names: Vec<String> = unknown_groups.iter().map(|name| quoted(name)).collect();
                let names = names.join(", ");
                format!("denied: {why}; not known of the groups: {names} ({rule})").into()
            }
            Self::Exempt { why, rule } => format!("not asked: {} ({rule})", exempt(*why)).into(),
            Self::NotGuarded { rule } => {
                format!("not asked: no second factor is required of this login ({rule})").into()
            }
            Self::Grace { until, rule } => {
                let until = date_time(until.as_secs());
                format!("two-factor login is not set up; let in until {until} ({rule})").into()
            }
            Self::Deferred { rule } => {
                format!("not set up; left to the account phase ({rule})").into()
            }
            Self::Audited { outcome, rule } => {
                format!("audit: {} ({rule})", audited(*outcome)).into()
            }
            Self::Bypassed { bypass, audit } => bypassed(*bypass, *audit),
            Self::NameChanged { former, uid } => format!(
                "the name of uid {uid} has changed: its record stands under {former}, and holds. With a \
                 right code it goes to this name. If this is another person: tfactl reset {user}",
                former = quoted(former),
            )
            .into(),
        }
    }
}

fn denied(reason: DenyReason) -> &'static str {
    match reason {
        DenyReason::MustEnroll => "it is not set up, and this stack cannot",
        DenyReason::TooLate => "it was not set up in time",
        DenyReason::Undetermined => {
            "groups, address or ssh method could not be found out, and a rule depends on them"
        }
        DenyReason::NotVerified => "the second factor is required, and this login met none",
        DenyReason::AuthRefused => {
            "the auth phase refused this login, and it went on: the PAM stack ignores the result of \
             pam_tfa, or sshd tried another method on the same connection"
        }
    }
}

fn exempt(why: Exemption) -> &'static str {
    match why {
        Exemption::Off => "the policy's mode is off",
        Exemption::NotSetUp => "two-factor login is not set up, and not required",
        Exemption::Paused => "two-factor login is paused",
    }
}

fn audited(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Asked => "would have been asked for a code",
        AuditOutcome::Notified => "would have been told to set up while the grace lasts",
        AuditOutcome::SetUp => "would have had to set up",
        AuditOutcome::TooLate => "would have been refused: it was not set up in time",
        AuditOutcome::NotVerified => "would have been refused: it met no second factor",
        AuditOutcome::Undetermined => {
            "would have been refused: groups, address or ssh method could not be found out"
        }
    }
}

fn bypassed(bypass: Bypass, audit: bool) -> Cow<'static, str> {
    let what = match bypass {
        Bypass::Sudo => {
            "goes on without the second factor that is required: sudo asked for no password, because \
             of a right one a short time ago or of NOPASSWD in sudoers(5)"
        }
        Bypass::Su => {
            "goes on WITHOUT the second factor that is required: su asked for no password. See the \
             auth lines of its file in /etc/pam.d"
        }
        Bypass::Login | Bypass::Harmless => {
            "goes on WITHOUT the second factor that is required: this login never ran the auth lines \
             of pam_tfa, and the service is not guarded. To refuse such logins, add the service to \
             guard in /etc/tfa/tfad.toml"
        }
    };
    if audit {
        format!("audit: {what}").into()
    } else {
        what.into()
    }
}

impl AccountEvent<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::FirstAuthenticatorOffered => "a first authenticator was offered".into(),
            Self::AuthenticatorOffered => "a new authenticator was offered".into(),
            Self::AuthenticatorActivated => "an authenticator was proved and is in force".into(),
            Self::BackupCodesMade => "new backup codes were made".into(),
            Self::Paused => "two-factor login was paused".into(),
            Self::Resumed => "two-factor login was resumed".into(),
            Self::Removed => "two-factor login was removed".into(),
            Self::Reset => "reset by an administrator".into(),
            Self::Unlocked => "unlocked by an administrator".into(),
            Self::Invited => "invited to set up".into(),
            Self::RecordGiven { former, uid } => format!(
                "an administrator gave it the record of {former}, with uid {uid}",
                former = quoted(former)
            )
            .into(),
            Self::CodeTested => "a code was tried and would have been accepted".into(),
            Self::WrongCode => "wrong code".into(),
            Self::WrongInvitation => "wrong invitation".into(),
            Self::CodeReused => "a code that was used before".into(),
            Self::SwitchOffRefused => "switching off was refused: it is required".into(),
            Self::Locked => "locked after too many wrong codes".into(),
            Self::NotAdministrator => "an administrator's call was refused".into(),
            Self::Refused { text, .. } => format!("refused: {text}").into(),
        }
    }
}

impl RecordEvent<'_> {
    fn text(&self) -> String {
        match self {
            Self::Moved { former, uid } => format!(
                "the record of uid {uid} stands under this name from now on, and no longer under {former}",
                former = quoted(former)
            ),
            Self::ClockWasAhead { step } => {
                let time = date_time(step.as_secs());
                format!(
                    "a code of {time} was used while the clock was ahead; it stays used, and codes of \
                     now are accepted again. Check the clock of this host"
                )
            }
        }
    }
}

impl DaemonEvent<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Ready => "ready".into(),
            Self::Stopped => "stopped".into(),
            Self::Failed(why) => format!("stopped: {why}").into(),
            Self::NotServing(why) => {
                format!("no login is served, every one is refused: {why}").into()
            }
            Self::Reloaded => "the configuration was read again".into(),
            Self::ReloadFailed(error) => {
                format!("reload failed, keeping the current configuration: {error}").into()
            }
            Self::ConfigWarning(text) | Self::MemoryUnprotected(text) => (*text).into(),
            Self::NamesPending => {
                "names of the policy are still being looked up; tfad --check tells the warnings"
                    .into()
            }
            Self::NamesUnavailable(error) => {
                format!("names of the policy cannot be looked up: {error}").into()
            }
            Self::Store(notice) => notice.to_string().into(),
            Self::NoSignals => "cannot listen for signals: no reload, no graceful stop".into(),
            Self::NoLoginSocket(error) => (*error).into(),
            Self::ConnectionRefused(why) => format!("a login cannot be served: {why}").into(),
            Self::EntriesLost { count } => format!(
                "log entries were lost because the log daemon did not take them: {count}. See: \
                 systemctl status systemd-journald"
            )
            .into(),
            Self::QuotaReached { uid } => {
                format!("uid {uid} causes too many lines: the rest of this minute is left out")
                    .into()
            }
        }
    }
}
