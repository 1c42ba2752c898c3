//! An error of the contract as zbus replies with it.

use tfa_proto::Error;
use zbus::DBusError;
use zbus::message::{Header, Message};
use zbus::names::ErrorName;

pub(super) struct BusError(Error);

impl From<Error> for BusError {
    fn from(error: Error) -> Self {
        Self(error)
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
