//! A client without a certificate: it can join the fleet, and nothing else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request as HttpRequest, Response as HttpResponse};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tonic::body::Body;
use tonic::{Request, Response, Status};
use tower_service::Service as _;

use super::service::{fail, refuse};
use super::tfad::Tfad;
use crate::generated::verifier_server::{self, VerifierServer};
use crate::generated::{
    AccountReply, AccountRequest, AnswerReply, AnswerRequest, BeginReply, BeginRequest,
    CancelReply, CancelRequest, CertifiedReply, HelloReply, HelloRequest, JoinRequest,
    ListVerifiersReply, ListVerifiersRequest, RenewRequest,
};
use crate::messages;
use crate::stop::Stop;

/// The longest request, in bytes. One of a host has less than 200.
const MAX_REQUEST: usize = 1024;
/// The longest reply: a certificate with the names of verifiers.
const MAX_REPLY: usize = 16 * 1024;
/// The longest list of headers, in bytes.
const MAX_GUEST_HEADERS: u32 = 4 * 1024;
/// How long the connection may last.
const CONNECTION_TIME: Duration = Duration::from_secs(15);
/// The smallest buffer that hyper takes.
const BUFFER: usize = 16 * 1024;

/// The service for one connection.
#[derive(Debug)]
struct Guest {
    from: SocketAddr,
    tfad: Arc<Tfad>,
}

/// Serves a client without a certificate, for a short time.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    from: SocketAddr,
    tfad: Arc<Tfad>,
    mut stop: Stop,
) {
    let guest = VerifierServer::new(Guest { from, tfad })
        .max_decoding_message_size(MAX_REQUEST)
        .max_encoding_message_size(MAX_REPLY);
    let service = service_fn(move |request| answer(guest.clone(), request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(1)
        .max_header_list_size(MAX_GUEST_HEADERS)
        .initial_connection_window_size(super::connection::WINDOW)
        .initial_stream_window_size(super::connection::WINDOW)
        .max_send_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = pin!(connection);
    // Without the grace that a host gets at the end.
    let _ = stop
        .unless_asked(timeout(CONNECTION_TIME, connection))
        .await;
}

async fn answer(
    mut guest: VerifierServer<Guest>,
    request: HttpRequest<Incoming>,
) -> Result<HttpResponse<Body>, Infallible> {
    guest.call(request).await
}

fn no_certificate<T>() -> Result<Response<T>, Status> {
    Err(Status::unauthenticated(
        "without a certificate, a host can join only",
    ))
}

#[tonic::async_trait]
impl verifier_server::Verifier for Guest {
    async fn join(
        &self,
        request: Request<JoinRequest>,
    ) -> Result<Response<CertifiedReply>, Status> {
        let from = self.from.ip().to_canonical().to_string();
        let call = messages::join_call(request.into_inner(), from).map_err(refuse)?;
        let reply = self.tfad.join(call, self.from.ip()).await?;
        messages::certified_reply(reply)
            .map(Response::new)
            .map_err(fail)
    }

    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        no_certificate()
    }

    async fn begin(&self, _: Request<BeginRequest>) -> Result<Response<BeginReply>, Status> {
        no_certificate()
    }

    async fn answer(&self, _: Request<AnswerRequest>) -> Result<Response<AnswerReply>, Status> {
        no_certificate()
    }

    async fn cancel(&self, _: Request<CancelRequest>) -> Result<Response<CancelReply>, Status> {
        no_certificate()
    }

    async fn account(&self, _: Request<AccountRequest>) -> Result<Response<AccountReply>, Status> {
        no_certificate()
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<CertifiedReply>, Status> {
        no_certificate()
    }

    async fn list_verifiers(
        &self,
        _: Request<ListVerifiersRequest>,
    ) -> Result<Response<ListVerifiersReply>, Status> {
        no_certificate()
    }
}
