//! Calls of owners on a member of a fleet, which a verifier answers. The password is asked for here, by polkit of
//! this host, and the rest is the verifier's.

use std::sync::Arc;

use tfa_fleet_wire::SecretBytes;
use tfa_proto::{ACTION_ENROLL, Error};
use zbus::message::{Flags, Header, Message};
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, OwnedStructure, Structure, to_bytes};
use zbus::{BoxDBusError, Connection};
use zeroize::Zeroizing;

use super::bounded::boxed;
use crate::account;
use crate::config::FleetRole;
use crate::dbus::calls::{Call, Calls};
use crate::dbus::polkit::{self, Grounds};
use crate::fleet::{HostLogins, Proved};
use crate::host::users::{self, NameService};
use crate::messages;
use crate::owner::{Asks, Method};
use crate::state::DaemonState;

/// The calls of owners on this host, where it is a member.
pub(crate) struct Forwarded {
    state: Arc<DaemonState>,
    names: Arc<dyn NameService>,
    logins: Arc<HostLogins>,
    calls: Arc<Calls>,
}

impl Forwarded {
    pub(crate) fn new(
        state: &Arc<DaemonState>,
        names: Arc<dyn NameService>,
        logins: &Arc<HostLogins>,
        calls: &Arc<Calls>,
    ) -> Self {
        Self {
            state: Arc::clone(state),
            names,
            logins: Arc::clone(logins),
            calls: Arc::clone(calls),
        }
    }

    /// The method of a call that a verifier answers; `None` where this host answers it.
    pub(super) fn method(&self, name: &str) -> Option<Method> {
        let is_member = self.state.role() == Some(FleetRole::Member);
        is_member.then(|| Method::from_name(name)).flatten()
    }

    /// Answers a call.
    pub(super) async fn answer(
        &self,
        connection: &Connection,
        message: &Message,
        method: Method,
    ) -> Result<(), BoxDBusError> {
        let header = message.header();
        let answered = self.forward(connection, message, &header, method).await;
        let result = answered.map_err(boxed)?;
        if header.primary().flags().contains(Flags::NO_REPLY_EXPECTED) {
            return Ok(());
        }
        let replied = match result {
            Some(result) => connection.reply(&header, &result.0).await,
            None => connection.reply(&header, &()).await,
        };
        replied.map(|_| ()).map_err(Into::into)
    }

    /// Makes the call at a verifier. Returns its result.
    async fn forward(
        &self,
        connection: &Connection,
        message: &Message,
        header: &Header<'_>,
        method: Method,
    ) -> Result<Option<OwnedStructure>, Error> {
        let call = self.calls.admit(header, connection).await?;
        self.state.serves()?;
        let arguments = arguments(message, method)?;
        if method == Method::NewBoundCodes {
            self.may_make_bound_codes(&call).await?;
        }
        let proved = match method.asks() {
            Asks::Nothing => None,
            Asks::Password => {
                self.authorize(connection, header, &call).await?;
                None
            }
            Asks::PasswordForProof => self.password_and_proof(connection, header, &call).await?,
        };
        let (names, logins) = (Arc::clone(&self.names), Arc::clone(&self.logins));
        let (state, caller) = (Arc::clone(&self.state), call.caller.clone());
        let result = call
            .run(move || {
                let user = users::by_uid(&*names, caller.uid).map_err(account::Error::from)?;
                let forwarder = logins.forwarder();
                let made = match method {
                    Method::NewBoundCodes => forwarder.make_bound_codes(&user, &arguments, proved),
                    method => forwarder.account(&user, method, arguments, proved),
                };
                let made = made.map_err(|error| state.journal.report(&caller, &user.name, error));
                Ok::<_, Error>(made?)
            })
            .await?;
        structure(&result.0, method.result())
    }

    /// Refuses bound codes that the policy of this host does not permit, before a password is asked for.
    async fn may_make_bound_codes(&self, call: &Call) -> Result<(), Error> {
        let (names, logins) = (Arc::clone(&self.names), Arc::clone(&self.logins));
        let (state, caller) = (Arc::clone(&self.state), call.caller.clone());
        call.run(move || {
            let user = users::by_uid(&*names, caller.uid).map_err(account::Error::from)?;
            let permitted = logins.forwarder().store_of_bound_codes(&user).map(|_| ());
            let report = |error| state.journal.report(&caller, &user.name, error);
            Ok::<_, Error>(permitted.map_err(report)?)
        })
        .await
    }

    /// Has polkit ask for the password. Returns the code that its login used, too.
    async fn password_and_proof(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        call: &Call,
    ) -> Result<Option<Proved>, Error> {
        let forwarder = self.logins.forwarder();
        let prompt = forwarder.password_prompts().open(call.caller.uid);
        let grounds = self.authorize(connection, header, call).await?;
        let code = prompt.take_code();
        Ok(code.filter(|_| grounds == Grounds::Authentication))
    }

    async fn authorize(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        call: &Call,
    ) -> Result<Grounds, Error> {
        let caller = &call.caller;
        let allowed = polkit::authorize(connection, header, caller, ACTION_ENROLL).await;
        let journal = &self.state.journal;
        let name = format!("uid {}", caller.uid);
        allowed.map_err(|error| journal.report(caller, &name, error))
    }
}

/// The arguments of a call, if they are those of the method.
fn arguments(message: &Message, method: Method) -> Result<SecretBytes, Error> {
    let body = message.body();
    let not_valid = || Error::InvalidArgument(messages::NOT_ARGUMENTS.to_owned());
    let expected = method.arguments();
    if body.signature().to_string_no_parens() != expected {
        return Err(not_valid());
    }
    if expected.is_empty() {
        return Ok(SecretBytes::default());
    }
    // Anew, in the byte order of the fleet.
    let decoded: Structure<'_> = body.deserialize().map_err(|_| not_valid())?;
    let bytes = to_bytes(Context::new(LE, 0), &decoded).map_err(|_| not_valid())?;
    Ok(SecretBytes(Zeroizing::new(bytes.bytes().to_vec())))
}

/// The result of a method, if the bytes are one.
fn structure(bytes: &[u8], signature: &str) -> Result<Option<OwnedStructure>, Error> {
    if signature.is_empty() && bytes.is_empty() {
        return Ok(None);
    }
    let not_understood = || Error::Storage(messages::REPLY_NOT_UNDERSTOOD.to_owned());
    let data = Data::new(bytes, Context::new(LE, 0));
    let decoded = data.deserialize_for_dynamic_signature(format!("({signature})").as_str());
    match decoded {
        Ok((structure, read)) if read == bytes.len() => Ok(Some(structure)),
        Ok(_) | Err(_) => Err(not_understood()),
    }
}
