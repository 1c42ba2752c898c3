//! The connection to the system bus, and time limits for calls to the daemon.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;
use zbus::{Connection, connection};

use super::{Failure, Terminal};
use tfa_proto::SYSTEM_BUS;

use crate::error::Error;

/// For the bus and for the daemon, where no person has to answer. It exceeds the time that the bus
/// waits for a service that it starts (25 s), because the error of the bus says more.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// When a slow call is reported on the terminal.
const NOTE_TIMEOUT: Duration = Duration::from_secs(3);
/// For a call whose result is ignored.
const BEST_EFFORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects to the system bus.
///
/// # Errors
/// [`Failure::NoBus`], also where the bus accepts the connection and does not answer.
pub async fn connect() -> Result<Connection, Failure> {
    let connecting = connection::Builder::address(SYSTEM_BUS).build();
    match timeout(CALL_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(_)) | Err(_) => Err(Failure::NoBus),
    }
}

/// Waits for an answer for a limited time. Prints `note` when the answer is slow.
/// It must not be used where polkit may ask for a password in the call.
///
/// # Errors
/// The error of the call, or a timeout.
pub async fn with_timeout<T>(
    terminal: &Terminal,
    note: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    within(CALL_TIMEOUT, terminal, note, call).await
}

/// Waits for an answer as [`with_timeout`], up to this limit.
///
/// # Errors
/// The error of the call, or a timeout.
pub async fn within<T>(
    limit: Duration,
    terminal: &Terminal,
    note: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut call = pin!(call);
    if let Ok(answer) = timeout(NOTE_TIMEOUT, &mut call).await {
        return answer;
    }
    terminal.note(note);
    timeout(limit.saturating_sub(NOTE_TIMEOUT), call)
        .await
        .unwrap_or_else(|_| Err(Error::Bus(io::Error::from(io::ErrorKind::TimedOut).into())))
}

/// Makes a call and ignores its result.
pub async fn best_effort<T>(call: impl Future<Output = Result<T, Error>>) {
    let _ = timeout(BEST_EFFORT_TIMEOUT, call).await;
}
