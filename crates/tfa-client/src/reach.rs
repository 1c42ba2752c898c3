//! The way to the daemon: one connection, and a limit on how long an answer may take.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;
use zbus::{Connection, connection};

use super::{Failure, Terminal};
use tfa_proto::{Error, SYSTEM_BUS};

/// How long the bus and the daemon may take where no person has to be waited for. A little longer
/// than the bus waits for a service that it has to start (25 s), for its answer then says more.
const PATIENCE: Duration = Duration::from_secs(30);
/// After how long a person wants to know what is being waited for.
const SILENCE: Duration = Duration::from_secs(3);

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// Connects to the system bus.
///
/// # Errors
/// [`Failure::NoBus`], also where the bus accepts the connection and then says nothing.
pub async fn connect() -> Result<Connection, Failure> {
    let connecting = connection::Builder::address(SYSTEM_BUS).build();
    match timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(_)) | Err(_) => Err(Failure::NoBus),
    }
}

/// Waits for an answer, but not for ever, and tells what it waits for when that takes a while.
/// Calls in which polkit asks a person for a password go without.
///
/// # Errors
/// What the call answered, or that nothing came in time.
pub async fn within<T>(
    terminal: &Terminal,
    notice: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut call = pin!(call);
    if let Ok(answer) = timeout(SILENCE, &mut call).await {
        return answer;
    }
    terminal.remark(notice);
    timeout(PATIENCE - SILENCE, call)
        .await
        .unwrap_or_else(|_| Err(Error::Bus(io::Error::from(io::ErrorKind::TimedOut).into())))
}

/// Makes a call whose answer changes nothing any more.
pub async fn in_passing<T>(call: impl Future<Output = Result<T, Error>>) {
    let _ = timeout(FAREWELL, call).await;
}
