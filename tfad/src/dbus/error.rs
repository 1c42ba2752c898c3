//! An error as zbus replies with it.

use std::borrow::Cow;

use tfa_proto::Error;
use zbus::DBusError;
use zbus::message::{Header, Message};
use zbus::names::ErrorName;

use crate::log::{Level, Report};

/// An error of the contract, on its way to the bus.
#[derive(Debug)]
pub(super) struct BusError(Error);

impl<E: Into<Error>> From<E> for BusError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl DBusError for BusError {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name()).build(&self.0.text())
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_static_str_unchecked(self.0.name())
    }

    fn description(&self) -> Option<&str> {
        Some(self.0.text())
    }
}

impl Report for Error {
    fn level(&self) -> Option<Level> {
        match self {
            Self::NotAuthorized(_)
            | Self::AuthenticationFailed(_)
            | Self::NoAuthenticationAgent(_) => Some(Level::Warning),
            // Those of the layers were logged there.
            _ => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.text().into()
    }
}
