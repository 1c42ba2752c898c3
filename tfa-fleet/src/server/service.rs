//! What a verifier answers to a host.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    start: Instant,
    /// How long the connection lasts from its start.
    time: Duration,
}

impl Verifier {
    /// The service for a connection that starts now.
    pub(super) fn new(host: HostName, time: Duration) -> Self {
        Self {
            host,
            start: Instant::now(),
            time,
        }
    }
}

/// This version of the program does not reach tfad. A member gets no turn, and so denies.
fn not_connected<T>() -> Result<T, Status> {
    Err(Status::unimplemented("this verifier answers no logins yet"))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[tonic::async_trait]
impl verifier_server::Verifier for Verifier {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        if request.into_inner().version == 0 {
            return Err(Status::failed_precondition("the version is 1 or higher"));
        }
        let left = self.time.saturating_sub(self.start.elapsed());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| Status::unavailable("the clock is before 1970"))?;
        Ok(Response::new(HelloReply {
            version: PROTOCOL_VERSION,
            features: Vec::new(),
            time_ms: millis(now),
            member: self.host.to_string(),
            // 0 would say that it is not told.
            connection_ms: millis(left).max(1),
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
