//! Who calls: the uid that the kernel or the bus vouches for. What a caller says of itself is never
//! asked.

use tfa_bus::Error;
use zbus::Connection;
use zbus::message::Header;

/// A caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of its connection, which no other ever has: on the bus the unique name, at the socket
    /// a number.
    pub name: String,
    /// Its uid.
    pub uid: u32,
}

impl Caller {
    /// Whether it is root, who may speak for others.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// The unique name that the bus put on a message.
///
/// # Errors
/// [`Error::NotAuthorized`] for a message without one, which no bus delivers.
pub fn sender(header: &Header<'_>) -> Result<String, Error> {
    header
        .sender()
        .map(|name| name.to_string())
        .ok_or_else(|| Error::NotAuthorized("a call without a sender".to_owned()))
}

/// Asks the bus for the uid behind a connection. It would tell more (`GetConnectionCredentials`), and
/// take longer to gather it.
///
/// # Errors
/// [`Error::NotAuthorized`] if the bus does not say.
pub async fn identify(connection: &Connection, name: String) -> Result<Caller, Error> {
    let reply = connection
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "GetConnectionUnixUser",
            &name.as_str(),
        )
        .await
        .map_err(|_| unvouched())?;
    let uid = reply.body().deserialize().map_err(|_| unvouched())?;
    Ok(Caller { name, uid })
}

fn unvouched() -> Error {
    Error::NotAuthorized("the bus does not say who calls".to_owned())
}
