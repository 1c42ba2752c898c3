//! The socket at which `tfa-fleet` passes on the calls of members. A connection carries one call after the
//! other, and has a thread.

use std::fmt::Display;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{Shutdown, shutdown};
use tfa_fleet_wire::limits::MAX_LOGIN_FRAME;
use tfa_fleet_wire::{Connection, MAX_MEMBER_CONNECTIONS, VerifierCall, frame};
use tfa_wire::TimeBudget;

use super::MemberLogins;
use crate::log::DaemonEvent;
use crate::messages;
use crate::semaphore::Semaphore;

/// How long a connection may be without a call. `tfa-fleet` opens another one then.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// How long `tfa-fleet` may take to receive a reply.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after a failure to accept: there may be no file descriptor left for a while.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);
/// The time between two lines of the log about connections that are not served.
const ERROR_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The connections that are served.
static CONNECTIONS: Semaphore = Semaphore::new(MAX_MEMBER_CONNECTIONS);

/// The socket, open.
#[derive(Debug)]
pub struct MemberSocket {
    path: PathBuf,
    listener: Arc<UnixListener>,
}

impl MemberSocket {
    /// Listens at a path, in place of a socket that an earlier daemon has left. Only a program with the uid
    /// `fleet`, or root's, is answered.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, fleet: u32, logins: Arc<MemberLogins>) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = Arc::new(UnixListener::bind(path)?);
        // Guarded by the uid of the peer: the daemon has no capabilities, and cannot give the file to
        // another user.
        fs::set_permissions(path, Permissions::from_mode(0o666))?;
        let accepting = Arc::clone(&listener);
        let thread = thread::Builder::new().name("members".to_owned());
        thread.spawn(move || accept(&accepting, fleet, &logins))?;
        Ok(Self {
            path: path.to_owned(),
            listener,
        })
    }

    /// Takes no further connection.
    pub fn close(self) {
        let _ = fs::remove_file(&self.path);
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Read);
    }
}

fn accept(listener: &UnixListener, fleet: u32, logins: &Arc<MemberLogins>) {
    let mut last_error: Option<Instant> = None;
    let mut log_error = |why: &dyn Display| {
        if last_error.is_none_or(|last| last.elapsed() >= ERROR_LOG_INTERVAL) {
            last_error = Some(Instant::now());
            let why = messages::of_a_member(why);
            let event = DaemonEvent::ConnectionRefused(&why);
            logins.journal.log_daemon(event);
        }
    };
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // The listener was shut down.
            Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => return,
            Err(error) => {
                log_error(&error);
                thread::sleep(ACCEPT_RETRY_DELAY);
                continue;
            }
        };
        // Before a byte is read, and outside the limit: other users do not count.
        let connection = match Connection::accept(stream, fleet, IDLE_TIMEOUT) {
            Ok(connection) => connection,
            Err(error) => {
                log_error(&error);
                continue;
            }
        };
        let Some(permit) = CONNECTIONS.try_acquire() else {
            log_error(&messages::TOO_MANY_LOGINS);
            continue;
        };
        let logins = Arc::clone(logins);
        let task = move || {
            let _permit = permit;
            // A panic ends this connection alone: the member denies.
            let _ = catch_unwind(AssertUnwindSafe(|| serve(connection, &logins)));
        };
        // Without a thread the connection ends.
        let thread = thread::Builder::new().name("member".to_owned());
        if let Err(error) = thread.spawn(task) {
            log_error(&error);
        }
    }
}

/// Answers one call after the other, until the peer closes the connection or breaks a rule.
fn serve(mut connection: Connection, logins: &MemberLogins) {
    loop {
        connection.set_budget(TimeBudget::start(IDLE_TIMEOUT));
        let Ok(call) = connection.receive_at_most(MAX_LOGIN_FRAME) else {
            return;
        };
        let reply = match call {
            VerifierCall::Member(call) => frame::encode(&logins.answer(call)),
            VerifierCall::Host(call) => frame::encode(&logins.hosts().answer(&call)),
        };
        connection.set_budget(TimeBudget::start(SEND_TIMEOUT));
        let sent = reply.map(|frame| connection.send(&frame));
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}
