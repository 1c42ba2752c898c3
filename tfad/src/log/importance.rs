//! Which entries stay while the log daemon takes none, and entries are lost.

use super::event::{DaemonEvent, Event, LoginEvent};

/// How much of the queue an entry may fill. What a user causes without a code leaves room for what takes
/// a code, a password or an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Importance {
    /// A login that was not asked, and calls of programs that are not root: half of the queue.
    Low,
    /// Refusals, wrong codes and locks in the logins of root's programs: three quarters.
    Medium,
    /// Right codes, changes, and the state of the daemon: all of it.
    High,
}

impl Importance {
    /// The part of the queue that entries up to this importance may fill.
    pub(super) fn share_of(self, whole: usize) -> usize {
        match self {
            Self::Low => whole / 2,
            Self::Medium => whole / 4 * 3,
            Self::High => whole,
        }
    }
}

impl Event<'_> {
    pub(super) fn importance(&self) -> Importance {
        match self {
            Self::Login { event, .. } if event.took_a_code() => Importance::High,
            Self::Login { event, .. } if event.was_not_asked() => Importance::Low,
            Self::Daemon(DaemonEvent::QuotaReached(_) | DaemonEvent::ConnectionRefused(_)) => {
                Importance::Low
            }
            Self::Host { event, .. } => event.importance(),
            event => match event.charged_uid() {
                None => Importance::High,
                Some(0) => Importance::Medium,
                Some(_) => Importance::Low,
            },
        }
    }
}

impl LoginEvent<'_> {
    fn took_a_code(&self) -> bool {
        match self {
            Self::Verified(_)
            | Self::DeviceAdded(_)
            | Self::RecoveryCodeUsed
            | Self::Enrolled { .. } => true,
            Self::Remembered(_)
            | Self::CodeOfSession { .. }
            | Self::WrongCode
            | Self::WrongInvitation
            | Self::WrongNewCode
            | Self::CodeReused
            | Self::CodeVoid
            | Self::NoRightCode
            | Self::NoBoundCodes
            | Self::Offline { .. }
            | Self::NotEnrolled
            | Self::Locked(_)
            | Self::Denied { .. }
            | Self::Exempt { .. }
            | Self::NotGuarded { .. }
            | Self::Grace { .. }
            | Self::Deferred { .. }
            | Self::Audited { .. }
            | Self::Bypassed { .. }
            | Self::NameChanged { .. } => false,
        }
    }

    fn was_not_asked(&self) -> bool {
        matches!(
            self,
            Self::Remembered(_)
                | Self::CodeOfSession { .. }
                | Self::Exempt { .. }
                | Self::NotGuarded { .. }
                | Self::Grace { .. }
                | Self::Deferred { .. }
                | Self::Audited { .. }
                | Self::Bypassed { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::LockScope;
    use tfa_proto::Context;

    use super::super::event::{AccountEvent, VerifiedBy};
    use super::*;
    use crate::caller::Caller;

    fn importance(uid: u32, event: LoginEvent<'_>) -> Importance {
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid,
            pid: None,
            host: None,
        };
        let context = Context::default();
        let event = Event::Login {
            caller: &caller,
            user: "alice",
            context: &context,
            event,
        };
        event.importance()
    }

    #[test]
    fn right_codes_stay_before_refusals_and_those_before_noise_of_users() {
        let verified = LoginEvent::Verified(VerifiedBy::BackupCode);
        assert_eq!(importance(0, verified), Importance::High);
        assert_eq!(importance(1000, verified), Importance::High);
        for refused in [
            LoginEvent::Locked(LockScope::UnknownOrigins),
            LoginEvent::WrongCode,
        ] {
            assert_eq!(importance(0, refused), Importance::Medium);
            assert_eq!(importance(1000, refused), Importance::Low);
        }
        let account = |event| Event::Account {
            uid: 1000,
            host: None,
            user: "alice",
            event,
        };
        assert_eq!(
            account(AccountEvent::Removed).importance(),
            Importance::High
        );
        assert_eq!(
            account(AccountEvent::WrongCode).importance(),
            Importance::Low
        );
    }
}
