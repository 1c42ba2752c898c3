//! What happens to the hosts of a fleet.

use tfa_core::{HostRefusal, JoinRefusal, Time};
use tfa_text::time::date_time;

use super::Level;
use super::importance::Importance;
use super::kind::{self, Kind};
use super::quoting::quoted;

/// What happens to a host of the fleet.
#[derive(Debug, Clone, Copy)]
pub enum HostEvent<'a> {
    /// Root made the authority of the fleet, and this host a verifier.
    FleetMade,
    /// Root had this verifier certified anew.
    Recertified,
    /// An administrator invited it.
    Invited {
        /// Whether as a verifier.
        is_verifier: bool,
        /// The end of the invitation.
        until: Time,
        /// Who did.
        uid: u32,
    },
    /// It joined.
    Joined {
        /// The address that it called from.
        from: &'a str,
    },
    /// It got the certificate again that it joined with.
    JoinedAgain {
        /// The address that it called from.
        from: &'a str,
    },
    /// It got a certificate for a new key.
    Renewed,
    /// An administrator removed it.
    Removed {
        /// Who did.
        uid: u32,
    },
    /// An administrator admits it again.
    Readmitted {
        /// Who did.
        uid: u32,
    },
    /// A host may not join with the invitation of this one.
    JoinRefused {
        /// The address that it called from.
        from: &'a str,
        /// Why.
        why: JoinRefusal,
    },
    /// A call of the host was refused.
    Refused(HostRefusal),
}

impl HostEvent<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::FleetMade => kind::FLEET_MADE,
            Self::Invited { .. } => kind::HOST_INVITED,
            Self::Joined { .. } | Self::JoinedAgain { .. } => kind::HOST_JOINED,
            Self::Recertified | Self::Renewed => kind::HOST_RENEWED,
            Self::Removed { .. } => kind::HOST_REMOVED,
            Self::Readmitted { .. } => kind::HOST_READMITTED,
            Self::JoinRefused { .. } => kind::JOIN_REFUSED,
            Self::Refused(_) => kind::HOST_REFUSED,
        }
    }

    pub(super) const fn level(&self) -> Level {
        match self {
            Self::Renewed => Level::Info,
            Self::FleetMade
            | Self::Recertified
            | Self::Invited { .. }
            | Self::Joined { .. }
            | Self::JoinedAgain { .. }
            | Self::Removed { .. }
            | Self::Readmitted { .. } => Level::Notice,
            // The token was copied: another host may be in the fleet under this name.
            Self::JoinRefused {
                why: JoinRefusal::Replayed,
                ..
            } => Level::Alert,
            // The store was changed beside the verifiers, or was restored.
            Self::Refused(HostRefusal::Returned | HostRefusal::FormerKey) => Level::Alert,
            Self::JoinRefused { .. } | Self::Refused(_) => Level::Warning,
        }
    }

    /// Whether an administrator has to look at it now.
    pub(crate) const fn is_alert(&self) -> bool {
        matches!(self.level(), Level::Alert)
    }

    pub(super) const fn importance(&self) -> Importance {
        match self {
            Self::JoinRefused { why, .. } => match why {
                JoinRefusal::Replayed => Importance::High,
                // What a stranger can cause.
                JoinRefusal::NotOpen | JoinRefusal::WrongProof => Importance::Low,
            },
            Self::Refused(_) if !self.is_alert() => Importance::Medium,
            _ => Importance::High,
        }
    }

    pub(super) fn line(&self, host: &str) -> String {
        let host = quoted(host);
        match self {
            Self::FleetMade => {
                format!("the authority of the fleet was made, and {host} is its first verifier")
            }
            Self::Recertified => format!("host {host}: root has had it certified again"),
            Self::Invited {
                is_verifier,
                until,
                uid,
            } => {
                let role = if *is_verifier { "verifier" } else { "member" };
                let until = date_time(until.as_secs());
                format!("host {host}: invited as a {role} until {until} (by uid {uid})")
            }
            Self::Joined { from } => {
                format!("host {host}: joined the fleet (from {})", quoted(from))
            }
            Self::JoinedAgain { from } => format!(
                "host {host}: got the certificate again with which it joined (from {})",
                quoted(from)
            ),
            Self::Renewed => format!("host {host}: got a certificate for a new key"),
            Self::Removed { uid } => format!("host {host}: removed from the fleet (by uid {uid})"),
            Self::Readmitted { uid } => {
                format!("host {host}: no longer a removed one (by uid {uid})")
            }
            Self::JoinRefused {
                from,
                why: why @ JoinRefusal::Replayed,
            } => format!(
                "host {host}: a second host tried to join with its token (from {}): {why}. If the first \
                 one is not {host}, run: tfactl host remove {host}",
                quoted(from)
            ),
            Self::JoinRefused { from, why } => format!(
                "host {host}: a host may not join with this invitation (from {}): {why}",
                quoted(from)
            ),
            Self::Refused(why @ HostRefusal::OtherKey) => format!(
                "host {host}: refused a call, because {why}. If this is the right host, let it join again"
            ),
            Self::Refused(why @ HostRefusal::FormerKey) => format!(
                "host {host}: refused to renew a certificate with an earlier key, because {why}. If {host} was not put \
                 back to an older state, another one has a copy of that key: run tfactl host remove {host}, and let it \
                 join again"
            ),
            Self::Refused(why @ HostRefusal::Returned) => format!(
                "host {host}: refused a call, because {why}. If etcd was not restored, look who can write to it. To \
                 let the host join again, run: tfactl host invite {host}"
            ),
            Self::Refused(why) => format!("host {host}: refused a call, because {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_token_is_an_alert_that_says_what_to_do() {
        let event = HostEvent::JoinRefused {
            from: "192.0.2.7",
            why: JoinRefusal::Replayed,
        };
        assert_eq!(
            (event.level(), event.importance()),
            (Level::Alert, Importance::High)
        );
        let line = event.line("web1.example");
        assert!(
            line.ends_with("run: tfactl host remove web1.example"),
            "{line}"
        );
    }

    #[test]
    fn text_of_a_stranger_forges_no_line() {
        let event = HostEvent::JoinRefused {
            from: "x)\nhost web1.example: joined",
            why: JoinRefusal::WrongProof,
        };
        let line = event.line("a b");
        assert!(
            line.starts_with("host \"a b\": ") && !line.contains('\n'),
            "{line}"
        );
    }
}
