//! Passes the calls of members on to tfad of this host. Each has a connection of its own while it lasts.

use std::fmt;
use std::hash::Hash;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use minicbor::Decode;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tfa_fleet_core::{Fingerprint, HostName};
use tfa_fleet_wire::limits::MAX_LOGIN_FRAME;
use tfa_fleet_wire::{
    HostCall, HostReply, KeyRequest, LoginCall, LoginReply, MAX_MEMBER_CONNECTIONS, MemberCall,
    NOT_ADMITTED, PresentKey, VerifierCall, frame, is_trusted, peer_uid,
};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use tonic::Status;

use super::refused_keys::RefusedKeys;
use crate::frames;
use crate::limiter::{Limiter, Permit, address_block};
use crate::log::{Level, RareLog};
use crate::messages;
use crate::tls::Peer;

/// Calls under way. tfad has room for those that have just ended.
const MAX_CALLS: usize = MAX_MEMBER_CONNECTIONS / 4 * 3;
/// Calls of one host under way.
const MAX_CALLS_OF_HOST: usize = 64;
/// Calls of users of one host under way, and of all hosts, among those. Some hash for a good part of a second, so that
/// they must not take the place of logins.
const MAX_ACCOUNT_CALLS_OF_HOST: usize = 8;
const MAX_ACCOUNT_CALLS: usize = MAX_CALLS / 4;
/// Renewals under way. Each starts a process of some milliseconds.
const MAX_RENEWALS: usize = 8;
/// Requests for the verifiers under way. Each reads the document of its host.
const MAX_LISTS: usize = 8;
/// Keys about which tfad is asked, at the begin of a connection. Each reads the document of its host. One key of a host
/// does not wait for the others.
const MAX_ADMISSIONS_OF_KEY: usize = 2;
const MAX_ADMISSIONS: usize = 16;
/// Reports with keys that tfad does not admit, of all hosts together. They take no place from the others.
const MAX_REFUSED_REPORTS: usize = 4;
/// Hosts that are joining, with one address and together.
const MAX_JOINS_OF_ADDRESS: usize = 2;
const MAX_JOINS: usize = 8;
/// How long tfad may take for a call: as long as a member waits for one.
const CALL_TIME: Duration = Duration::from_secs(6);
/// The pause before the next attempt to get into the queue of tfad's socket.
const QUEUE_DELAY: Duration = Duration::from_millis(2);
/// How many connections without a call are kept for the next ones: tfad has a thread for each.
const MAX_IDLE: usize = 16;
/// How long they are kept: half as long as tfad keeps them, so that it closes none at the moment of a call.
const MAX_IDLE_TIME: Duration = Duration::from_secs(300);

/// tfad of this host.
#[derive(Debug)]
pub(crate) struct Tfad {
    socket: PathBuf,
    /// Connections without a call, since when.
    idle: Mutex<Vec<(UnixStream, Instant)>>,
    calls: Arc<Limiter<HostName>>,
    account_calls: Arc<Limiter<HostName>>,
    renewals: Arc<Limiter<HostName>>,
    lists: Arc<Limiter<HostName>>,
    admissions: Arc<Limiter<Peer>>,
    joins: Arc<Limiter<IpAddr>>,
    refused_reports: Arc<Limiter<HostName>>,
    refused: RefusedKeys,
    not_reached: RareLog,
    too_many: RareLog,
}

impl Tfad {
    /// The tfad at this socket.
    #[must_use]
    pub(crate) fn new(socket: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            socket,
            idle: Mutex::default(),
            calls: Limiter::new(MAX_CALLS_OF_HOST, MAX_CALLS),
            account_calls: Limiter::new(MAX_ACCOUNT_CALLS_OF_HOST, MAX_ACCOUNT_CALLS),
            renewals: Limiter::new(1, MAX_RENEWALS),
            lists: Limiter::new(1, MAX_LISTS),
            admissions: Limiter::new(MAX_ADMISSIONS_OF_KEY, MAX_ADMISSIONS),
            joins: Limiter::new(MAX_JOINS_OF_ADDRESS, MAX_JOINS),
            refused_reports: Limiter::new(1, MAX_REFUSED_REPORTS),
            refused: RefusedKeys::default(),
            not_reached: RareLog::default(),
            too_many: RareLog::default(),
        })
    }

    /// Passes a call of the host with that certificate on, and waits for at most that time.
    ///
    /// # Errors
    /// The status that tells the host to ask another verifier.
    pub(super) async fn call(
        self: &Arc<Self>,
        peer: &Peer,
        call: LoginCall,
        time: Duration,
    ) -> Result<LoginReply, Status> {
        let refused = self.refused.why(peer);
        let is_refused = refused.is_some();
        // A report about codes of a host that was removed has a reply of its own.
        if let Some(text) = refused.filter(|_| !call.is_report()) {
            let error = messages::not_authorized();
            return Ok(LoginReply::Refused { error, text });
        }
        let Peer { host, key } = peer;
        let permits = match call {
            LoginCall::Account(_) => {
                let permits = match is_refused {
                    true => self
                        .permit(&self.refused_reports, host)
                        .map(|it| (it, None)),
                    false => self.permits_of_account_call(host),
                };
                // It tells the host that the call was not executed.
                permits.map_err(|status| Status::failed_precondition(status.message()))?
            }
            _ => (self.permit(&self.calls, host)?, None),
        };
        let (member, key) = (host.to_string(), *key);
        let call = VerifierCall::Member(MemberCall { member, call, key });
        let mut reply = self.pass_on(call, time, permits, host).await?;
        if let LoginReply::Refused { error, text } = &mut reply {
            self.note(peer, error, text);
        }
        Ok(reply)
    }

    /// Whether tfad did not admit the key of that certificate a moment ago.
    pub(super) fn has_refused(&self, peer: &Peer) -> bool {
        self.refused.why(peer).is_some()
    }

    /// Notes that a refusal is one of the key, which the host need not tell apart.
    fn note(&self, peer: &Peer, error: &mut String, text: &str) {
        if error == NOT_ADMITTED {
            self.refused.note(peer, text);
            *error = messages::not_authorized();
        }
    }

    /// Passes on a call of a host about itself.
    async fn call_of_host<P: Send + 'static>(
        self: &Arc<Self>,
        peer: &Peer,
        call: HostCall,
        permit: P,
    ) -> Result<HostReply, Status> {
        if let Some(text) = self.refused.why(peer) {
            let error = messages::not_authorized();
            return Ok(HostReply::Refused { error, text });
        }
        // A renewal is refused for the key that has signed it, which may be one of before.
        let is_of_peer = match &call {
            HostCall::Renew { present, .. } => Fingerprint::of_point(&present.point) == peer.key,
            _ => true,
        };
        let call = VerifierCall::Host(call);
        let reply = self.pass_on(call, CALL_TIME, permit, &peer.host).await;
        let mut reply: HostReply = reply?;
        if let HostReply::Refused { error, text } = &mut reply {
            match is_of_peer {
                true => self.note(peer, error, text),
                false if error == NOT_ADMITTED => *error = messages::not_authorized(),
                false => {}
            }
        }
        Ok(reply)
    }

    fn permits_of_account_call(
        &self,
        host: &HostName,
    ) -> Result<(Permit<HostName>, Option<Permit<HostName>>), Status> {
        let of_accounts = self.permit(&self.account_calls, host)?;
        Ok((self.permit(&self.calls, host)?, Some(of_accounts)))
    }

    /// Passes on that a host joins which calls from this address.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub(super) async fn join(
        self: &Arc<Self>,
        call: HostCall,
        from: IpAddr,
    ) -> Result<HostReply, Status> {
        let permit = self.permit(&self.joins, &address_block(from))?;
        let call = VerifierCall::Host(call);
        self.pass_on(call, CALL_TIME, permit, &from).await
    }

    /// Passes on that the host with that certificate wants the next one.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub(crate) async fn renew(
        self: &Arc<Self>,
        peer: &Peer,
        present: PresentKey,
        request: KeyRequest,
    ) -> Result<HostReply, Status> {
        let Peer { host, .. } = peer;
        let permit = self.permit(&self.renewals, host)?;
        let call = HostCall::Renew {
            host: host.to_string(),
            present,
            request,
        };
        self.call_of_host(peer, call, permit).await
    }

    /// Passes on that the host with that certificate asks for the verifiers of the fleet.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub(crate) async fn list_verifiers(self: &Arc<Self>, peer: &Peer) -> Result<HostReply, Status> {
        let Peer { host, key } = peer;
        let permit = self.permit(&self.lists, host)?;
        let (of, key) = (host.to_string(), *key);
        let call = HostCall::ListVerifiers { host: of, key };
        self.call_of_host(peer, call, permit).await
    }

    /// Asks tfad whether the key of that certificate may speak. The reply has the verifiers, which are not needed.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub(super) async fn admit(self: &Arc<Self>, peer: &Peer) -> Result<HostReply, Status> {
        let permit = self.admissions.admit(peer);
        let permit = permit.ok_or_else(|| Status::resource_exhausted("too many are asked"))?;
        let (host, key) = (peer.host.to_string(), peer.key);
        let call = HostCall::ListVerifiers { host, key };
        self.call_of_host(peer, call, permit).await
    }

    fn permit<P: Clone + Eq + Hash + fmt::Display>(
        &self,
        limiter: &Arc<Limiter<P>>,
        of: &P,
    ) -> Result<Permit<P>, Status> {
        limiter.admit(of).ok_or_else(|| {
            let text = format_args!("refused a call of {of}: too many are under way");
            self.too_many.log(Level::Warning, &text);
            Status::resource_exhausted("too many calls are under way")
        })
    }

    async fn pass_on<T>(
        self: &Arc<Self>,
        call: VerifierCall,
        time: Duration,
        permit: impl Send + 'static,
        of: &impl fmt::Display,
    ) -> Result<T, Status>
    where
        T: for<'b> Decode<'b, ()> + Send + 'static,
    {
        let tfad = Arc::clone(self);
        // In a task of its own: the call counts until tfad has ended it, also if the host does not wait.
        let called = tokio::spawn(async move {
            let _permit = permit;
            match timeout(CALL_TIME, tfad.exchange(&call, time)).await {
                Ok(reply) => reply,
                Err(_) => Err(ErrorKind::TimedOut.into()),
            }
        });
        match timeout(time, called).await {
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(Ok(Err(error))) => {
                let socket = self.socket.display();
                let text = format_args!("cannot pass a call of {of} on to tfad: {socket}: {error}");
                self.not_reached.log(Level::Error, &text);
                Err(match error.kind() {
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                        Status::failed_precondition("tfad of the verifier does not run")
                    }
                    _ => Status::unavailable("tfad of the verifier does not answer"),
                })
            }
            Ok(Err(_)) => Err(Status::internal("the call broke off")),
            Err(_) => Err(Status::deadline_exceeded("tfad of the verifier is slow")),
        }
    }

    /// Waits for the reply. It connects within that time, unless there is a connection.
    async fn exchange<T: for<'b> Decode<'b, ()>>(
        &self,
        call: &VerifierCall,
        time: Duration,
    ) -> io::Result<T> {
        let connect = || async {
            let connected = timeout(time, self.connect()).await;
            connected.map_err(|_| ErrorKind::TimedOut)?
        };
        let mut stream = match self.quiet_connection() {
            Some(stream) => stream,
            None => connect().await?,
        };
        if frames::send(&mut stream, call).await.is_err() {
            // tfad has closed it, and so cannot have the whole call.
            stream = connect().await?;
            frames::send(&mut stream, call).await?;
        }
        let reply = frames::receive(&mut stream, MAX_LOGIN_FRAME).await?;
        let reply = frame::decode(&reply).map_err(io::Error::other)?;
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push((stream, Instant::now()));
        }
        Ok(reply)
    }

    /// Connects to tfad. Each user of this host can keep the queue of the socket full: a call waits for a place in it.
    async fn connect(&self) -> io::Result<UnixStream> {
        let stream = loop {
            match UnixStream::connect(&self.socket).await {
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(QUEUE_DELAY).await,
                connected => break connected?,
            }
        };
        let listener = peer_uid(&stream)?;
        // The own uid is that of a test. Another program cannot make a socket there.
        if !is_trusted(listener, rustix::process::geteuid().as_raw()) {
            let text = format!("a program with uid {listener} listens");
            return Err(io::Error::new(ErrorKind::PermissionDenied, text));
        }
        Ok(stream)
    }

    /// Takes a connection of an earlier call that tfad has not closed.
    fn quiet_connection(&self) -> Option<UnixStream> {
        let mut idle = self.idle();
        loop {
            let (stream, since) = idle.pop()?;
            if since.elapsed() >= MAX_IDLE_TIME {
                continue;
            }
            // Asks the kernel: tokio may not know yet that the peer has closed it.
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            if recv(&stream, &mut [0; 1], flags).err() == Some(Errno::AGAIN) {
                return Some(stream);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(UnixStream, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
