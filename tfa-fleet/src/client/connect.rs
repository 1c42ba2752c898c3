//! Opens a connection to a verifier: TCP, TLS, HTTP/2, and `Hello`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Uri;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tfa_fleet_core::HostName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::channel::Channel;
use crate::config::Verifier;
use crate::generated::HelloRequest;
use crate::generated::verifier_client::VerifierClient;
use crate::{ALPN, MAX_HEADERS, MAX_MESSAGE, PROTOCOL_VERSION};

/// How long the name is looked up and TCP connects.
const CONNECT_TIME: Duration = Duration::from_secs(1);
const HANDSHAKE_TIME: Duration = Duration::from_secs(3);
/// How long `Hello` may take, with the first frames of HTTP/2.
const HELLO_TIME: Duration = Duration::from_secs(3);
/// As on the verifier: more than a message is not sent ahead of its reader.
const WINDOW: u32 = 64 * 1024 - 1;
/// A verifier that has stopped is noticed before a login needs it.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIME: Duration = Duration::from_secs(5);

/// A connection on which the verifier has answered `Hello`.
pub(super) struct Connected {
    pub(super) channel: Channel,
    pub(super) clock_ahead_ms: i64,
    pub(super) round_trip_us: u32,
    /// Drives the connection. Its output is the error that ended it.
    pub(super) end: Pin<Box<dyn Future<Output = Option<hyper::Error>> + Send>>,
}

/// Connects. An error is a sentence for the log.
pub(super) async fn connect(
    verifier: &Verifier,
    host: &HostName,
    tls: Arc<ClientConfig>,
) -> Result<Connected, String> {
    let stream = timeout(CONNECT_TIME, open(verifier))
        .await
        .map_err(|_| "no answer to the connection".to_owned())?
        .map_err(|error| error.to_string())?;
    // A request is small and waited for.
    let _ = stream.set_nodelay(true);
    let name = ServerName::try_from(verifier.name.to_string())
        .map_err(|_| "the name is no server name".to_owned())?;
    let stream = timeout(
        HANDSHAKE_TIME,
        TlsConnector::from(tls).connect(name, stream),
    )
    .await
    .map_err(|_| "the TLS handshake took too long".to_owned())?
    .map_err(|error| format!("the TLS handshake failed: {error}"))?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err("the peer does not speak HTTP/2".to_owned());
    }
    let handshake = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .max_send_buf_size(MAX_MESSAGE)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIME)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream));
    let (sender, connection) = timeout(HELLO_TIME, handshake)
        .await
        .map_err(|_| "HTTP/2 took too long".to_owned())?
        .map_err(|error| format!("HTTP/2 failed: {error}"))?;
    let mut connection = Box::pin(connection);
    let channel = Channel::new(sender);
    let hello = timeout(HELLO_TIME, hello(channel.clone(), verifier, host));
    let (clock_ahead_ms, round_trip_us) = tokio::select! {
        // The connection first: when it ends, `Hello` fails as well, and knows less of the reason.
        biased;
        // In TLS 1.3 a client learns only now that its certificate was refused.
        end = &mut connection => return Err(match end {
            Err(error) => format!("the connection broke: {}", cause(&error)),
            Ok(()) => "the verifier closed the connection".to_owned(),
        }),
        hello = hello => hello.map_err(|_| "Hello was not answered".to_owned())??,
    };
    Ok(Connected {
        channel,
        clock_ahead_ms,
        round_trip_us,
        end: Box::pin(async move { connection.await.err() }),
    })
}

async fn open(verifier: &Verifier) -> io::Result<TcpStream> {
    match verifier.address {
        Some(address) => TcpStream::connect((address, verifier.port)).await,
        None => TcpStream::connect((verifier.name.as_str(), verifier.port)).await,
    }
}

/// Returns how far the verifier's clock is ahead, in milliseconds, and the time of the round trip, in
/// microseconds.
async fn hello(
    channel: Channel,
    verifier: &Verifier,
    host: &HostName,
) -> Result<(i64, u32), String> {
    let origin = Uri::builder()
        .scheme("https")
        .authority(format!("{}:{}", verifier.name, verifier.port))
        .path_and_query("/")
        .build()
        .map_err(|error| error.to_string())?;
    let mut client = VerifierClient::with_origin(channel, origin)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let start = Instant::now();
    let request = HelloRequest {
        version: PROTOCOL_VERSION,
        features: Vec::new(),
    };
    let reply = client.hello(request).await;
    let round_trip = start.elapsed();
    let reply = reply
        .map_err(|status| format!("Hello failed: {:?}: {}", status.code(), status.message()))?
        .into_inner();
    if reply.version == 0 {
        return Err("the verifier has no version of the protocol".to_owned());
    }
    if reply.member != host.as_str() {
        return Err("the verifier reads another name in the certificate of this host".to_owned());
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // Half of the round trip ago, if both ways take the same time.
    let asked = now.saturating_sub(round_trip / 2);
    let millis = |time: u128| i64::try_from(time).unwrap_or(i64::MAX);
    let ahead = millis(reply.time_ms.into()).saturating_sub(millis(asked.as_millis()));
    Ok((
        ahead,
        u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX),
    ))
}

/// The deepest cause of an error: that of TLS, below those of HTTP.
fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
