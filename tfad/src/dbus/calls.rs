//! The admission of calls from the bus: who calls, and how many calls of a uid are under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_proto::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zbus::Connection;
use zbus::message::Header;

use crate::call_limiter::{CallLimiter, Permit};
use crate::caller::Caller;
use crate::messages;

/// The number of worker threads that callers other than root occupy. It is less than
/// [`MAX_WORKERS`](super::service::MAX_WORKERS), so root's calls find one. A call that waits for polkit
/// occupies none.
const MAX_UNPRIVILEGED_WORKERS: usize = 256;

/// The callers on the bus.
#[derive(Debug)]
pub(crate) struct Calls {
    callers: Callers,
    limiter: Arc<CallLimiter>,
    workers: Arc<Semaphore>,
}

/// A call that was admitted. It counts as under way until this is dropped and the work that it has run
/// is done.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    permit: Arc<Permit>,
    workers: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn new(limiter: Arc<CallLimiter>) -> Self {
        Self {
            callers: Callers::default(),
            limiter,
            workers: Arc::new(Semaphore::new(MAX_UNPRIVILEGED_WORKERS)),
        }
    }

    /// The caller of a message.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] where the bus does not tell.
    pub(crate) async fn identify(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Caller, Error> {
        self.callers.identify(connection, sender(header)?).await
    }

    /// Admits a call.
    ///
    /// # Errors
    /// As [`Self::identify`]; [`Error::Busy`] where too many calls of the uid are under way.
    pub(crate) async fn admit(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Call, Error> {
        let caller = self.identify(header, connection).await?;
        let permit = Arc::new(self.limiter.admit(&caller)?);
        Ok(Call {
            caller,
            permit,
            workers: Arc::clone(&self.workers),
        })
    }

    /// Forgets a connection that is gone.
    pub(crate) fn forget(&self, name: &str) {
        self.callers.forget(name);
    }
}

impl Call {
    /// Runs blocking work of the call on a worker thread.
    ///
    /// # Errors
    /// The work's own; [`Error::Storage`] where it panics.
    pub(crate) async fn run<T: Send + 'static, E: Into<Error> + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error> {
        let worker = if self.caller.is_root() {
            None
        } else {
            // The semaphore is never closed, so this does not fail.
            Arc::clone(&self.workers).acquire_owned().await.ok()
        };
        // If the caller leaves, the work continues and keeps both permits.
        let permit = Arc::clone(&self.permit);
        let work = move || {
            let result = work();
            drop((permit, worker));
            result
        };
        match spawn_blocking(work).await {
            Ok(result) => result.map_err(E::into),
            Err(_) => Err(broke_off()),
        }
    }
}

/// The answer to a call that panicked.
pub(crate) fn broke_off() -> Error {
    Error::Storage(messages::BROKE_OFF.to_owned())
}

/// The unique name that the bus put on a message.
///
/// # Errors
/// [`Error::NotAuthorized`] for a message without one, which no bus delivers.
pub(crate) fn sender(header: &Header<'_>) -> Result<String, Error> {
    header
        .sender()
        .map(|name| name.to_string())
        .ok_or_else(|| Error::NotAuthorized(messages::NO_SENDER.to_owned()))
}

/// The number of connections that are remembered.
const MAX_KNOWN: usize = 4096;

/// The uids behind the connections of the bus that called. A bus never gives a unique name twice.
#[derive(Debug, Default)]
struct Callers {
    uids: Mutex<HashMap<String, u32>>,
}

impl Callers {
    /// The caller behind a connection. The bus is asked once for each connection.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] if the bus does not say.
    async fn identify(&self, connection: &Connection, name: String) -> Result<Caller, Error> {
        let known = self.uids().get(&name).copied();
        let uid = match known {
            Some(uid) => uid,
            None => self.remember(&name, uid_behind(connection, &name).await?),
        };
        Ok(Caller {
            name,
            uid,
            pid: None,
            host: None,
        })
    }

    /// A connection is gone.
    fn forget(&self, name: &str) {
        self.uids().remove(name);
    }

    fn remember(&self, name: &str, uid: u32) -> u32 {
        let mut uids = self.uids();
        // A connection that left while the bus was asked stays in the table.
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

/// Asks the bus for the pid behind a connection; `None` if it does not say.
pub(crate) async fn pid_behind(connection: &Connection, name: &str) -> Option<u32> {
    let reply = connection
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "GetConnectionUnixProcessID",
            &name,
        )
        .await
        .ok()?;
    reply.body().deserialize().ok()
}

fn unvouched() -> Error {
    Error::NotAuthorized(messages::UNKNOWN_CALLER.to_owned())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

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

    #[tokio::test]
    async fn work_counts_as_under_way_after_its_caller_has_left() {
        let limiter = CallLimiter::new(1, 1);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 1000,
            pid: None,
            host: None,
        };
        let permit = Arc::new(limiter.admit(&caller).unwrap());
        let workers = Arc::new(Semaphore::new(1));
        let call = Call {
            caller: caller.clone(),
            permit,
            workers: Arc::clone(&workers),
        };
        let (begun, begins) = std::sync::mpsc::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let work = tokio::spawn(async move {
            call.run(move || {
                begun.send(()).unwrap();
                let _ = ends.recv();
                Ok::<_, Error>(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || begins.recv().unwrap())
            .await
            .unwrap();
        work.abort();
        assert!(work.await.unwrap_err().is_cancelled());
        assert!(limiter.admit(&caller).is_err());
        let free = workers.available_permits();
        drop(end);
        assert_eq!(free, 0);
        while limiter.admit(&caller).is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn calls_of_root_do_not_wait_for_the_workers_of_others() {
        let limiter = CallLimiter::new(1, 1);
        let workers = Arc::new(Semaphore::new(0));
        let call = |uid| {
            let name = format!(":1.{uid}");
            let caller = Caller {
                name,
                uid,
                pid: None,
                host: None,
            };
            let permit = Arc::new(limiter.admit(&caller).unwrap());
            let workers = Arc::clone(&workers);
            Call {
                caller,
                permit,
                workers,
            }
        };
        assert_eq!(call(0).run(|| Ok::<_, Error>(7)).await.unwrap(), 7);
        let other = call(1000);
        let mut waiting = std::pin::pin!(other.run(|| Ok::<_, Error>(8)));
        let is_pending =
            poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
        assert!(is_pending.await);
        workers.add_permits(1);
        assert_eq!(waiting.await.unwrap(), 8);
        assert_eq!(workers.available_permits(), 1);
    }

    #[tokio::test]
    async fn work_that_panics_is_answered() {
        let limiter = CallLimiter::new(1, 1);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 1000,
            pid: None,
            host: None,
        };
        let permit = Arc::new(limiter.admit(&caller).unwrap());
        let call = Call {
            caller,
            permit,
            workers: Arc::new(Semaphore::new(1)),
        };
        let broken = call.run(|| -> Result<(), Error> { panic!("it breaks off") });
        let broken = broken.await;
        assert!(matches!(broken, Err(Error::Storage(_))));
        assert_eq!(call.run(|| Ok::<_, Error>(7)).await.unwrap(), 7);
    }
}
