//! The daemon's own socket, where the PAM module comes to first: `.Login` from peer to peer, without
//! a bus between. It takes a quarter of the bus' time, and nobody else's traffic is in its way.
//!
//! A phase of a login is one connection and one thread, from the first call to the verdict: but for the
//! commit, and groups and Argon2 where they are needed, nothing is handed from thread to thread, which
//! takes longer than most of what there is to do. Anybody may connect, so everything is bounded: connections, silence, lengths. The kernel says whose connection
//! it is (`SO_PEERCRED`), and a dialog dies with it.
//!
//! 1. `workers` are the threads that wait for a connection each; `counters` knows where they are, and
//!    in `queue` their calls wait for their turn.
//! 2. `connection` is one connection from its beginning to its end.
//! 3. `call` decodes a call and encodes its reply. The handshake is in `tfa-wire`.

mod call;
pub mod call_limiter;
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

use nix::sys::socket::{Shutdown, shutdown};
use tokio::runtime::Handle;

use tfa_wire::Guid;

use crate::host::random;
use crate::log::journal::Journal;
use crate::login::Logins;
use workers::WorkerPool;

/// The socket, open.
pub struct LoginSocket {
    path: PathBuf,
    workers: Arc<WorkerPool>,
}

impl LoginSocket {
    /// Listens at a path, and serves whoever comes. What was left there goes: whoever opens the door
    /// has the daemon's name on the bus, and is the only one.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, logins: Arc<Logins>, journal: Arc<Journal>) -> io::Result<Self> {
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
        let workers = WorkerPool::of(listener, guid, logins, journal, Handle::current());
        workers.spawn_worker()?;
        let path = path.to_owned();
        Ok(Self { path, workers })
    }

    /// Nobody else finds the door; whoever stands in it already is let in, and every call under way
    /// is answered.
    pub async fn close(self) {
        let _ = fs::remove_file(&self.path);
        let _ = shutdown(self.workers.listener().as_raw_fd(), Shutdown::Read);
        self.workers.done().await;
    }
}
