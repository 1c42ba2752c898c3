//! What a verifier answers to a host.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_fleet_core::HostName;
use tonic::{Request, Response, Status};

use crate::PROTOCOL_VERSION;
use crate::generated::{
    AnswerReply, AnswerRequest, BeginReply, BeginRequest, CancelReply, CancelRequest, HelloReply,
    HelloRequest, verifier_server,
};

/// The service for one connection, and so for one host.
#[derive(Debug)]
pub(super) struct Verifier {
    host: HostName,
}

impl Verifier {
    pub(super) const fn new(host: HostName) -> Self {
        Self { host }
    }
}

/// This version of the program does not reach tfad. A member gets no turn, and so denies.
fn not_connected<T>() -> Result<T, Status> {
    Err(Status::unimplemented("this verifier answers no logins yet"))
}

#[tonic::async_trait]
impl verifier_server::Verifier for Verifier {
    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| Status::unavailable("the clock is before 1970"))?;
        Ok(Response::new(HelloReply {
            version: PROTOCOL_VERSION,
            features: Vec::new(),
            time_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            member: self.host.to_string(),
        }))
    }

    async fn begin(&self, _: Request<BeginRequest>) -> Result<Response<BeginReply>, Status> {
        not_connected()
    }

    async fn answer(&self, _: Request<AnswerRequest>) -> Result<Response<AnswerReply>, Status> {
        not_connected()
    }

    async fn cancel(&self, _: Request<CancelRequest>) -> Result<Response<CancelReply>, Status> {
        not_connected()
    }
}
