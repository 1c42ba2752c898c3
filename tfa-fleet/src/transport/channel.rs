//! The connection of hyper as what tonic's generated client sends requests through.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use tonic::body::Body;
use tower_service::Service;

/// Requests on one connection. Its copies share the connection.
#[derive(Debug, Clone)]
pub struct Channel(SendRequest<Body>);

impl Channel {
    /// Takes a connection that something else drives.
    #[must_use]
    pub const fn new(sender: SendRequest<Body>) -> Self {
        Self(sender)
    }

    /// Whether the connection can take requests, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
