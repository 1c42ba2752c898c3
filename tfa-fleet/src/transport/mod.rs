//! How this host opens a connection to another one: TCP, TLS, HTTP/2.

mod channel;
mod error;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::{ALPN, MAX_HEADERS};
pub use channel::Channel;
pub use error::TransportError;

/// How long the name is looked up: enough for a name server that is down, and the next one.
const LOOKUP_TIME: Duration = Duration::from_secs(10);
/// How long TCP connects to one address.
const TCP_TIME: Duration = Duration::from_secs(1);
const HANDSHAKE_TIME: Duration = Duration::from_secs(3);
/// How long the first frames of HTTP/2 may take.
const HTTP2_TIME: Duration = Duration::from_secs(3);

/// Drives a connection. Its output is the error that ended it.
pub type Driver = Pin<Box<dyn Future<Output = Option<hyper::Error>> + Send>>;

/// Connects to a host, at its address or at those that its name has.
pub(crate) async fn tcp(
    name: &str,
    port: u16,
    address: Option<IpAddr>,
) -> Result<TcpStream, TransportError> {
    let addresses = match address {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => {
            let found = timeout(LOOKUP_TIME, lookup_host((name, port))).await;
            let found = found.map_err(|_| TransportError::LookupTime)?;
            found.map_err(TransportError::Lookup)?.collect()
        }
    };
    let stream = open(&addresses).await?;
    // A request is small and waited for.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Connects to the first address that answers. Each has a time of its own: one that drops packets
/// does not hide the next.
async fn open(addresses: &[SocketAddr]) -> Result<TcpStream, TransportError> {
    let mut last = TransportError::NoAddress;
    for address in addresses {
        last = match timeout(TCP_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => TransportError::Tcp(*address, error),
            Err(_) => TransportError::TcpTime(*address),
        };
    }
    Err(last)
}

/// Performs the TLS handshake with the host of this name, for HTTP/2.
pub(crate) async fn tls(
    stream: TcpStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let handshake = TlsConnector::from(config).connect(name, stream);
    let stream = timeout(HANDSHAKE_TIME, handshake)
        .await
        .map_err(|_| TransportError::TlsTime)?
        .map_err(TransportError::Tls)?;
    match stream.get_ref().1.alpn_protocol() == Some(ALPN) {
        true => Ok(stream),
        false => Err(TransportError::NotHttp2),
    }
}

/// How HTTP/2 is spoken. A message is not sent ahead of its reader by more than this number of bytes.
pub(crate) fn http2(window: u32) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(window)
        .max_header_list_size(MAX_HEADERS);
    builder
}

/// Begins HTTP/2.
pub(crate) async fn begin(
    http2: &http2::Builder<TokioExecutor>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(Channel, Driver), TransportError> {
    let (sender, connection) = timeout(HTTP2_TIME, http2.handshake(TokioIo::new(stream)))
        .await
        .map_err(|_| TransportError::Http2Time)?
        .map_err(TransportError::Http2)?;
    let driver = Box::pin(async move { connection.await.err() });
    Ok((Channel::new(sender), driver))
}

/// The deepest cause of an error: that of TLS, below those of HTTP.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpSocket};

    #[tokio::test]
    async fn address_that_drops_packets_does_not_hide_the_next() {
        // The queue of a listener with a backlog of 0 holds one connection. The kernel drops further
        // ones.
        let full = TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let _first = TcpStream::connect(silent).await.unwrap();
        assert!(matches!(
            open(&[silent]).await,
            Err(TransportError::TcpTime(address)) if address == silent
        ));

        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let stream = open(&[silent, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn name_without_an_address_is_an_error() {
        assert!(matches!(open(&[]).await, Err(TransportError::NoAddress)));
    }
}
