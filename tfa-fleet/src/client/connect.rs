//! Opens a connection to a verifier: TCP, TLS, HTTP/2, and `Hello`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Uri;
use tfa_fleet_core::HostName;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::ConnectError;
use crate::config::Verifier;
use crate::generated::HelloRequest;
use crate::generated::verifier_client::VerifierClient;
use crate::transport::{self, Channel, Driver, Target, cause};
use crate::{FEATURE_LOGIN, MAX_MESSAGE, PROTOCOL_VERSION};

/// How long `Hello` may take.
const HELLO_TIME: Duration = Duration::from_secs(3);
/// As on the verifier: more than a message is not sent ahead of its reader.
const WINDOW: u32 = 64 * 1024 - 1;
/// A verifier that has stopped is noticed before a login needs it.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIME: Duration = Duration::from_secs(5);

/// A connection on which the verifier has answered `Hello`.
pub(super) struct Connected {
    pub(super) client: VerifierClient<Channel>,
    pub(super) channel: Channel,
    pub(super) serves_logins: bool,
    pub(super) clock_ahead_ms: i64,
    pub(super) round_trip_us: u32,
    /// After how long the next connection should be opened, before this one ends.
    pub(super) renew_after: Duration,
    /// Drives the connection.
    pub(super) end: Driver,
}

/// What a verifier says in `Hello`.
struct Hello {
    serves_logins: bool,
    clock_ahead_ms: i64,
    round_trip_us: u32,
    renew_after: Duration,
}

pub(super) async fn connect(
    verifier: &Verifier,
    target: &Target,
    host: &HostName,
    tls: Arc<ClientConfig>,
) -> Result<Connected, ConnectError> {
    let stream = target.connect().await?;
    let name = ServerName::try_from(verifier.name.to_string()).map_err(|_| ConnectError::Name)?;
    let stream = transport::tls(stream, name, tls).await?;
    let mut http2 = transport::http2(WINDOW);
    http2
        .max_send_buf_size(MAX_MESSAGE)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIME)
        .keep_alive_while_idle(true);
    let (channel, mut end) = transport::begin(&http2, stream).await?;
    let mut client = client_of(channel.clone(), verifier)?;
    let hello = timeout(HELLO_TIME, hello(&mut client, host));
    let hello = tokio::select! {
        // The connection first: when it ends, `Hello` fails as well, and knows less of the reason.
        biased;
        // In TLS 1.3 a client learns only now that its certificate was refused.
        error = &mut end => return Err(match error {
            Some(error) => ConnectError::Broken(cause(&error)),
            None => ConnectError::Closed,
        }),
        hello = hello => hello.map_err(|_| ConnectError::HelloTime)??,
    };
    Ok(Connected {
        client,
        channel,
        serves_logins: hello.serves_logins,
        clock_ahead_ms: hello.clock_ahead_ms,
        round_trip_us: hello.round_trip_us,
        renew_after: hello.renew_after,
        end,
    })
}

pub(crate) fn client_of(
    channel: Channel,
    verifier: &Verifier,
) -> Result<VerifierClient<Channel>, ConnectError> {
    let origin = Uri::builder()
        .scheme("https")
        .authority(format!("{}:{}", verifier.name, verifier.port))
        .path_and_query("/")
        .build()
        .map_err(|_| ConnectError::Name)?;
    Ok(VerifierClient::with_origin(channel, origin)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE))
}

async fn hello(
    client: &mut VerifierClient<Channel>,
    host: &HostName,
) -> Result<Hello, ConnectError> {
    let start = Instant::now();
    let request = HelloRequest {
        version: PROTOCOL_VERSION,
        features: vec![FEATURE_LOGIN.to_owned()],
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
        serves_logins: reply.features.iter().any(|it| it == FEATURE_LOGIN),
        clock_ahead_ms: ahead,
        round_trip_us: u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX),
        renew_after: renew_after(reply.connection_ms),
    })
}

/// Returns when to open the next connection, if this one lasts so many milliseconds. The second half is for attempts
/// that fail: strangers who keep a verifier busy must do so for that long. A verifier that says nothing ends the
/// connection without notice.
fn renew_after(connection_ms: u64) -> Duration {
    match connection_ms {
        0 => Duration::MAX,
        _ => Duration::from_millis(connection_ms) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_connection_is_opened_before_the_old_one_ends() {
        assert_eq!(renew_after(3_600_000), Duration::from_secs(1800));
        assert!(renew_after(1) < Duration::from_millis(1));
        assert_eq!(renew_after(0), Duration::MAX);
    }
}
