//! Requests of a host with a right certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tfa_fleet::generated::verifier_client::VerifierClient;
use tfa_fleet::generated::{AnswerRequest, HelloRequest};
use tfa_fleet::transport::Channel;
use tfa_fleet::{MAX_MESSAGE, PROTOCOL_VERSION};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{Code, Request};

use crate::authority::Authority;
use crate::fixture::Program;
use crate::tls_client::config;

pub(crate) async fn client(
    address: SocketAddr,
    tls: rustls::ClientConfig,
) -> VerifierClient<Channel> {
    client_of("v1.test", address, tls).await
}

/// A client of the verifier with that name.
pub(crate) async fn client_of(
    name: &'static str,
    address: SocketAddr,
    tls: rustls::ClientConfig,
) -> VerifierClient<Channel> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name).unwrap();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream);
    let stream = TokioIo::new(stream.await.unwrap());
    // Headers of any length are sent.
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    VerifierClient::with_origin(Channel::new(sender), "https://v1.test".parse().unwrap())
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Runs a test with a client of the host web1.test.
fn with_client(test: impl AsyncFnOnce(VerifierClient<Channel>)) {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let tls = config(&authority, Some(&authority.issue_member("web1.test")));
    runtime().block_on(async { test(client(address, tls).await).await });
}

fn hello() -> HelloRequest {
    HelloRequest {
        version: PROTOCOL_VERSION,
        features: Vec::new(),
    }
}

fn answer(length: usize) -> AnswerRequest {
    AnswerRequest {
        answer: "1".repeat(length),
        ..AnswerRequest::default()
    }
}

#[test]
fn hello_tells_the_name_in_the_certificate() {
    with_client(async |mut client| {
        let reply = client.hello(hello()).await.unwrap().into_inner();
        assert_eq!((reply.version, &*reply.member), (1, "web1.test"));
        assert_eq!(reply.features, ["login"]);
        assert!(reply.time_ms > 0);
        // Up to the default of connection_seconds.
        assert!((1..=3_600_000).contains(&reply.connection_ms));
    });
}

#[test]
fn member_without_a_version_is_refused_and_a_newer_one_is_not() {
    with_client(async |mut client| {
        let mut of_version = async |version| {
            let features = Vec::new();
            client.hello(HelloRequest { version, features }).await
        };
        let refused = of_version(0).await.err().unwrap();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let reply = of_version(PROTOCOL_VERSION + 1).await.unwrap().into_inner();
        assert_eq!(reply.version, PROTOCOL_VERSION);
    });
}

#[test]
fn oversized_message_is_refused_and_the_connection_goes_on() {
    with_client(async |mut client| {
        let fits = client.answer(answer(MAX_MESSAGE - 64)).await.err().unwrap();
        assert_eq!(fits.code(), Code::InvalidArgument);
        let too_long = client.answer(answer(MAX_MESSAGE + 1)).await.err().unwrap();
        assert_eq!(too_long.code(), Code::OutOfRange);
        assert!(client.hello(hello()).await.is_ok());
    });
}

#[test]
fn oversized_headers_are_refused_and_the_connection_goes_on() {
    with_client(async |mut client| {
        let with_header = |length: usize| {
            let mut request = Request::new(hello());
            let value = "v".repeat(length).parse().unwrap();
            request.metadata_mut().insert("x-test", value);
            request
        };
        assert!(client.hello(with_header(4 * 1024)).await.is_ok());
        assert!(client.hello(with_header(12 * 1024)).await.is_err());
        assert!(client.hello(hello()).await.is_ok());
    });
}
