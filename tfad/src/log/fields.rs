//! The journal fields of an event, besides the message. tfad(8) lists them.

use tfa_core::Factor;

use super::event::{AccountEvent, Event, LoginEvent, RecordEvent};
use super::render::origin;

type Fields = Vec<(&'static str, String)>;

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
                    ("TFA_USER", (*user).to_owned()),
                    ("TFA_SERVICE", context.service.clone()),
                    ("TFA_ORIGIN", origin(context, caller.uid)),
                    ("TFA_CALLER_UID", caller.uid.to_string()),
                ]);
                event.add_fields(&mut fields);
            }
            Self::Account { uid, user, event } => {
                fields.extend([
                    ("TFA_USER", (*user).to_owned()),
                    ("TFA_CALLER_UID", uid.to_string()),
                ]);
                if let AccountEvent::RecordGiven { former, .. } = event {
                    fields.push(("TFA_FORMER_USER", (*former).to_owned()));
                }
            }
            Self::Record { user, event } => {
                fields.push(("TFA_USER", (*user).to_owned()));
                if let RecordEvent::Moved { former, .. } = event {
                    fields.push(("TFA_FORMER_USER", (*former).to_owned()));
                }
            }
            Self::Daemon(_) => {}
        }
        fields
    }
}

impl LoginEvent<'_> {
    fn add_fields(&self, fields: &mut Fields) {
        match self {
            Self::Verified(factor) => fields.push(("TFA_FACTOR", factor_name(*factor).to_owned())),
            Self::Denied { rule, .. }
            | Self::Exempt { rule, .. }
            | Self::NotGuarded { rule }
            | Self::Grace { rule, .. }
            | Self::Deferred { rule }
            | Self::Audited { rule, .. } => fields.push(("TFA_RULE", rule.to_string())),
            Self::NameChanged { former, .. } => {
                fields.push(("TFA_FORMER_USER", (*former).to_owned()));
            }
            Self::WrongCode
            | Self::WrongInvitation
            | Self::WrongNewCode
            | Self::CodeReused
            | Self::NoRightCode
            | Self::NotEnrolled
            | Self::Locked
            | Self::Enrolled
            | Self::Bypassed { .. } => {}
        }
    }
}

fn factor_name(factor: Factor) -> &'static str {
    match factor {
        Factor::Authenticator => "authenticator",
        Factor::BackupCode => "backup-code",
    }
}
