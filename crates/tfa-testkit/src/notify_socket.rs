//! The socket through which a service manager learns that a service is ready: sd_notify(3).

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::TIMEOUT;

/// The socket that `NOTIFY_SOCKET` names.
pub struct NotifySocket {
    path: PathBuf,
    socket: UnixDatagram,
}

impl NotifySocket {
    /// Makes the socket `notify` in a folder.
    pub fn bind(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self { path, socket }
    }

    /// The value of `NOTIFY_SOCKET`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the service is ready.
    pub fn wait_until_ready(&self) {
        let mut message = [0; 256];
        loop {
            let length = self
                .socket
                .recv(&mut message)
                .expect("the service is ready");
            if message[..length].starts_with(b"READY=1") {
                return;
            }
        }
    }
}
