//! Which calls of users on members may change an enrollment: `docs/adr/0105-changes-of-enrollments-on-members.md`.

use tfa_core::{Account, HostName};

use super::MemberLogins;
use crate::account;
use crate::caller::Caller;
use crate::host::host_name;
use crate::host::users::User;
use crate::login;
use crate::messages;
use crate::owner::{Method, OnMember};

impl MemberLogins {
    /// Checks that users of this member may make the call there. No code is looked at before.
    pub(super) fn may_be_made_on(
        &self,
        member: &HostName,
        caller: &Caller,
        user: &User,
        method: Method,
    ) -> Result<(), login::Error> {
        let refusal = match method.on_member() {
            OnMember::Reads | OnMember::CountsThere => None,
            OnMember::Resynchronizes
            | OnMember::EnrollsFirst
            | OnMember::EndsPending
            | OnMember::Changes
                if user.uid == 0 =>
            {
                self.why_no_changes_on(member, user)?
            }
            OnMember::Resynchronizes | OnMember::EnrollsFirst => None,
            OnMember::EndsPending if self.is_first(caller, user)? => None,
            OnMember::EndsPending | OnMember::Changes => self.why_no_changes_on(member, user)?,
        };
        match refusal {
            None => Ok(()),
            Some(text) => Err(self.not_on_member(caller, user, text)),
        }
    }

    /// Why this user changes no enrollment on that member, and where instead; `None` where the newest policy allows it.
    ///
    /// # Errors
    /// [`login::Error`] where the newest policy cannot be read: a member may have been taken out of it.
    pub(super) fn why_no_changes_on(
        &self,
        member: &HostName,
        user: &User,
    ) -> Result<Option<String>, login::Error> {
        if user.uid == 0 {
            return Ok(Some(messages::ROOT_CHANGES_ON_A_VERIFIER.to_owned()));
        }
        let config = self.state.publication().newest()?;
        if config.policy.allows_changes_on(member) {
            return Ok(None);
        }
        let verifiers = self.verifier_names();
        Ok(Some(messages::changes_elsewhere(
            member.as_str(),
            &verifiers,
        )))
    }

    /// Whether what waits for its first code is the first authenticator of the user.
    fn is_first(&self, caller: &Caller, user: &User) -> Result<bool, login::Error> {
        let account = self.accounts.load(user);
        let account = account.map_err(|error| self.journal.report(caller, &user.name, error))?;
        let enrolled = |account: &Account| !account.authenticators().is_empty();
        Ok(!account.as_ref().is_some_and(enrolled))
    }

    /// The verifiers that the fleet knows; of a fleet with certificates of the organisation, this host.
    fn verifier_names(&self) -> String {
        let known = self.hosts.verifiers().unwrap_or_default();
        match known.is_empty() {
            true => host_name(),
            false => {
                let names = known.iter().map(|one| one.name.to_string());
                names.collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn not_on_member(&self, caller: &Caller, user: &User, text: String) -> login::Error {
        let error = account::Error::NotOnMember(text);
        login::Error::Account(self.journal.report(caller, &user.name, error))
    }
}
