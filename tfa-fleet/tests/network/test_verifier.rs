//! A verifier of the tests, which shows any certificate and says what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tfa_fleet::generated::verifier_server::{Verifier, VerifierServer};
use tfa_fleet::generated::{
    AccountReply, AccountRequest, AnswerReply, AnswerRequest, BeginReply, BeginRequest,
    CancelReply, CancelRequest, CertifiedReply, HelloReply, HelloRequest, JoinRequest,
    ListVerifiersReply, ListVerifiersRequest, RenewRequest,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tonic::{Request, Response, Status};
use tower_service::Service as _;

use crate::authority::Issued;

/// A verifier that accepts each client. It ends with the process.
pub(crate) struct TestVerifier {
    pub(crate) address: SocketAddr,
    /// A message for each connection that its member has closed.
    pub(crate) closed: Receiver<()>,
}

impl TestVerifier {
    /// Shows this certificate, and replies this to `Hello`.
    pub(crate) fn start(host: &Issued, reply: Result<HelloReply, Status>) -> Self {
        Self::start_with(host, reply, BeginReply::default())
    }

    /// The same, and replies that to `Begin`.
    pub(crate) fn start_with(
        host: &Issued,
        hello: Result<HelloReply, Status>,
        begin: BeginReply,
    ) -> Self {
        let says = Arc::new(Says { hello, begin });
        let tls = TlsAcceptor::from(Arc::new(tls(host)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, closed) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        thread::spawn(move || runtime.block_on(serve(listener, tls, says, sender)));
        Self { address, closed }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    tls: TlsAcceptor,
    says: Arc<Says>,
    closed: Sender<()>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve_one(
            stream,
            tls.clone(),
            Arc::clone(&says),
            closed.clone(),
        ));
    }
}

async fn serve_one(stream: TcpStream, tls: TlsAcceptor, says: Arc<Says>, closed: Sender<()>) {
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let verifier = VerifierServer::from_arc(says);
    let service = service_fn(move |request| verifier.clone().call(request));
    let _ = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    let _ = closed.send(());
}

fn tls(host: &Issued) -> ServerConfig {
    let chain = host.chain.iter().cloned().map(CertificateDer::from);
    let key = PrivateKeyDer::try_from(host.key.clone()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// What a right verifier replies to the member web1.test.
pub(crate) fn right_reply() -> Result<HelloReply, Status> {
    changed_reply(|_| {})
}

/// This reply, but for a change.
pub(crate) fn changed_reply(change: impl FnOnce(&mut HelloReply)) -> Result<HelloReply, Status> {
    let mut reply = HelloReply {
        version: 1,
        features: vec!["login".to_owned()],
        time_ms: 1,
        member: "web1.test".to_owned(),
        connection_ms: 0,
    };
    change(&mut reply);
    Ok(reply)
}

struct Says {
    hello: Result<HelloReply, Status>,
    begin: BeginReply,
}

#[tonic::async_trait]
impl Verifier for Says {
    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        self.hello.clone().map(Response::new)
    }

    async fn begin(&self, _: Request<BeginRequest>) -> Result<Response<BeginReply>, Status> {
        Ok(Response::new(self.begin.clone()))
    }

    async fn answer(&self, _: Request<AnswerRequest>) -> Result<Response<AnswerReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn account(&self, _: Request<AccountRequest>) -> Result<Response<AccountReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn cancel(&self, _: Request<CancelRequest>) -> Result<Response<CancelReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn join(&self, _: Request<JoinRequest>) -> Result<Response<CertifiedReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<CertifiedReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_verifiers(
        &self,
        _: Request<ListVerifiersRequest>,
    ) -> Result<Response<ListVerifiersReply>, Status> {
        Err(Status::unimplemented(""))
    }
}
