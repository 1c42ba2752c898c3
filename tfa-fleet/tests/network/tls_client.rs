//! A client of the tests: TLS by rustls, as the program's, and what the test wants after it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use tokio::net::TcpSocket;

use crate::TIMEOUT;
use crate::authority::{Authority, Issued};
use crate::requests::runtime;

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// The first bytes of HTTP/2, with empty settings.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The configuration of a client with this certificate, or none.
pub(crate) fn config(authority: &Authority, host: Option<&Issued>) -> ClientConfig {
    config_of(CertificateDer::from(authority.certificate().to_vec()), host)
}

/// The same for any authority.
pub(crate) fn config_of(authority: CertificateDer<'static>, host: Option<&Issued>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match host {
        None => builder.with_no_client_auth(),
        Some(host) => {
            let chain = host.chain.iter().cloned().map(CertificateDer::from);
            let key = PrivateKeyDer::try_from(host.key.clone()).unwrap();
            builder.with_client_auth_cert(chain.collect(), key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

pub(crate) fn tcp(verifier: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(verifier).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// The same from another address of the loopback interface.
pub(crate) fn tcp_from(verifier: SocketAddr, source: [u8; 4]) -> TcpStream {
    let connected = runtime().block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        socket.connect(verifier).await.unwrap().into_std()
    });
    let stream = connected.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

pub(crate) fn connect(verifier: SocketAddr, config: &Arc<ClientConfig>) -> TlsStream {
    connect_to("v1.test", verifier, config)
}

/// Connects to the verifier with that name.
pub(crate) fn connect_to(
    name: &'static str,
    verifier: SocketAddr,
    config: &Arc<ClientConfig>,
) -> TlsStream {
    let name = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    StreamOwned::new(connection, tcp(verifier))
}

/// Whether the verifier speaks HTTP/2 with this client: it sends its settings.
pub(crate) fn is_served(stream: &mut TlsStream) -> bool {
    let mut header = [0; 9];
    let served = stream
        .write_all(PREFACE)
        .and_then(|()| stream.read_exact(&mut header));
    match served {
        Ok(()) => header[3] == 4,
        Err(error) if is_timeout(&error) => panic!("the verifier does not answer"),
        Err(_) => false,
    }
}

/// Waits until the verifier has closed a connection.
pub(crate) fn assert_closed(stream: &mut impl Read) {
    match stream.read_to_end(&mut Vec::new()) {
        Err(error) if is_timeout(&error) => panic!("the connection is still open"),
        _ => {}
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
