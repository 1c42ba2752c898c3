//! TLS 1.3 with certificates on both sides.
//!
//! A session is never resumed: a resumed one would not show its certificate again, and so would
//! outlive it.

mod files;
mod own;
mod peer;
mod pinned;
mod purpose;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier as _;
use rustls::version::TLS13;
use rustls::{ClientConfig, ConfigBuilder, ServerConfig};
use tfa_fleet_core::HostName;

use crate::ALPN;
use crate::config::Config;
use crate::etcd::EndpointUrl;
use crate::log::{Level, log};
pub use files::{BadFile, FileMistake};
use files::{Files, Paths};
pub(crate) use files::{ends, files_of, own_name};
pub(crate) use own::{check_own, is_valid_for, key_of};
use peer::peer_in;
pub use peer::{Peer, UnnamedHost, host_of};
pub(crate) use pinned::pinned;
use purpose::{OfClients, OfServers};

/// What this host is to others.
#[derive(Debug)]
pub struct Identity {
    /// The name in its certificate.
    pub host: HostName,
    /// For connections that others open.
    pub server: Arc<ServerConfig>,
    /// For connections that this host opens.
    pub client: Arc<ClientConfig>,
}

impl Identity {
    /// Reads the files of the configuration, and verifies the certificate of this host as its peers
    /// will.
    ///
    /// # Errors
    /// [`BadFile`] names the file.
    pub fn read(config: &Config) -> Result<Self, BadFile> {
        let files = Files::read(Paths::of_host(config))?;
        let host = files.host()?;
        let provider = Arc::new(default_provider());
        let roots = Arc::new(files.roots()?);
        let bad_key = |error| BadFile::new(&config.key, FileMistake::Unusable(error));
        let bad_ca = |error| BadFile::new(&config.ca, FileMistake::NoAuthority(error));

        let of_clients = OfClients::new(Arc::clone(&roots), &provider).map_err(bad_ca)?;
        let of_servers = OfServers::new(roots, &provider).map_err(bad_ca)?;
        // What others would refuse is refused here, where the administrator reads why.
        let (own, between) = files.own()?;
        let now = UnixTime::now();
        let refused = |error| BadFile::new(&config.certificate, FileMistake::Refused(error));
        let name = ServerName::try_from(host.to_string())
            .map_err(|_| refused(rustls::CertificateError::NotValidForName.into()))?;
        if !config.listen.is_empty() {
            let verified = of_servers.verify_server_cert(own, between, &name, &[], now);
            if let Err(bad) = verified.map_err(refused) {
                // Its own tfad certifies it again, which needs the way to etcd. Members refuse it until then.
                if !config.is_managed || !bad.has_ended() {
                    return Err(bad);
                }
                log(Level::Warning, &bad);
            }
        }
        if !config.verifiers.is_empty() {
            of_clients
                .verify_client_cert(own, between, now)
                .map_err(refused)?;
        }

        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let mut server = tls_13(builder)
            .map_err(bad_key)?
            .with_client_cert_verifier(Arc::new(of_clients.with_guests(config.is_managed)))
            .with_single_cert(files.chain.clone(), files.key.clone_key())
            .map_err(bad_key)?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;

        let mut client = tls_13(ClientConfig::builder_with_provider(provider))
            .map_err(bad_key)?
            // Not dangerous: it verifies all that the standard one does, and the purpose.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(of_servers))
            .with_client_auth_cert(files.chain, files.key)
            .map_err(bad_key)?;
        client.alpn_protocols = vec![ALPN.to_vec()];
        client.resumption = Resumption::disabled();

        Ok(Self {
            host,
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }
}

/// Reads the files for connections with etcd. Nothing where no endpoint has TLS. etcd's certificates are
/// verified by the name or address in the URL; they may have further names.
///
/// # Errors
/// [`BadFile`] names the file.
pub fn of_etcd(config: &Config) -> Result<Option<Arc<ClientConfig>>, BadFile> {
    let Some(etcd) = config.etcd.as_ref() else {
        return Ok(None);
    };
    if !etcd.endpoints.iter().any(EndpointUrl::has_tls) {
        return Ok(None);
    }
    let paths = Paths::of_etcd(config, etcd);
    let files = Files::read(paths)?;
    let bad_key = |error| BadFile::new(paths.key, FileMistake::Unusable(error));
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let mut client = tls_13(builder)
        .map_err(bad_key)?
        .with_root_certificates(files.roots()?)
        .with_client_auth_cert(files.chain, files.key)
        .map_err(bad_key)?;
    client.alpn_protocols = vec![ALPN.to_vec()];
    client.resumption = Resumption::disabled();
    Ok(Some(Arc::new(client)))
}

fn tls_13<Side: rustls::ConfigSide>(
    builder: ConfigBuilder<Side, rustls::WantsVersions>,
) -> Result<ConfigBuilder<Side, rustls::WantsVerifier>, rustls::Error> {
    builder.with_protocol_versions(&[&TLS13])
}

/// The host at the other end of a connection whose handshake is done.
///
/// # Errors
/// [`UnnamedHost`]; also without a certificate or another protocol than HTTP/2.
pub fn peer_of(
    certificates: Option<&[CertificateDer<'static>]>,
    alpn: Option<&[u8]>,
) -> Result<Peer, UnnamedHost> {
    match certificates.and_then(<[_]>::first) {
        Some(certificate) if alpn == Some(ALPN) => peer_in(certificate),
        _ => Err(UnnamedHost::NoCertificate),
    }
}
