//! A new set: registered at a verifier, which has verified a code of the owner, and then taken into use here.

use std::time::Duration;

use serde::Serialize;
use tfa_core::{BoundSet, BoundSetId};
use tfa_fleet_wire::SecretBytes;
use tfa_proto::Error;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, Type, to_bytes};
use zeroize::Zeroizing;

use crate::account;
use crate::fleet::member::{BoundStore, Forwarder, Proved};
use crate::host::facts::HostFacts as _;
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::host::{clock, random, subject};
use crate::login;
use crate::messages;
use crate::owner::Method;

/// How long a set waits for one of another user, and for a report.
const WAIT: Duration = Duration::from_secs(4);
/// How long a verifier has to learn that a set is in use.
const CONFIRM_TIME: Duration = Duration::from_secs(2);

impl Forwarder {
    /// As [`Self::new_bound_codes`], with the arguments and the result of the method as D-Bus marshals them.
    pub(crate) fn make_bound_codes(
        &self,
        user: &User,
        arguments: &SecretBytes,
        proved: Option<Proved>,
    ) -> Result<SecretBytes, login::Error> {
        let data = Data::new(&arguments.0[..], Context::new(LE, 0));
        let proof: Result<(String, usize), _> = data.deserialize();
        let not_valid = || Error::InvalidArgument(messages::NOT_ARGUMENTS.to_owned());
        let (proof, _) = proof.map_err(|_| login::Error::Refused(not_valid()))?;
        let proof = Zeroizing::new(proof);
        let codes = Zeroizing::new(self.new_bound_codes(user, &proof, proved)?);
        marshalled(&*codes)
    }

    /// Makes a set of codes for a user that are bound to this host. The codes are returned after a verifier has
    /// registered the set, and after it is in use here.
    ///
    /// # Errors
    /// As [`Self::account`]; [`Error::Required`] where the policy of this host permits no bound codes.
    pub fn new_bound_codes(
        &self,
        user: &User,
        proof: &str,
        proved: Option<Proved>,
    ) -> Result<Vec<String>, login::Error> {
        let refused = |error| login::Error::Refused(error);
        let (store, now) = (self.store_of_bound_codes(user)?, clock::now());
        // One set at a time.
        let alone = self.reports.acquire_within(WAIT);
        let busy = || account::Error::Contended(messages::TOO_MANY_DRAWS);
        let _alone = alone.ok_or_else(busy)?;
        store.must_be_usable(user)?;
        let id: [u8; BoundSetId::LENGTH] = random::attempt_bytes().map_err(account::Error::from)?;
        let arguments = marshalled(&(proof, id.to_vec()))?;
        self.account(user, Method::NewBoundCodes, arguments, proved)?;
        let not_kept =
            |error: account::Error| refused(Error::Storage(messages::bound_codes_not_kept(&error)));
        let (codes, printed) = store.draw().map_err(not_kept)?;
        let set = BoundSet {
            id: BoundSetId::new(id),
            made: now,
            codes,
        };
        store.activate(user, &set, now).map_err(not_kept)?;
        // The set before is void at the verifiers from then on. A later report tells it too.
        let _ = self.report_once(store, user, CONFIRM_TIME);
        Ok(printed
            .iter()
            .map(|code| code.to_printed().to_string())
            .collect())
    }

    /// The store of the bound codes, where the policy of this host permits them for this user.
    ///
    /// # Errors
    /// [`Error::Required`] where it does not.
    pub(crate) fn store_of_bound_codes(&self, user: &User) -> Result<&BoundStore, login::Error> {
        let not_permitted = || login::Error::Refused(messages::bound_codes_not_permitted());
        let store = self.bound.as_ref().ok_or_else(not_permitted)?;
        let policy = &self.state.config().policy;
        let subject = subject::by_any_name(user, policy, CallsFor::Logins);
        let host = super::super::attempt::HERE.name_in_rules();
        match policy.permits_bound_codes(&subject, host.as_ref(), clock::now()) {
            true => Ok(store),
            false => Err(not_permitted()),
        }
    }
}

fn marshalled<T: Type + Serialize>(value: &T) -> Result<SecretBytes, login::Error> {
    let bytes = to_bytes(Context::new(LE, 0), value);
    let bytes = bytes.map_err(|error| login::Error::Refused(Error::Storage(error.to_string())))?;
    Ok(SecretBytes(Zeroizing::new(bytes.bytes().to_vec())))
}
