//! The daemon's own socket, which the PAM module tries first: `.Login` from peer to peer, without a
//! bus between. It takes a quarter of the time of the bus.
//!
//! A phase of a login is one connection and one thread, from the first call to the verdict. Only the
//! commit, and group look-ups where they are needed, are handed to another thread: a hand-over takes
//! longer than most of the work. Any program may connect, so everything is bounded: connections, silence,
//! lengths. The kernel tells whose connection it is (`SO_PEERCRED`). A dialog dies with its connection.
//!
//! 1. `workers` are the threads, each of which waits for a connection. `counters` counts them, and in
//!    `queue` their calls wait for their turn.
//! 2. `connection` is one connection from begin to end.
//! 3. `call` decodes a call and encodes the reply.

mod call;
mod connection;
mod counters;
mod queue;
#[cfg(test)]
mod tests;
mod workers;

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use tfa_wire::Guid;

use crate::call_limiter::CallLimiter;
use crate::host::random;
use crate::log::Journal;
use crate::login::LoginService;
use workers::WorkerPool;

/// The socket, open.
pub struct LoginSocket {
    path: PathBuf,
    workers: Arc<WorkerPool>,
}

impl LoginSocket {
    /// Listens at a path, and serves logins there. It replaces a socket that was left there: the daemon
    /// that opens it owns the name on the bus, and is the only one.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(
        path: &Path,
        logins: Arc<dyn LoginService>,
        journal: Arc<Journal>,
        calls: Arc<CallLimiter>,
    ) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o666))?;
        let guid = Guid::generate(random::fill).map_err(io::Error::other)?;
        let workers = WorkerPool::of(listener, guid, logins, journal, calls);
        workers.spawn_worker()?;
        let path = path.to_owned();
        Ok(Self { path, workers })
    }

    /// Closes the socket. A connection that is there makes its first call, and every call under way is
    /// answered. Returns after that, or after a time limit.
    pub fn close(self, limit: Duration) {
        let _ = fs::remove_file(&self.path);
        let _ = shutdown(self.workers.listener().as_raw_fd(), Shutdown::Read);
        self.workers.finish(limit);
    }
}
