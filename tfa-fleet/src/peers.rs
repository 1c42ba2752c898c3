//! What this host is to the other hosts of its fleet: its name, and the connections with them.

use std::sync::Arc;

use tfa_fleet_core::HostName;

use crate::client::Verifiers;
use crate::config::Config;
use crate::credentials::Folder;
use crate::server::{Server, Tfad};
use crate::tls::{BadFile, FileMistake, Identity};

/// This host, with its certificate.
#[derive(Debug)]
pub(crate) struct Peers {
    /// The name in the certificate.
    pub(crate) host: HostName,
    /// The server, also where it listens nowhere.
    pub(crate) server: Arc<Server>,
    /// The verifiers of the configuration.
    pub(crate) verifiers: Arc<Verifiers>,
}

/// Whether this is a verifier with etcd that its fleet has not certified yet, and nothing is wrong with that. A host
/// that has lost its certificate is none: its members would see a verifier that is cut off.
pub(crate) fn is_not_certified_yet(config: &Config, folder: &Folder) -> bool {
    let is_new = folder.has_no_certificate() && folder.has_no_authority();
    config.is_managed && config.etcd.is_some() && config.verifiers.is_empty() && is_new
}

impl Peers {
    /// Reads the certificate of this host. `None` on a verifier with etcd that its fleet has not certified yet:
    /// the authority is made, or known, only after tfad has reached its store in etcd.
    pub(crate) fn read(
        config: &Config,
        folder: &Folder,
        tfad: &Arc<Tfad>,
    ) -> Result<Option<Self>, BadFile> {
        if is_not_certified_yet(config, folder) {
            return Ok(None);
        }
        let identity = Identity::read(config)?;
        let server = Server::new(identity.server, config.limits, Arc::clone(tfad));
        let verifiers = Verifiers::new(&config.verifiers, &identity.host, &identity.client);
        Ok(Some(Self {
            host: identity.host,
            server: Arc::new(server),
            verifiers: Arc::new(verifiers),
        }))
    }

    /// Uses the certificate of now, which must have the same name, for the connections from now on.
    pub(crate) fn renew(&self, config: &Config) -> Result<(), BadFile> {
        let identity = Identity::read(config)?;
        if identity.host != self.host {
            let mistake = FileMistake::OtherHost(identity.host, self.host.clone());
            return Err(BadFile::new(&config.certificate, mistake));
        }
        self.server.replace(identity.server);
        self.verifiers.replace(&identity.client);
        Ok(())
    }
}
