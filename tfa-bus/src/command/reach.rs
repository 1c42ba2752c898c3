//! The way to the daemon: one connection, and a limit on how long an answer may take.

use std::future::Future;
use std::time::Duration;

use zbus::{Connection, connection};

use super::Failure;
use crate::{Error, SYSTEM_BUS};

/// How long the bus and the daemon may take where no person has to be waited for.
const PATIENCE: Duration = Duration::from_secs(25);

/// Connects to the system bus.
///
/// # Errors
/// [`Failure::NoBus`], also where the bus accepts the connection and then says nothing.
pub async fn connect() -> Result<Connection, Failure> {
    let connecting = connection::Builder::address(SYSTEM_BUS).build();
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(_)) | Err(_) => Err(Failure::NoBus),
    }
}

/// Waits for an answer, but not for ever. Calls in which polkit asks a person for a password go
/// without.
///
/// # Errors
/// What the call answered, or that nothing came in time.
pub async fn within<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(|_| {
            Err(Error::Bus(
                std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
            ))
        })
}
