//! Opens a connection to a verifier: TCP, TLS, HTTP/2, and `Hello`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Uri;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tfa_fleet_core::HostName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::channel::Channel;
use super::error::ConnectError;
use crate::config::Verifier;
use crate::generated::HelloRequest;
use crate::generated::verifier_client::VerifierClient;
use crate::{ALPN, MAX_HEADERS, MAX_MESSAGE, PROTOCOL_VERSION};

/// How long the name is looked up: enough for a name server that is down, and the next one.
const LOOKUP_TIME: Duration = Duration::from_secs(10);
/// How long TCP connects to one address.
const TCP_TIME: Duration = Duration::from_secs(1);
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
    /// After how long the next connection should be opened, before this one ends.
    pub(super) renew_after: Duration,
    /// Drives the connection. Its output is the error that ended it.
    pub(super) end: Pin<Box<dyn Future<Output = Option<hyper::Error>> + Send>>,
}

/// What a verifier says in `Hello`.
struct Hello {
    clock_ahead_ms: i64,
    round_trip_us: u32,
    renew_after: Duration,
}

pub(super) async fn connect(
    verifier: &Verifier,
    host: &HostName,
    tls: Arc<ClientConfig>,
) -> Result<Connected, ConnectError> {
    let stream = open(&addresses_of(verifier).await?).await?;
    // A request is small and waited for.
    let _ = stream.set_nodelay(true);
    let name = ServerName::try_from(verifier.name.to_string())
        .map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
    let stream = timeout(
        HANDSHAKE_TIME,
        TlsConnector::from(tls).connect(name, stream),
    )
    .await
    .map_err(|_| ConnectError::TlsTime)?
    .map_err(ConnectError::Tls)?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(ConnectError::NotHttp2);
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
        .map_err(|_| ConnectError::HelloTime)?
        .map_err(ConnectError::Http2)?;
    let mut connection = Box::pin(connection);
    let channel = Channel::new(sender);
    let hello = timeout(HELLO_TIME, hello(channel.clone(), verifier, host));
    let hello = tokio::select! {
        // The connection first: when it ends, `Hello` fails as well, and knows less of the reason.
        biased;
        // In TLS 1.3 a client learns only now that its certificate was refused.
        end = &mut connection => return Err(match end {
            Err(error) => ConnectError::Broken(cause(&error)),
            Ok(()) => ConnectError::Closed,
        }),
        hello = hello => hello.map_err(|_| ConnectError::HelloTime)??,
    };
    Ok(Connected {
        channel,
        clock_ahead_ms: hello.clock_ahead_ms,
        round_trip_us: hello.round_trip_us,
        renew_after: hello.renew_after,
        end: Box::pin(async move { connection.await.err() }),
    })
}

async fn addresses_of(verifier: &Verifier) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Some(address) = verifier.address {
        return Ok(vec![SocketAddr::new(address, verifier.port)]);
    }
    let found = lookup_host((verifier.name.as_str(), verifier.port));
    let found = timeout(LOOKUP_TIME, found).await;
    let found = found.map_err(|_| ConnectError::LookupTime)?;
    Ok(found.map_err(ConnectError::Lookup)?.collect())
}

/// Connects to the first address that answers. Each has a time of its own: one that drops packets
/// does not hide the next.
async fn open(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::NoAddress;
    for address in addresses {
        last = match timeout(TCP_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => ConnectError::Tcp(*address, error),
            Err(_) => ConnectError::TcpTime(*address),
        };
    }
    Err(last)
}

async fn hello(
    channel: Channel,
    verifier: &Verifier,
    host: &HostName,
) -> Result<Hello, ConnectError> {
    let origin = Uri::builder()
        .scheme("https")
        .authority(format!("{}:{}", verifier.name, verifier.port))
        .path_and_query("/")
        .build()
        .map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
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
    let reply = reply?.into_inner();
    // Both sides speak the lower one of their versions, and the lowest of all is 1.
    if reply.version == 0 {
        return Err(ConnectError::Version);
    }
    if reply.member != host.as_str() {
        return Err(ConnectError::OtherName);
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // Half of the round trip ago, if both ways take the same time.
    let asked = now.saturating_sub(round_trip / 2);
    let millis = |time: u128| i64::try_from(time).unwrap_or(i64::MAX);
    let ahead = millis(reply.time_ms.into()).saturating_sub(millis(asked.as_millis()));
    Ok(Hello {
        clock_ahead_ms: ahead,
        round_trip_us: u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX),
        renew_after: renew_after(reply.connection_ms),
    })
}

/// Returns when to open the next connection, if this one lasts so many milliseconds. The last tenth is
/// for attempts that fail. A verifier that says nothing ends the connection without notice.
fn renew_after(connection_ms: u64) -> Duration {
    match connection_ms {
        0 => Duration::MAX,
        _ => Duration::from_millis(connection_ms) / 10 * 9,
    }
}

/// The deepest cause of an error: that of TLS, below those of HTTP.
fn cause(error: &dyn std::error::Error) -> String {
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
            Err(ConnectError::TcpTime(address)) if address == silent
        ));

        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let stream = open(&[silent, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn name_without_an_address_is_an_error() {
        assert!(matches!(open(&[]).await, Err(ConnectError::NoAddress)));
    }

    #[test]
    fn next_connection_is_opened_before_the_old_one_ends() {
        assert_eq!(renew_after(3_600_000), Duration::from_secs(3240));
        assert!(renew_after(1) < Duration::from_millis(1));
        assert_eq!(renew_after(0), Duration::MAX);
    }
}
