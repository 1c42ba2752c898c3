//! An interface that identifies the caller before it decodes a call.
//!
//! Decoded, arguments are many times as long as the message. Before that, the budget of the bus bounds
//! them (`dbus::budget`). The quota of a uid is checked in the methods, after the arguments are decoded.
//! So the bus is asked for the caller's uid before: a method then gets from decoded arguments to the
//! quota without waiting, and a call past it keeps none of them. A call that panics gets a reply too:
//! without one it would count as under way for ever.

use std::collections::HashMap;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tfa_proto::Error;
use zbus::message::{Header, Message};
use zbus::names::{InterfaceName, MemberName};
use zbus::object_server::{DispatchResult, Interface, ObjectServer, SignalEmitter};
use zbus::wire::{OwnedVariant, Variant};
use zbus::{BoxDBusError, Connection, fdo};

use super::forwarded::Forwarded;
use crate::dbus::calls::{Calls, broke_off};
use crate::dbus::error::BusError;

/// An interface without properties and without methods that change it.
pub(crate) struct Bounded<I> {
    calls: Arc<Calls>,
    interface: I,
    /// The calls that a verifier answers, where this host is a member of a fleet.
    forwarded: Option<Forwarded>,
}

impl<I: Interface> Bounded<I> {
    pub(crate) fn new(calls: &Arc<Calls>, interface: I) -> Self {
        let calls = Arc::clone(calls);
        Self {
            calls,
            interface,
            forwarded: None,
        }
    }

    /// The same, with calls that a verifier answers.
    pub(crate) fn forwarding(self, forwarded: Forwarded) -> Self {
        Self {
            forwarded: Some(forwarded),
            ..self
        }
    }

    async fn dispatch(
        &self,
        server: &ObjectServer,
        connection: &Connection,
        message: &Message,
        name: MemberName<'_>,
    ) -> Result<(), BoxDBusError> {
        let identified = self.calls.identify(&message.header(), connection).await;
        identified.map_err(boxed)?;
        let forwarded = self.forwarded.as_ref();
        let forwarded = forwarded.and_then(|forwarded| Some((forwarded, forwarded.method(&name)?)));
        if let Some((forwarded, method)) = forwarded {
            let call = forwarded.answer(connection, message, method);
            return answered(AssertUnwindSafe(call).catch_unwind().await);
        }
        match self.interface.call(server, connection, message, name) {
            DispatchResult::Async(call) => answered(AssertUnwindSafe(call).catch_unwind().await),
            DispatchResult::NotFound | DispatchResult::RequiresMut => {
                Err(fdo::Error::UnknownMethod("there is no such method".to_owned()).into())
            }
        }
    }
}

/// The result of a call, which may have panicked.
fn answered(done: thread::Result<Result<(), BoxDBusError>>) -> Result<(), BoxDBusError> {
    done.unwrap_or_else(|_| Err(boxed(broke_off())))
}

pub(super) fn boxed(error: Error) -> BoxDBusError {
    Box::new(BusError::from(error))
}

#[async_trait]
impl<I: Interface> Interface for Bounded<I> {
    fn name() -> InterfaceName<'static> {
        I::name()
    }

    fn call<'call>(
        &'call self,
        server: &'call ObjectServer,
        connection: &'call Connection,
        message: &'call Message,
        name: MemberName<'call>,
    ) -> DispatchResult<'call> {
        DispatchResult::Async(Box::pin(self.dispatch(server, connection, message, name)))
    }

    fn call_mut<'call>(
        &'call mut self,
        _server: &'call ObjectServer,
        _connection: &'call Connection,
        _message: &'call Message,
        _name: MemberName<'call>,
    ) -> DispatchResult<'call> {
        DispatchResult::NotFound
    }

    fn introspect_to_writer(&self, writer: &mut dyn Write, level: usize) {
        self.interface.introspect_to_writer(writer, level);
    }

    async fn get(
        &self,
        _property: &str,
        _server: &ObjectServer,
        _connection: &Connection,
        _header: Option<&Header<'_>>,
        _emitter: &SignalEmitter<'_>,
    ) -> Option<Result<OwnedVariant, BoxDBusError>> {
        None
    }

    async fn get_all(
        &self,
        _server: &ObjectServer,
        _connection: &Connection,
        _header: Option<&Header<'_>>,
        _emitter: &SignalEmitter<'_>,
    ) -> fdo::Result<HashMap<String, OwnedVariant>> {
        Ok(HashMap::new())
    }

    async fn set_mut(
        &mut self,
        _property: &str,
        _value: &Variant<'_>,
        _server: &ObjectServer,
        _connection: &Connection,
        _header: Option<&Header<'_>>,
        _emitter: &SignalEmitter<'_>,
    ) -> Option<Result<(), BoxDBusError>> {
        None
    }
}
