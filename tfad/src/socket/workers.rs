//! The threads that wait for connections. As soon as one has got a connection, another waits for the
//! next, so that nobody who answers slowly holds up anybody else.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::Connection;
use super::counters::{ConnectionCounters, Counts};
use super::queue::Queue;
use crate::dbus::beside;
use crate::dbus::caller::Caller;
use crate::log::journal::{Journal, Level};
use crate::login::Logins;
use crate::socket::call_limiter::CallLimiter;
use tfa_wire::Guid;

/// How many go on waiting, after many have come at once, and the others end.
const MAX_IDLE_WORKERS: usize = 16;
/// How many connections there may be. Each takes a thread and less than 100 KiB, besides what its peer
/// does not read, and the unit has half a gigabyte.
const MAX_CONNECTIONS: usize = 4096;
/// How many a caller who is not root may have, and all of them together.
const MAX_PER_UID: u32 = 16;
const MAX_UNPRIVILEGED: u32 = 512;
/// How long nobody is let in after a failure: there may be no descriptor left for a while.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);
/// How often the log says so.
const ERROR_LOG_INTERVAL: Duration = Duration::from_secs(60);
/// How long those who have connected may take for their call when the daemon ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(200);

/// The threads, and what they have in common.
pub(super) struct WorkerPool {
    listener: UnixListener,
    guid: Guid,
    logins: Arc<Logins>,
    journal: Arc<Journal>,
    queue: Queue,
    limiter: CallLimiter,
    accepted: AtomicU64,
    counts: watch::Sender<Counts>,
    last_error: Mutex<Option<Instant>>,
}

impl WorkerPool {
    pub(super) fn of(
        listener: UnixListener,
        guid: Guid,
        logins: Arc<Logins>,
        journal: Arc<Journal>,
        runtime: Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            listener,
            guid,
            logins,
            journal,
            queue: Queue::new(runtime),
            limiter: CallLimiter::new(MAX_PER_UID, MAX_UNPRIVILEGED),
            accepted: AtomicU64::new(0),
            counts: watch::Sender::default(),
            last_error: Mutex::default(),
        })
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// One thread more, which waits.
    pub(super) fn spawn_worker(self: &Arc<Self>) -> io::Result<()> {
        self.counts.send_modify(|at| at.waiting += 1);
        let this = Arc::clone(self);
        let thread = thread::Builder::new().name("login".to_owned());
        let started = thread.spawn(move || {
            beside::stay();
            this.wait();
        });
        started.map(|_| ()).inspect_err(|_| {
            self.counts.send_modify(|at| at.waiting -= 1);
        })
    }

    /// No further call is taken, but for the first ones of those who have come already. When all that
    /// are under way have been answered.
    pub(super) async fn done(&self) {
        self.counts.send_modify(|at| at.closed = true);
        let mut at = self.counts.subscribe();
        let gone = at.wait_for(|at| at.waiting == 0 && at.busy == 0 && at.new == 0);
        let _ = timeout(SHUTDOWN_TIMEOUT, gone).await;
        let _ = at.wait_for(|at| at.waiting == 0 && at.busy == 0).await;
    }

    /// Waits for connections, until there are enough who do, or the listener is shut down.
    fn wait(self: &Arc<Self>) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if !self.handle_connection(stream) {
                        return;
                    }
                }
                // The daemon is told to stop.
                Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => break,
                Err(error) => {
                    self.log_error(&error.to_string());
                    thread::sleep(ACCEPT_RETRY_DELAY);
                }
            }
        }
        self.counts.send_modify(|at| at.waiting -= 1);
    }

    /// Attends to a connection. Whether to wait for another.
    fn handle_connection(self: &Arc<Self>, stream: UnixStream) -> bool {
        let mut counters = ConnectionCounters::begin(&self.counts);
        if counters.is_last_waiting()
            && let Err(error) = self.spawn_worker()
        {
            // Somebody must wait for the next, so nobody is attended to now.
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
        // Of whoever connected, as it was then.
        let Ok(credentials) = getsockopt(&stream, PeerCredentials) else {
            return;
        };
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        let caller = Caller {
            // No unique name of the bus looks like it.
            name: format!("connection {number}"),
            uid: credentials.uid(),
        };
        // Whoever has too many is told so by the end of the connection.
        let Ok(_permit) = self.limiter.admit(&caller) else {
            return;
        };
        // A defect must end this login alone; whoever waits for it is refused.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            Connection::new(stream, &caller, &self.logins, &self.queue).conduct(self.guid, counters)
        }));
        self.logins.forget(&caller.name);
    }

    /// Says now and then why somebody is not let in.
    fn log_error(&self, why: &str) {
        let mut last_error = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_error.is_none_or(|last| last.elapsed() >= ERROR_LOG_INTERVAL) {
            *last_error = Some(Instant::now());
            let what = format!("a login cannot be served: {why}");
            self.journal.write(Level::Error, &what);
        }
    }
}
