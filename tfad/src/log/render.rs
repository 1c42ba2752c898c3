//! The line of an event.

use std::borrow::Cow;
use std::fmt;

use tfa_core::{AuditOutcome, DenyReason, Exemption, LockScope, OfflineOutcome, Terms, Time};
use tfa_proto::Context;
use tfa_text::shell;
use tfa_text::time::date_time;

use super::event::{
    AccountEvent, DaemonEvent, Event, LoggedDevice, LoginEvent, RecordEvent, VerifiedBy,
};
use super::quoting::quoted;
use crate::host::pam_services::Bypass;
use crate::publication::Published;

/// The characters of a refusal: it can contain a name that a caller chose.
const MAX_REFUSAL: usize = 1024;

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
                let text = event.text(user);
                let (user, service) = (quoted(user), quoted(&context.service));
                let from = origin(context, caller.uid);
                match &caller.host {
                    None => format!("{user}: {text} (service {service}, from {from})"),
                    // Not in the words that fail2ban reads: the address is not one that calls this host.
                    Some(host) => {
                        format!("{user}: {text} (on {host}, service {service}, from {from})")
                    }
                }
            }
            Self::Account {
                uid,
                host,
                user,
                event,
            } => {
                let (user, text) = (quoted(user), event.text());
                match host {
                    None => format!("{user}: {text} (by uid {uid})"),
                    Some(host) => format!("{user}: {text} (by uid {uid} on {host})"),
                }
            }
            Self::Record { user, event } => format!("{}: {}", quoted(user), event.text()),
            Self::Host { host, event } => event.line(host),
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

/// A refusal because of a lock, and what is locked.
/// A login on a member that no verifier has answered.
fn offline(outcome: OfflineOutcome, at: Time) -> String {
    let at = date_time(at.as_secs());
    match outcome {
        OfflineOutcome::Accepted => {
            format!("logged in with a bound code on {at}, while the host reached no verifier")
        }
        OfflineOutcome::WrongCode => {
            format!("entered a wrong bound code on {at}, while the host reached no verifier")
        }
        OfflineOutcome::UsedCode => {
            format!("entered a used bound code on {at}, while the host reached no verifier")
        }
    }
}

fn locked(scope: LockScope) -> &'static str {
    match scope {
        LockScope::KnownOrigin => {
            "denied: locked after too many wrong codes from this place, where the user has logged in"
        }
        LockScope::UnknownOrigins => {
            "denied: locked after too many wrong codes from places where the user has not logged in"
        }
        LockScope::Sessions => "denied: locked after too many wrong codes in sudo, su or polkit",
        LockScope::OwnPrograms => {
            "denied: locked after too many wrong codes in programs of the user"
        }
        LockScope::Console => "denied: locked after too many wrong codes at the console",
    }
}

impl LoginEvent<'_> {
    // The filter for fail2ban (`packaging/fail2ban`) counts `wrong code` and `wrong invitation`.
    fn text(&self, user: &str) -> Cow<'static, str> {
        match self {
            Self::Verified(VerifiedBy::Authenticator(name)) => {
                format!("verified by a code of {}", quoted(name)).into()
            }
            Self::Verified(VerifiedBy::SecurityKey(name)) => {
                format!("verified by the security key {}", quoted(name)).into()
            }
            Self::Verified(VerifiedBy::BackupCode) => "verified by a backup code".into(),
            Self::Verified(VerifiedBy::BoundCode) => {
                "verified by a code that is bound to this host: no verifier can be reached".into()
            }
            Self::Offline { outcome, at } => offline(*outcome, *at).into(),
            Self::NoBoundCodes => "denied: no verifier can be reached, and the user has no code that is bound to \
                                   this host. The user makes them later with: tfa-enroll codes --bound"
                .into(),
            Self::Remembered(device) => format!("not asked: remembered device {device}").into(),
            Self::CodeOfSession { given } => {
                let given = date_time(given.as_secs());
                format!("not asked: served by the code that this session began with on {given}").into()
            }
            Self::DeviceAdded(device) => format!("the device is now remembered: {device}").into(),
            Self::Verified(VerifiedBy::RecoveryCode) => {
                "verified by the recovery code of this host".into()
            }
            Self::RecoveryCodeUsed => "the recovery code of this host was USED to log in and is now \
                                       void. If this was unexpected, find out who was at the \
                                       console. Create a new one: tfactl recovery create"
                .into(),
            Self::WrongCode => "wrong code".into(),
            Self::WrongInvitation => "wrong invitation".into(),
            Self::WrongNewCode => "wrong first code of a new authenticator".into(),
            Self::CodeReused => "a code that was used before".into(),
            Self::CodeVoid => "a code that may be from before the account was moved or restored here".into(),
            Self::NoRightCode => "denied: no right code".into(),
            Self::NotEnrolled => "denied: enrollment is required, and was not completed".into(),
            Self::Locked(scope) => locked(*scope).into(),
            Self::Enrolled { authenticator } => format!(
                "an authenticator was enrolled in the login and is active: {}",
                quoted(authenticator)
            )
            .into(),
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
                format!("denied: {why}; unknown groups: {names} ({rule})").into()
            }
            Self::Exempt { why, rule, terms } => {
                format!("not asked: {}{} ({rule})", exempt(*why), of_terms(terms)).into()
            }
            Self::NotGuarded { rule, terms } => format!(
                "not asked: no second factor is required of this login{} ({rule})",
                of_terms(terms)
            )
            .into(),
            Self::Grace { until, rule } => {
                let until = date_time(until.as_secs());
                format!("not enrolled; allowed until {until} ({rule})").into()
            }
            Self::Deferred { rule } => {
                format!("not enrolled; left to the account phase ({rule})").into()
            }
            Self::Audited { outcome, rule } => {
                format!("audit: {} ({rule})", audited(*outcome)).into()
            }
            Self::Bypassed { bypass, audit } => bypassed(*bypass, *audit),
            Self::NameChanged { former, uid } => format!(
                "the name of uid {uid} has changed; its record is stored under {former} and applies. A \
                 right code moves it to the new name. If this is another person: tfactl reset {word}",
                former = quoted(former),
                word = shell::user_argument(user),
            )
            .into(),
        }
    }
}

impl fmt::Display for LoggedDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, mark } = self;
        write!(formatter, "{}, {mark}", id.number())
    }
}

fn denied(reason: DenyReason) -> &'static str {
    match reason {
        DenyReason::MustEnroll => "the user is not enrolled, and this PAM stack cannot enroll",
        DenyReason::NoEnrollmentInLogin => {
            "the user is not enrolled, and what the policy accepts cannot be enrolled in a login"
        }
        DenyReason::TooLate => "the user did not enroll in time",
        DenyReason::Undetermined => {
            "groups, host name, address or SSH method could not be determined, and a rule depends on them"
        }
        DenyReason::FactorNotAccepted => {
            "this login can use no second factor that the rule accepts"
        }
        DenyReason::NotVerified => "a second factor is required, and this login verified none",
        DenyReason::AuthRefused => {
            "the auth phase refused this login, and it went on: the PAM stack ignores the result of \
             pam_tfa, or sshd tried another method on the same connection"
        }
    }
}

fn exempt(why: Exemption) -> &'static str {
    match why {
        Exemption::Off => "the policy's mode is off",
        Exemption::NotSetUp => "the user is not enrolled, and no second factor is required",
        Exemption::Paused => "two-factor login is paused",
        Exemption::ByAdministrator(_) => "an administrator has exempted the user",
    }
}

/// The end and the reason of an exemption. Without either, nothing.
fn of_terms(terms: &Terms) -> String {
    let until = terms.until.map(|until| date_time(until.as_secs()));
    match (until, terms.reason.as_deref().map(quoted)) {
        (None, None) => String::new(),
        (Some(until), None) => format!("; until {until}"),
        (None, Some(reason)) => format!("; reason: {reason}"),
        (Some(until), Some(reason)) => format!("; until {until}; reason: {reason}"),
    }
}

fn audited(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Asked => "would have been asked for a code",
        AuditOutcome::Notified => "would have been notified of the end of the grace period",
        AuditOutcome::SetUp => "would have had to enroll",
        AuditOutcome::TooLate => "would have been refused: the user did not enroll in time",
        AuditOutcome::NotVerified => "would have been refused: it verified no second factor",
        AuditOutcome::Undetermined => {
            "would have been refused: groups, host name, address or SSH method could not be determined"
        }
        AuditOutcome::FactorNotAccepted => {
            "would have been refused: it can use no second factor that the rule accepts"
        }
    }
}

fn bypassed(bypass: Bypass, audit: bool) -> Cow<'static, str> {
    let what = match bypass {
        Bypass::Sudo => {
            "continues without the required second factor: sudo asked for no password, because \
             one was entered a short time ago or because of NOPASSWD in sudoers(5)"
        }
        Bypass::Su => {
            "continues WITHOUT the required second factor: su asked for no password. See the \
             auth lines of its file in /etc/pam.d"
        }
        Bypass::Login | Bypass::Harmless => {
            "continues WITHOUT the required second factor: this login never ran the auth lines \
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
            Self::FirstAuthenticatorOffered(name) => format!(
                "a first authenticator waits for its first code: {}",
                quoted(name)
            )
            .into(),
            Self::FirstSecurityKeyOffered(name) => format!(
                "a first security key waits for a login that uses it: {}",
                quoted(name)
            )
            .into(),
            Self::SecurityKeyActivated {
                authenticator,
                replaced: None,
            } => format!(
                "a security key was added and is active: {}",
                quoted(authenticator)
            )
            .into(),
            Self::SecurityKeyActivated {
                authenticator,
                replaced: Some(replaced),
            } => format!(
                "a security key was added and is active: {}, in place of {}",
                quoted(authenticator),
                quoted(replaced)
            )
            .into(),
            Self::AuthenticatorOffered(name) => format!(
                "a new authenticator waits for its first code: {}",
                quoted(name)
            )
            .into(),
            Self::AuthenticatorActivated {
                authenticator,
                replaced: None,
            } => format!(
                "an authenticator was confirmed and is active: {}",
                quoted(authenticator)
            )
            .into(),
            Self::AuthenticatorActivated {
                authenticator,
                replaced: Some(replaced),
            } => format!(
                "an authenticator was confirmed and is active: {}, in place of {}",
                quoted(authenticator),
                quoted(replaced)
            )
            .into(),
            Self::AuthenticatorRenamed {
                former,
                authenticator,
            } => format!(
                "an authenticator was renamed: {}, before that {}",
                quoted(authenticator),
                quoted(former)
            )
            .into(),
            Self::AuthenticatorRemoved(name) => {
                format!("an authenticator was removed: {}", quoted(name)).into()
            }
            Self::AuthenticatorBound(name) => {
                format!("an administrator added an authenticator: {}", quoted(name)).into()
            }
            Self::Imported {
                authenticators,
                backup_codes,
            } => format!(
                "an administrator imported the enrollment of another program: authenticators: \
                 {authenticators}, backup codes: {backup_codes}"
            )
            .into(),
            Self::ImportUpdated => "an administrator repeated an import: codes that were used in \
                                    the other program are used here too"
                .into(),
            Self::Exported { authenticators } => format!(
                "root exported the keys of {authenticators} authenticators; if that was not you, \
                 reset the user (tfactl reset)"
            )
            .into(),
            Self::AuthenticatorUnbound(name) => format!(
                "an administrator removed an authenticator: {}",
                quoted(name)
            )
            .into(),
            Self::Resynchronized(name) => {
                format!("an authenticator was resynchronized: {}", quoted(name)).into()
            }
            Self::BackupCodesMade => "new backup codes were created".into(),
            Self::BoundCodesMade(host) => {
                format!("codes that are bound to {host} were made").into()
            }
            Self::Paused => "two-factor login was paused".into(),
            Self::Resumed => "two-factor login was resumed".into(),
            Self::Removed => "two-factor login was removed".into(),
            Self::DeviceForgotten(device) => {
                format!("a remembered device was forgotten: {device}").into()
            }
            Self::DevicesForgotten { count } => {
                format!("remembered devices were forgotten: {count}").into()
            }
            Self::Reset => "reset by an administrator".into(),
            Self::Unlocked => "unlocked by an administrator".into(),
            Self::Invited => "invited to enroll".into(),
            Self::Exempted(exemption) => format!(
                "exempted by an administrator until {}; reason: {}",
                date_time(exemption.until().as_secs()),
                quoted(exemption.reason())
            )
            .into(),
            Self::ExemptionEnded => "an administrator ended the exemption".into(),
            Self::Disabled => "paused by an administrator".into(),
            Self::Enabled => "resumed by an administrator".into(),
            Self::RecordGiven { former, uid } => format!(
                "an administrator gave it the record of {former}, with uid {uid}",
                former = quoted(former)
            )
            .into(),
            Self::UidTold {
                uid,
                is_known: true,
            } => format!("an administrator told its uid, {uid}").into(),
            Self::UidTold {
                uid,
                is_known: false,
            } => format!("an administrator told its uid, {uid}; this host does not know the user")
                .into(),
            Self::CodeTested => "a code was tested and would be accepted".into(),
            Self::WrongCode => "wrong code".into(),
            Self::WrongInvitation => "wrong invitation".into(),
            Self::CodeReused => "a code that was used before".into(),
            Self::CodeVoid => {
                "a code that may be from before the account was moved or restored here".into()
            }
            Self::SwitchOffRefused => {
                "switching off was refused: a second factor is required".into()
            }
            Self::Locked => "locked after too many wrong codes".into(),
            Self::NotAdministrator => "an administrator's call was refused".into(),
            Self::Refused { text, .. } => {
                let text: String = text.chars().take(MAX_REFUSAL).collect();
                format!("refused: {text}").into()
            }
        }
    }
}

impl RecordEvent<'_> {
    fn text(&self) -> String {
        match self {
            Self::Moved { former, uid } => format!(
                "the record of uid {uid} was moved to this name from {former}",
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
                format!("every login is refused: {why}").into()
            }
            Self::Reloaded => "the configuration was reloaded".into(),
            Self::ReloadFailed(error) => {
                format!("reload failed, keeping the current configuration: {error}").into()
            }
            Self::PolicyInForce(None) => {
                "the policy of the files of this host is in force: none is published".into()
            }
            Self::PolicyInForce(Some(Published { policy, revision })) => {
                let (at, host, uid) = (date_time(policy.published.as_secs()), &policy.host, policy.uid);
                format!(
                    "the published policy is in force: revision {revision}, of {at}, from {host} by uid {uid}"
                )
                .into()
            }
            Self::PolicyPublished { uid, revision } => {
                format!("a policy was published: revision {revision} (by uid {uid})").into()
            }
            Self::PolicyUnpublished { uid } => {
                format!("the published policy was removed (by uid {uid})").into()
            }
            Self::ConfigWarning(text) | Self::MemoryUnprotected(text) | Self::PolicyUnusable(text) => {
                (*text).into()
            }
            Self::NamesPending => {
                "the names in the policy are still being looked up; tfad --check prints the warnings"
                    .into()
            }
            Self::NamesUnavailable(error) => {
                format!("names of the policy cannot be looked up: {error}").into()
            }
            Self::Store(notice) => notice.to_string().into(),
            Self::RecoveryCodeMade => {
                "root created a recovery code of this host; an earlier one is void".into()
            }
            Self::NoSignals => "cannot listen for signals: no reload, no graceful stop".into(),
            Self::NoLoginSocket(error) | Self::NoMemberSocket(error) => (*error).into(),
            Self::BoundCodesFailed(text) | Self::RemovalsNotKept(text) | Self::KeyLeftOut(text) => {(*text).into()},
            Self::ConnectionRefused(why) => format!("a login cannot be served: {why}").into(),
            Self::EntriesLost { count } => format!(
                "log entries were lost because the log daemon did not take them: {count}. See: \
                 systemctl status systemd-journald"
            )
            .into(),
            Self::QuotaReached(spender) => {
                format!("{spender} causes too many lines: the rest of this minute is left out")
                    .into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{Source, Time};
    use tfa_proto::Context;

    use super::*;
    use crate::caller::Caller;

    /// A name that an owner may give an authenticator.
    const FORGED: &str = "x (by uid 0)\nbob: verified";

    #[test]
    fn a_verified_login_names_its_authenticator() {
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            ..Context::default()
        };
        let verified = |name| {
            let event = Event::Login {
                caller: &caller,
                user: "alice",
                context: &context,
                event: LoginEvent::Verified(VerifiedBy::Authenticator(name)),
            };
            (event.line(), event.fields())
        };
        let (line, fields) = verified("phone 2");
        let expected = r#"alice: verified by a code of "phone 2" (service sshd, from 192.0.2.7)"#;
        assert_eq!(line, expected);
        assert!(fields.contains(&("TFA_AUTHENTICATOR", "phone 2".to_owned())));
        let (line, _) = verified(FORGED);
        assert!(
            line.starts_with(r#"alice: verified by a code of "x (by uid 0)?bob: "#),
            "{line}"
        );
    }

    #[test]
    fn name_is_one_word_in_the_command_of_a_line() {
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let former = "bob";
        let event = Event::Login {
            caller: &caller,
            user: "x y;$(reboot)",
            context: &Context::default(),
            event: LoginEvent::NameChanged { former, uid: 1000 },
        };
        let line = event.line();
        assert!(
            line.starts_with(r#""x y;$(reboot)": the name of uid 1000"#),
            "{line}"
        );
        assert!(line.contains("tfactl reset 'x y;$(reboot)' ("), "{line}");
    }

    #[test]
    fn an_exemption_names_its_end_and_reason_where_it_has_them() {
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            ..Context::default()
        };
        let logged = |until: Option<u64>, reason: Option<&str>| {
            let terms = Terms {
                until: until.map(Time::from_secs),
                reason: reason.map(str::to_owned),
            };
            let event = Event::Login {
                caller: &caller,
                user: "alice",
                context: &context,
                event: LoginEvent::Exempt {
                    why: Exemption::Off,
                    rule: &Source::default(),
                    terms: &terms,
                },
            };
            (event.line(), event.fields())
        };
        let (line, fields) = logged(None, None);
        let bare = "alice: not asked: the policy's mode is off (the built-in default) ";
        assert!(line.starts_with(bare), "{line}");
        let has_terms = |name: &str| ["TFA_UNTIL", "TFA_REASON"].contains(&name);
        assert!(!fields.iter().any(|(name, _)| has_terms(name)));
        let (line, fields) = logged(Some(1_796_133_900), Some(FORGED));
        let full =
            "mode is off; until 2026-12-01 14:05; reason: \"x (by uid 0)?bob: verified\" (the";
        assert!(line.contains(full), "{line}");
        assert!(fields.contains(&("TFA_UNTIL", "2026-12-01T14:05:00Z".to_owned())));
        assert!(fields.contains(&("TFA_REASON", FORGED.to_owned())));
    }

    #[test]
    fn a_change_names_its_authenticators() {
        let change = |event| {
            let event = Event::Account {
                uid: 1000,
                host: None,
                user: "alice",
                event,
            };
            (event.line(), event.fields())
        };
        let (line, fields) = change(AccountEvent::AuthenticatorRenamed {
            former: "phone",
            authenticator: FORGED,
        });
        assert!(
            line.ends_with(r#"verified", before that phone (by uid 1000)"#),
            "{line}"
        );
        assert!(fields.contains(&("TFA_AUTHENTICATOR", FORGED.to_owned())));
        assert!(fields.contains(&("TFA_FORMER_AUTHENTICATOR", "phone".to_owned())));
        let name = ("TFA_AUTHENTICATOR", "token".to_owned());
        for event in [
            AccountEvent::AuthenticatorOffered("token"),
            AccountEvent::AuthenticatorRemoved("token"),
            AccountEvent::AuthenticatorBound("token"),
            AccountEvent::AuthenticatorUnbound("token"),
            AccountEvent::Resynchronized("token"),
            AccountEvent::AuthenticatorActivated {
                authenticator: "token",
                replaced: None,
            },
            AccountEvent::FirstSecurityKeyOffered("token"),
            AccountEvent::SecurityKeyActivated {
                authenticator: "token",
                replaced: None,
            },
        ] {
            let (line, fields) = change(event);
            assert!(line.ends_with(": token (by uid 1000)"), "{line}");
            assert!(fields.contains(&name), "{fields:?}");
        }
    }
}
