//! How this host opens a connection to another one: TCP, TLS, HTTP/2.

mod channel;
mod error;
mod source;
mod target;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::{ALPN, MAX_HEADERS};
pub use channel::Channel;
pub use error::TransportError;
pub(crate) use target::Target;

const HANDSHAKE_TIME: Duration = Duration::from_secs(3);
/// How long the first frames of HTTP/2 may take.
const HTTP2_TIME: Duration = Duration::from_secs(3);

/// Drives a connection. Its output is the error that ended it.
pub type Driver = Pin<Box<dyn Future<Output = Option<hyper::Error>> + Send>>;

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
