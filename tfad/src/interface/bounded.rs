//! An interface that looks at the length of a call before anything of it is decoded.
//!
//! The bus lets messages of many megabytes through, and decoded they are many times as long:
//! whoever may call could have the daemon run out of memory. No real call is anywhere near the
//! bound.

use std::collections::HashMap;
use std::fmt::Write;

use async_trait::async_trait;
use tfa_bus::Error;
use zbus::message::{Header, Message};
use zbus::names::{InterfaceName, MemberName};
use zbus::object_server::{DispatchResult, Interface, ObjectServer, SignalEmitter};
use zbus::wire::{OwnedVariant, Variant};
use zbus::{BoxDBusError, Connection, fdo};

/// The longest body of a call, in bytes. The longest real one carries the public keys of a login.
const LONGEST: u32 = 32 * 1024;

/// An interface without properties, whose calls are bounded.
pub(crate) struct Bounded<I>(pub(crate) I);

impl<I> Bounded<I> {
    /// The refusal of a call that is too long.
    fn refusal<'call>(
        connection: &'call Connection,
        message: &'call Message,
    ) -> Option<DispatchResult<'call>> {
        let too_long = message.header().primary().body_len() > LONGEST;
        too_long.then(|| {
            DispatchResult::new_async(connection, message, async {
                Err::<(), _>(Error::InvalidArgument("the call is too long".to_owned()))
            })
        })
    }
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
        Self::refusal(connection, message)
            .unwrap_or_else(|| self.0.call(server, connection, message, name))
    }

    fn call_mut<'call>(
        &'call mut self,
        server: &'call ObjectServer,
        connection: &'call Connection,
        message: &'call Message,
        name: MemberName<'call>,
    ) -> DispatchResult<'call> {
        Self::refusal(connection, message)
            .unwrap_or_else(|| self.0.call_mut(server, connection, message, name))
    }

    fn introspect_to_writer(&self, writer: &mut dyn Write, level: usize) {
        self.0.introspect_to_writer(writer, level);
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
