//! The journal fields of an event, besides the message. tfad(8) lists them.

use tfa_core::HostName;
use tfa_text::time::rfc3339;

use super::event::{AccountEvent, Event, LoggedDevice, LoginEvent, RecordEvent, VerifiedBy};
use super::render::origin;

type Fields = Vec<(&'static str, String)>;

/// The characters of foreign text in a field: as many as a login name can have. A caller who is not root
/// chooses some of it, and a call has up to 32 KiB.
const MAX_CHARS: usize = 256;

impl Event<'_> {
    pub(super) fn fields(&self) -> Fields {
        let kind = self.kind();
        let mut fields = vec![
            ("MESSAGE_ID", kind.message_id.to_owned()),
            ("TFA_EVENT", kind.name.to_owned()),
        ];
        match self {
            Self::Login {
                caller,
                user,
                context,
                event,
            } => {
                fields.extend([
                    ("TFA_USER", bounded(user)),
                    ("TFA_SERVICE", bounded(&context.service)),
                    ("TFA_ORIGIN", origin(context, caller.uid)),
                    ("TFA_CALLER_UID", caller.uid.to_string()),
                ]);
                fields.extend(host_field(caller.host.as_ref()));
                event.add_fields(&mut fields);
            }
            Self::Account {
                uid,
                host,
                user,
                event,
            } => {
                fields.extend([
                    ("TFA_USER", bounded(user)),
                    ("TFA_CALLER_UID", uid.to_string()),
                ]);
                fields.extend(host_field(*host));
                event.add_fields(&mut fields);
            }
            Self::Record { user, event } => {
                fields.push(("TFA_USER", bounded(user)));
                if let RecordEvent::Moved { former, .. } = event {
                    fields.push(("TFA_FORMER_USER", bounded(former)));
                }
            }
            Self::Host { host, .. } => fields.push(("TFA_HOST", bounded(host))),
            Self::Daemon(_) => {}
        }
        fields
    }
}

/// The member of a fleet.
fn host_field(host: Option<&HostName>) -> Option<(&'static str, String)> {
    host.map(|host| ("TFA_HOST", host.to_string()))
}

impl LoginEvent<'_> {
    fn add_fields(&self, fields: &mut Fields) {
        match self {
            Self::Verified(VerifiedBy::Authenticator(name)) => {
                fields.push(("TFA_FACTOR", "authenticator".to_owned()));
                fields.push(("TFA_AUTHENTICATOR", bounded(name)));
            }
            Self::Verified(VerifiedBy::SecurityKey(name)) => {
                fields.push(("TFA_FACTOR", "security-key".to_owned()));
                fields.push(("TFA_AUTHENTICATOR", bounded(name)));
            }
            Self::Verified(VerifiedBy::BoundCode) => {
                fields.push(("TFA_FACTOR", "bound-code".to_owned()));
            }
            Self::Verified(VerifiedBy::BackupCode) => {
                fields.push(("TFA_FACTOR", "backup-code".to_owned()));
            }
            Self::Remembered(device) | Self::DeviceAdded(device) => device.add_fields(fields),
            Self::Verified(VerifiedBy::RecoveryCode) => {
                fields.push(("TFA_FACTOR", "recovery-code".to_owned()));
            }
            Self::Enrolled { authenticator } => {
                fields.push(("TFA_AUTHENTICATOR", bounded(authenticator)));
            }
            Self::Exempt { rule, terms, .. } | Self::NotGuarded { rule, terms } => {
                fields.push(("TFA_RULE", rule.to_string()));
                let until = terms.until.map(|until| rfc3339(until.as_secs()));
                fields.extend(until.map(|until| ("TFA_UNTIL", until)));
                let reason = terms.reason.as_deref().map(bounded);
                fields.extend(reason.map(|reason| ("TFA_REASON", reason)));
            }
            Self::Denied { rule, .. }
            | Self::Grace { rule, .. }
            | Self::Deferred { rule }
            | Self::Audited { rule, .. } => fields.push(("TFA_RULE", rule.to_string())),
            Self::NameChanged { former, .. } => {
                fields.push(("TFA_FORMER_USER", bounded(former)));
            }
            Self::RecoveryCodeUsed
            | Self::WrongCode
            | Self::WrongInvitation
            | Self::CodeOfSession { .. }
            | Self::WrongNewCode
            | Self::CodeReused
            | Self::CodeVoid
            | Self::NoRightCode
            | Self::NoBoundCodes
            | Self::Offline { .. }
            | Self::NotEnrolled
            | Self::Locked(_)
            | Self::Bypassed { .. } => {}
        }
    }
}

impl LoggedDevice {
    fn add_fields(&self, fields: &mut Fields) {
        fields.extend([
            ("TFA_DEVICE", self.id.number().to_string()),
            ("TFA_DEVICE_MARK", self.mark.to_string()),
        ]);
    }
}

impl AccountEvent<'_> {
    fn add_fields(&self, fields: &mut Fields) {
        match self {
            Self::FirstAuthenticatorOffered(name)
            | Self::FirstSecurityKeyOffered(name)
            | Self::AuthenticatorOffered(name)
            | Self::AuthenticatorRemoved(name)
            | Self::AuthenticatorBound(name)
            | Self::AuthenticatorUnbound(name)
            | Self::Resynchronized(name)
            | Self::SecurityKeyActivated {
                authenticator: name,
                replaced: None,
            }
            | Self::AuthenticatorActivated {
                authenticator: name,
                replaced: None,
            } => fields.push(("TFA_AUTHENTICATOR", bounded(name))),
            Self::AuthenticatorActivated {
                authenticator,
                replaced: Some(former),
            }
            | Self::SecurityKeyActivated {
                authenticator,
                replaced: Some(former),
            }
            | Self::AuthenticatorRenamed {
                former,
                authenticator,
            } => fields.extend([
                ("TFA_AUTHENTICATOR", bounded(authenticator)),
                ("TFA_FORMER_AUTHENTICATOR", bounded(former)),
            ]),
            Self::Exempted(exemption) => fields.extend([
                ("TFA_UNTIL", rfc3339(exemption.until().as_secs())),
                ("TFA_REASON", bounded(exemption.reason())),
            ]),
            Self::RecordGiven { former, .. } => {
                fields.push(("TFA_FORMER_USER", bounded(former)));
            }
            Self::DeviceForgotten(device) => device.add_fields(fields),
            _ => {}
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use tfa_proto::Context;

    use super::*;
    use crate::caller::Caller;

    #[test]
    fn foreign_text_takes_a_bounded_part_of_an_entry() {
        let long = "ü".repeat(16 * 1024);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 1000,
            pid: None,
            host: None,
        };
        let context = Context {
            service: long.clone(),
            ..Context::default()
        };
        let login = Event::Login {
            caller: &caller,
            user: &long,
            context: &context,
            event: LoginEvent::NameChanged {
                former: &long,
                uid: 1000,
            },
        };
        let account = Event::Account {
            uid: 1000,
            host: None,
            user: &long,
            event: AccountEvent::NotAdministrator,
        };
        for event in [login, account] {
            let length: usize = event.fields().iter().map(|(_, value)| value.len()).sum();
            assert!(length < 4096, "{length}");
        }
    }
}
