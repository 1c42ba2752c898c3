//! Codes that are bound to a member, at the verifier that registers them.

use tfa_core::{BoundSetId, HostName};
use tfa_proto::Error;

use super::{Owner, SecondFactor};
use crate::log::AccountEvent;
use crate::messages;

impl Owner {
    /// Refuses where the policy of the fleet does not permit a bound code on the host of the call.
    pub(super) fn must_permit_bound_codes(&self) -> Result<(), Error> {
        let policy = &self.state.config().policy;
        let subject = self.subject(policy);
        match policy.permits_bound_codes(&subject, Some(self.member_host()?), self.now) {
            true => Ok(()),
            false => Err(messages::bound_codes_not_permitted()),
        }
    }

    /// Registers a set that the member of the call has made.
    pub(super) fn bind_codes(&self, set: BoundSetId, factor: &SecondFactor) -> Result<(), Error> {
        let host = self.member_host()?;
        self.change_with(factor, |account, proof, now| {
            account.bind_codes(host, set, proof, now)
        })?;
        self.log(AccountEvent::BoundCodesMade(host.as_str()));
        Ok(())
    }

    fn member_host(&self) -> Result<&HostName, Error> {
        let host = self.caller.host.as_ref();
        host.ok_or_else(messages::not_a_member_for_bound_codes)
    }
}
