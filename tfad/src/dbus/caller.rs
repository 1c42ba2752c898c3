//! Who calls: the uid that the kernel or the bus vouches for. What a caller says of itself is never
//! asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tfa_proto::Error;
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

/// How many connections are remembered at most.
const MAX_KNOWN: usize = 4096;

/// The uids behind the connections of the bus that called. A bus never gives a unique name twice.
#[derive(Debug, Default)]
pub struct Callers {
    uids: Mutex<HashMap<String, u32>>,
}

impl Callers {
    /// The caller behind a connection. The bus is asked once for each.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] if the bus does not say.
    pub async fn identify(&self, connection: &Connection, name: String) -> Result<Caller, Error> {
        let known = self.uids().get(&name).copied();
        let uid = match known {
            Some(uid) => uid,
            None => self.remember(&name, uid_behind(connection, &name).await?),
        };
        Ok(Caller { name, uid })
    }

    /// A connection is gone.
    pub fn forget(&self, name: &str) {
        self.uids().remove(name);
    }

    fn remember(&self, name: &str, uid: u32) -> u32 {
        let mut uids = self.uids();
        // Those that left while the bus was asked stay behind.
        if uids.len() >= MAX_KNOWN {
            uids.clear();
        }
        uids.insert(name.to_owned(), uid);
        uid
    }

    fn uids(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.uids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the bus for the uid behind a connection. It would tell more (`GetConnectionCredentials`), and
/// take longer to gather it.
async fn uid_behind(connection: &Connection, name: &str) -> Result<u32, Error> {
    let reply = connection
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "GetConnectionUnixUser",
            &name,
        )
        .await
        .map_err(|_| unvouched())?;
    reply.body().deserialize().map_err(|_| unvouched())
}

fn unvouched() -> Error {
    Error::NotAuthorized("the bus does not say who calls".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_connections_is_remembered() {
        let callers = Callers::default();
        for number in 0..3 * MAX_KNOWN {
            callers.remember(&format!(":1.{number}"), 1000);
            assert!(callers.uids().len() <= MAX_KNOWN);
        }
        callers.remember(":1.x", 0);
        callers.forget(":1.x");
        assert!(!callers.uids().contains_key(":1.x"));
    }
}
