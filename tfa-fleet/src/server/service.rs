//! What a verifier answers to a host.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tfa_fleet_wire::{HostReply, LoginCall, LoginReply};
use tonic::{Request, Response, Status};

use super::host_places::Standing;
use super::tfad::Tfad;
use crate::generated::{
    AccountReply, AccountRequest, AnswerReply, AnswerRequest, BeginReply, BeginRequest,
    CancelReply, CancelRequest, CertifiedReply, HelloReply, HelloRequest, JoinRequest,
    ListVerifiersReply, ListVerifiersRequest, RenewRequest, verifier_server,
};
use crate::messages::{self, Invalid};
use crate::tls::Peer;
use crate::{FEATURE_LOGIN, PROTOCOL_VERSION};

/// The time for the end of a dialog, of which a member tells none.
const CANCEL_BUDGET_MS: u32 = 1000;

/// The service for one connection, and so for one host.
#[derive(Debug)]
pub(super) struct Verifier {
    peer: Peer,
    start: Instant,
    /// How long the connection lasts from its start.
    time: Duration,
    tfad: Arc<Tfad>,
    /// What tfad has said about the key of the host.
    standing: Arc<Standing>,
}

impl Verifier {
    /// The service for a connection that starts now.
    pub(super) fn new(
        peer: Peer,
        time: Duration,
        tfad: Arc<Tfad>,
        standing: Arc<Standing>,
    ) -> Self {
        Self {
            peer,
            start: Instant::now(),
            time,
            tfad,
            standing,
        }
    }

    /// Passes a call on. The name of the host is the one in its certificate.
    async fn call(&self, call: LoginCall, budget_ms: u32) -> Result<LoginReply, Status> {
        let time = messages::budget(budget_ms);
        // The report of a host that was removed is answered too.
        let is_report = call.is_report();
        let reply = self.noted(self.tfad.call(&self.peer, call, time).await);
        if !is_report && !matches!(reply, Err(_) | Ok(LoginReply::Refused { .. })) {
            self.standing.note_admitted();
        }
        reply
    }

    /// Asks tfad whether it admits the key.
    async fn ask_for_admission(tfad: Arc<Tfad>, peer: Peer, standing: Arc<Standing>) {
        let reply = tfad.admit(&peer).await;
        if tfad.has_refused(&peer) {
            standing.refused.notify_one();
        } else if matches!(reply, Ok(HostReply::Verifiers { .. })) {
            standing.note_admitted();
        }
    }

    /// The same reply. Notes whether tfad has not admitted the key.
    fn noted<T>(&self, reply: T) -> T {
        if self.tfad.has_refused(&self.peer) {
            self.standing.refused.notify_one();
        }
        reply
    }
}

/// A request that no member of this protocol sends.
pub(super) fn refuse(invalid: Invalid) -> Status {
    Status::invalid_argument(invalid.to_string())
}

/// A reply of tfad that cannot be told.
pub(super) fn fail(invalid: Invalid) -> Status {
    Status::internal(invalid.to_string())
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
        // Beside the reply: a tfad that does not answer does not cut the host off.
        let (tfad, standing) = (Arc::clone(&self.tfad), Arc::clone(&self.standing));
        tokio::spawn(Self::ask_for_admission(tfad, self.peer.clone(), standing));
        Ok(Response::new(HelloReply {
            version: PROTOCOL_VERSION,
            features: vec![FEATURE_LOGIN.to_owned()],
            time_ms: millis(now),
            member: self.peer.host.to_string(),
            // 0 would say that it is not told.
            connection_ms: millis(left).max(1),
        }))
    }

    async fn begin(&self, request: Request<BeginRequest>) -> Result<Response<BeginReply>, Status> {
        let request = request.into_inner();
        let budget_ms = request.budget_ms;
        let call = messages::begin_call(request).map_err(refuse)?;
        let reply = self.call(call, budget_ms).await?;
        messages::begin_reply(reply)
            .map(Response::new)
            .map_err(fail)
    }

    async fn answer(
        &self,
        request: Request<AnswerRequest>,
    ) -> Result<Response<AnswerReply>, Status> {
        let request = request.into_inner();
        let budget_ms = request.budget_ms;
        let call = messages::answer_call(request).map_err(refuse)?;
        let reply = self.call(call, budget_ms).await?;
        messages::answer_reply(reply)
            .map(Response::new)
            .map_err(fail)
    }

    async fn account(
        &self,
        request: Request<AccountRequest>,
    ) -> Result<Response<AccountReply>, Status> {
        let request = request.into_inner();
        let budget_ms = request.budget_ms;
        let call = messages::account_call(request).map_err(refuse)?;
        let reply = self.call(call, budget_ms).await?;
        messages::account_reply(reply)
            .map(Response::new)
            .map_err(fail)
    }

    async fn join(&self, _: Request<JoinRequest>) -> Result<Response<CertifiedReply>, Status> {
        // A host with a certificate that is good renews it.
        Err(Status::permission_denied("this host has a certificate"))
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<CertifiedReply>, Status> {
        let (present, request) = messages::renewal(request.into_inner()).map_err(refuse)?;
        // A key of before uses up no certificate of the host.
        let admitted = self.noted(self.tfad.admit(&self.peer).await)?;
        if matches!(admitted, HostReply::Refused { .. }) {
            return messages::certified_reply(admitted)
                .map(Response::new)
                .map_err(fail);
        }
        let reply = self.noted(self.tfad.renew(&self.peer, present, request).await)?;
        messages::certified_reply(reply)
            .map(Response::new)
            .map_err(fail)
    }

    async fn list_verifiers(
        &self,
        _: Request<ListVerifiersRequest>,
    ) -> Result<Response<ListVerifiersReply>, Status> {
        let reply = self.noted(self.tfad.list_verifiers(&self.peer).await)?;
        if !matches!(reply, HostReply::Refused { .. }) {
            self.standing.note_admitted();
        }
        messages::list_reply(reply).map(Response::new)
    }

    async fn cancel(
        &self,
        request: Request<CancelRequest>,
    ) -> Result<Response<CancelReply>, Status> {
        let call = messages::cancel_call(&request.into_inner()).map_err(refuse)?;
        // What becomes of it changes nothing: the dialog ends by itself.
        let _ = self.call(call, CANCEL_BUDGET_MS).await?;
        Ok(Response::new(CancelReply {}))
    }
}
