//! One connection of a host: the TLS handshake, then HTTP/2.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};
use tonic::Status;
use tonic::body::Body;
use tower_service::Service as _;

use super::host_places::Standing;
use super::refusal::Refusal;
use super::service::Verifier;
use super::tfad::Tfad;
use crate::generated::verifier_server::VerifierServer;
use crate::stop::Stop;
use crate::tls::{Peer, peer_of};
use crate::{ALPN, MAX_HEADERS, MAX_MESSAGE};

/// How long the first message of a client is awaited: long enough for one that is lost once and sent again.
const FIRST_MESSAGE_TIME: Duration = Duration::from_secs(1);
/// Requests under way on one connection.
const MAX_STREAMS: u32 = 64;
/// What one request may send ahead of its reader, in bytes: the smallest that HTTP/2 allows to begin
/// with, and a whole message.
pub(super) const WINDOW: u32 = 64 * 1024 - 1;
/// How long one request may take.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// A silent connection is asked after this time whether the peer is alive, and closed without an answer.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIME: Duration = Duration::from_secs(10);
/// How long the requests of a connection that ends may take.
const END_TIME: Duration = Duration::from_secs(5);

/// Waits for the first message of a client, all of it.
pub(super) async fn begin(
    stream: TcpStream,
    limit: Duration,
) -> Result<StartHandshake<TcpStream>, Refusal> {
    // A request is small and waited for.
    let _ = stream.set_nodelay(true);
    let first = LazyConfigAcceptor::new(Acceptor::default(), stream);
    timeout(limit.min(FIRST_MESSAGE_TIME), first)
        .await
        .map_err(|_| Refusal::TlsTime)?
        .map_err(Refusal::Tls)
}

/// Performs the rest of the handshake, and returns the host in its certificate; `None` for a client without one, where
/// TLS accepts it.
pub(super) async fn accept(
    begun: StartHandshake<TcpStream>,
    tls: Arc<ServerConfig>,
    limit: Duration,
) -> Result<(TlsStream<TcpStream>, Option<Peer>), Refusal> {
    let stream = timeout(limit, begun.into_stream(tls))
        .await
        .map_err(|_| Refusal::TlsTime)?
        .map_err(Refusal::Tls)?;
    let (_, session) = stream.get_ref();
    let (certificates, alpn) = (session.peer_certificates(), session.alpn_protocol());
    if certificates.is_none() && alpn == Some(ALPN) {
        return Ok((stream, None));
    }
    let peer = peer_of(certificates, alpn).map_err(Refusal::Unnamed)?;
    Ok((stream, Some(peer)))
}

/// Serves the requests of a host until it closes the connection, or the time of the connection is over. `standing`
/// learns what tfad says about its key.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    peer: Peer,
    time: Duration,
    tfad: Arc<Tfad>,
    standing: Arc<Standing>,
    mut stop: Stop,
) {
    let verifier = VerifierServer::new(Verifier::new(peer, time, tfad, standing))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let service = service_fn(move |request| answer(verifier.clone(), request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(MAX_MESSAGE)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIME)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // An error is the peer's, and ends its connection alone.
        _ = &mut connection => return,
        () = stop.asked() => {}
        () = sleep(time) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(END_TIME, connection).await;
}

async fn answer(
    mut verifier: VerifierServer<Verifier>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    match timeout(REQUEST_TIME, verifier.call(request)).await {
        Ok(reply) => reply,
        Err(_) => Ok(Status::deadline_exceeded("the request took too long").into_http()),
    }
}
