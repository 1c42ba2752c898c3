//! What a member of a fleet lets in while no verifier can be reached.

use tfa_fleet_core::HostName;

use super::{Identity, Login, Policy, Subject, Ternary};
use crate::Time;

/// Which logins a member decides itself while it is cut off from all verifiers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Offline {
    /// None.
    #[default]
    Deny,
    /// Those of root at a console of the host, without a code.
    Console,
    /// Those of users with a code that is bound to the host.
    BoundCodes,
}

impl Offline {
    /// What both permit. The two values that permit something have no login in common.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self == other {
            true => self,
            false => Self::Deny,
        }
    }
}

impl Policy {
    /// What every rule permits that may apply to the login, under each name of the user.
    #[must_use]
    pub fn offline(&self, login: &Login, now: Time) -> Offline {
        let possible = login
            .subject
            .identities()
            .map(|who| self.effects_for(who, login, now));
        let effects =
            possible.flat_map(|possible| possible.effect.into_iter().chain(possible.in_session));
        let permitted = effects.map(|effect| effect.offline);
        permitted.reduce(Offline::and).unwrap_or_default()
    }

    /// Whether some login of a user on a host is permitted with a bound code, whatever name the user logs in under.
    /// What is not known of the user counts against it.
    #[must_use]
    pub fn permits_bound_codes(
        &self,
        subject: &Subject,
        host: Option<&HostName>,
        now: Time,
    ) -> bool {
        let mut identities = subject.identities();
        identities.all(|who| self.permits_bound_codes_under(who, subject.uid, host, now))
    }

    fn permits_bound_codes_under(
        &self,
        who: &Identity,
        uid: u32,
        host: Option<&HostName>,
        now: Time,
    ) -> bool {
        let rules = (!self.is_off()).then(|| self.rules_at(now));
        for rule in rules.into_iter().flatten() {
            let fits = rule.fits_user_on(who, uid, host);
            let permits = rule.effect.offline == Offline::BoundCodes;
            match (fits, permits) {
                (Ternary::No, _) => {}
                (Ternary::Yes, true) => return true,
                // It may decide each login of the user.
                (Ternary::Yes | Ternary::Unknown, false) if !rule.is_about_logins() => {
                    return false;
                }
                (Ternary::Yes | Ternary::Unknown, _) => {}
            }
        }
        self.otherwise.offline == Offline::BoundCodes
    }

    /// Whether some rule, or the policy for all other logins, permits something.
    #[must_use]
    pub fn permits_offline(&self) -> bool {
        let mut effects = self.rules.iter().map(|rule| &rule.effect);
        self.otherwise.offline != Offline::Deny
            || effects.any(|effect| effect.offline != Offline::Deny)
    }
}
