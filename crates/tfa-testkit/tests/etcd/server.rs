//! A real etcd for one test, with the limit of the calls to it.

use std::sync::Arc;

use tfa_testkit::EtcdServer;

use crate::gateway::{Gateway, Limit};

/// A running etcd.
pub(crate) struct Etcd {
    server: EtcdServer,
    limit: Arc<Limit>,
}

impl Etcd {
    /// Starts an etcd without any keys; `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        Some(Self {
            server: EtcdServer::start()?,
            limit: Arc::default(),
        })
    }

    /// Kills etcd (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts etcd again, with the keys that it had.
    pub(crate) fn restart(&mut self) {
        self.server.restart();
    }

    /// A client of this etcd.
    pub(crate) fn client(&self) -> Gateway {
        Gateway::new(self.server.socket(1), Arc::clone(&self.limit))
    }
}
