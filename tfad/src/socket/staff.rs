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

use super::handshake::Guid;
use super::presence::{At, Presence};
use super::queue::Queue;
use super::visit::Visit;
use crate::dbus::beside;
use crate::dbus::caller::Caller;
use crate::log::journal::{Journal, Level};
use crate::login::Logins;
use crate::socket::call_limiter::Visitors;

/// How many go on waiting, after many have come at once, and the others end.
const SPARE: usize = 16;
/// How many connections there may be. Each takes a thread and less than 100 KiB, besides what its peer
/// does not read, and the unit has half a gigabyte.
const MOST: usize = 4096;
/// How many a caller who is not root may have, and all of them together.
const MOST_OF_ONE_UID: u32 = 16;
const MOST_OF_OTHERS: u32 = 512;
/// How long nobody is let in after a failure: there may be no descriptor left for a while.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the log says so.
const COMPLAINT: Duration = Duration::from_secs(60);
/// How long those who have connected may take for their call when the daemon ends.
const FAREWELL: Duration = Duration::from_millis(200);

/// The threads, and what they have in common.
pub(super) struct Staff {
    listener: UnixListener,
    guid: Guid,
    logins: Arc<Logins>,
    journal: Arc<Journal>,
    queue: Queue,
    places: Visitors,
    accepted: AtomicU64,
    at: watch::Sender<At>,
    complained: Mutex<Option<Instant>>,
}

impl Staff {
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
            places: Visitors::new(MOST_OF_ONE_UID, MOST_OF_OTHERS),
            accepted: AtomicU64::new(0),
            at: watch::Sender::default(),
            complained: Mutex::default(),
        })
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// One thread more, which waits.
    pub(super) fn one_more(self: &Arc<Self>) -> io::Result<()> {
        self.at.send_modify(|at| at.waiting += 1);
        let this = Arc::clone(self);
        let thread = thread::Builder::new().name("login".to_owned());
        let started = thread.spawn(move || {
            beside::stay();
            this.wait();
        });
        started.map(|_| ()).inspect_err(|_| {
            self.at.send_modify(|at| at.waiting -= 1);
        })
    }

    /// No further call is taken, but for the first ones of those who have come already. When all that
    /// are under way have been answered.
    pub(super) async fn done(&self) {
        self.at.send_modify(|at| at.closed = true);
        let mut at = self.at.subscribe();
        let gone = at.wait_for(|at| at.waiting == 0 && at.busy == 0 && at.coming == 0);
        let _ = timeout(FAREWELL, gone).await;
        let _ = at.wait_for(|at| at.waiting == 0 && at.busy == 0).await;
    }

    /// Waits for connections, until there are enough who do, or the listener is shut down.
    fn wait(self: &Arc<Self>) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if !self.attend(stream) {
                        return;
                    }
                }
                // The daemon is told to stop.
                Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => break,
                Err(error) => {
                    self.complain(&error.to_string());
                    thread::sleep(PAUSE);
                }
            }
        }
        self.at.send_modify(|at| at.waiting -= 1);
    }

    /// Attends to a connection. Whether to wait for another.
    fn attend(self: &Arc<Self>, stream: UnixStream) -> bool {
        let mut presence = Presence::begin(&self.at);
        if presence.nobody_waits()
            && let Err(error) = self.one_more()
        {
            // Somebody must wait for the next, so nobody is attended to now.
            self.complain(&error.to_string());
            drop(stream);
            return presence.end(SPARE);
        }
        if presence.count() > MOST {
            self.complain("too many logins are under way");
            drop(stream);
        } else {
            self.visit(stream, &mut presence);
        }
        presence.end(SPARE)
    }

    fn visit(&self, stream: UnixStream, presence: &mut Presence<'_>) {
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
        let Ok(_place) = self.places.admit(&caller) else {
            return;
        };
        // A defect must end this login alone; whoever waits for it is refused.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            Visit::new(stream, &caller, &self.logins, &self.queue).conduct(self.guid, presence)
        }));
        self.logins.forget(&caller.name);
    }

    /// Says now and then why somebody is not let in.
    fn complain(&self, why: &str) {
        let mut complained = self
            .complained
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if complained.is_none_or(|last| last.elapsed() >= COMPLAINT) {
            *complained = Some(Instant::now());
            let what = format!("a login cannot be served: {why}");
            self.journal.write(Level::Error, &what);
        }
    }
}
