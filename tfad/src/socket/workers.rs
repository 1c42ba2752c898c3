//! The threads that wait for connections. As soon as one has a connection, another one waits for the
//! next: a slow client delays no other.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use super::connection::Connection;
use super::counters::{ConnectionCounters, Counters};
use super::queue::Queue;
use crate::call_limiter::CallLimiter;
use crate::caller::Caller;
use crate::log::{DaemonEvent, Journal};
use crate::login::LoginService;
use tfa_wire::Guid;

/// The number of threads that go on waiting after many connections at once; the others end.
const MAX_IDLE_WORKERS: usize = 16;
/// The number of connections. Each takes a thread and less than 100 KiB, besides what its peer
/// does not read, and the unit has half a gigabyte.
const MAX_CONNECTIONS: usize = 4096;
/// The number of connections of one uid other than root, and of all of them together.
const MAX_PER_UID: u32 = 16;
const MAX_UNPRIVILEGED: u32 = 512;
/// The pause after a failure to accept: there may be no file descriptor left for a while.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);
/// How often such failures are logged.
const ERROR_LOG_INTERVAL: Duration = Duration::from_secs(60);
/// How long new connections may take for their first call when the daemon stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(200);

/// The threads, and what they share.
pub(super) struct WorkerPool {
    listener: UnixListener,
    guid: Guid,
    logins: Arc<dyn LoginService>,
    journal: Arc<Journal>,
    queue: Queue,
    connections: Arc<CallLimiter>,
    accepted: AtomicU64,
    counters: Counters,
    last_error: Mutex<Option<Instant>>,
}

impl WorkerPool {
    pub(super) fn of(
        listener: UnixListener,
        guid: Guid,
        logins: Arc<dyn LoginService>,
        journal: Arc<Journal>,
        calls: Arc<CallLimiter>,
    ) -> Arc<Self> {
        Arc::new(Self {
            listener,
            guid,
            logins,
            journal,
            queue: Queue::new(calls),
            connections: CallLimiter::new(MAX_PER_UID, MAX_UNPRIVILEGED),
            accepted: AtomicU64::new(0),
            counters: Counters::default(),
            last_error: Mutex::default(),
        })
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Starts one more thread, which waits.
    pub(super) fn spawn_worker(self: &Arc<Self>) -> io::Result<()> {
        self.counters.modify(|counts| counts.waiting += 1);
        let this = Arc::clone(self);
        let thread = thread::Builder::new().name("login".to_owned());
        let started = thread.spawn(move || this.wait());
        started.map(|_| ()).inspect_err(|_| {
            self.counters.modify(|counts| counts.waiting -= 1);
        })
    }

    /// Takes no further call, but for the first ones of connections that are there. Returns when every
    /// call under way was answered, or after a time limit.
    pub(super) fn finish(&self, limit: Duration) {
        self.counters.modify(|counts| counts.closed = true);
        self.counters.wait_until(SHUTDOWN_TIMEOUT, |counts| {
            counts.waiting == 0 && counts.busy == 0 && counts.new == 0
        });
        self.counters
            .wait_until(limit, |counts| counts.waiting == 0 && counts.busy == 0);
    }

    /// Waits for connections, until enough other threads do, or the listener is shut down.
    fn wait(self: &Arc<Self>) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if !self.handle_connection(stream) {
                        return;
                    }
                }
                // The listener was shut down.
                Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => break,
                Err(error) => {
                    self.log_error(&error.to_string());
                    thread::sleep(ACCEPT_RETRY_DELAY);
                }
            }
        }
        self.counters.modify(|counts| counts.waiting -= 1);
    }

    /// Handles a connection to its end. Returns whether to wait for another one.
    fn handle_connection(self: &Arc<Self>, stream: UnixStream) -> bool {
        let mut counters = ConnectionCounters::begin(&self.counters);
        if counters.is_last_waiting()
            && let Err(error) = self.spawn_worker()
        {
            // A thread must wait for the next connection: this one does.
            self.log_error(&error.to_string());
            drop(stream);
            return counters.end(MAX_IDLE_WORKERS);
        }
        if counters.count() > MAX_CONNECTIONS {
            self.log_error("too many logins are under way");
            drop(stream);
        } else {
            self.serve(stream, &mut counters);
        }
        counters.end(MAX_IDLE_WORKERS)
    }

    fn serve(&self, stream: UnixStream, counters: &mut ConnectionCounters<'_>) {
        // Those of the peer at the time when it connected.
        let Ok(credentials) = getsockopt(&stream, PeerCredentials) else {
            return;
        };
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        let caller = Caller {
            // No unique name of the bus looks like it.
            name: format!("connection {number}"),
            uid: credentials.uid(),
            // 0 for a process of a namespace that this one does not see.
            pid: u32::try_from(credentials.pid())
                .ok()
                .filter(|pid| *pid != 0),
            host: None,
        };
        // A peer with too many learns of it by the end of the connection.
        let Ok(_permit) = self.connections.admit(&caller) else {
            return;
        };
        // A panic ends this login alone: the module refuses it.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            Connection::new(stream, &caller, &*self.logins, &self.queue, &self.journal)
                .conduct(&self.guid, counters)
        }));
        self.logins.forget(&caller.name);
    }

    /// Logs now and then why a connection is not served.
    fn log_error(&self, why: &str) {
        let mut last_error = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_error.is_none_or(|last| last.elapsed() >= ERROR_LOG_INTERVAL) {
            *last_error = Some(Instant::now());
            self.journal.log_daemon(DaemonEvent::ConnectionRefused(why));
        }
    }
}
