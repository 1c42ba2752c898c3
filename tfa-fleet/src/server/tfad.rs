//! Passes the calls of members on to tfad of this host, each on a connection of its own.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use minicbor::Decode;
use tfa_fleet_core::HostName;
use tfa_fleet_wire::limits::MAX_LOGIN_FRAME;
use tfa_fleet_wire::{
    LoginCall, LoginReply, MAX_MEMBER_CONNECTIONS, MemberCall, VerifierCall, frame, is_trusted,
};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::Status;

use crate::frames;
use crate::limiter::Limiter;
use crate::log::{Level, RareLog};
use crate::tls::Peer;

/// Calls under way. tfad has room for those that have just ended.
const MAX_CALLS: usize = MAX_MEMBER_CONNECTIONS / 4 * 3;
/// Calls of one host under way.
const MAX_CALLS_OF_HOST: usize = 64;
/// How long tfad may take for a call: as long as a member waits for one.
const CALL_TIME: Duration = Duration::from_secs(6);

/// tfad of this host.
#[derive(Debug)]
pub(crate) struct Tfad {
    socket: PathBuf,
    calls: Arc<Limiter<HostName>>,
    not_reached: RareLog,
    too_many: RareLog,
}

impl Tfad {
    /// The tfad at this socket.
    #[must_use]
    pub(crate) fn new(socket: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            socket,
            calls: Limiter::new(MAX_CALLS_OF_HOST, MAX_CALLS),
            not_reached: RareLog::default(),
            too_many: RareLog::default(),
        })
    }

    /// Passes a call of the host with that name in its certificate on, and waits for at most that time.
    ///
    /// # Errors
    /// The status that tells the host to ask another verifier.
    pub(super) async fn call(
        self: &Arc<Self>,
        peer: &Peer,
        call: LoginCall,
        time: Duration,
    ) -> Result<LoginReply, Status> {
        let Peer { host, key } = peer;
        let Some(permit) = self.calls.admit(host) else {
            let text = format_args!("refused a login of {host}: too many are under way");
            self.too_many.log(Level::Warning, &text);
            return Err(Status::resource_exhausted("too many logins are under way"));
        };
        let tfad = Arc::clone(self);
        let (member, key) = (host.to_string(), *key);
        // In a task of its own: the call counts until tfad has ended it, also if the host does not wait.
        let called = tokio::spawn(async move {
            let _permit = permit;
            let call = VerifierCall::Member(MemberCall { member, call, key });
            match timeout(CALL_TIME, tfad.exchange(&call)).await {
                Ok(reply) => reply,
                Err(_) => Err(ErrorKind::TimedOut.into()),
            }
        });
        match timeout(time, called).await {
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(Ok(Err(error))) => {
                let socket = self.socket.display();
                let text =
                    format_args!("cannot pass a login of {host} on to tfad: {socket}: {error}");
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

    async fn exchange<T: for<'b> Decode<'b, ()>>(&self, call: &VerifierCall) -> io::Result<T> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        let listener = stream.peer_cred()?.uid();
        // The own uid is that of a test. Another program cannot make a socket there.
        if !is_trusted(listener, rustix::process::geteuid().as_raw()) {
            let text = format!("a program with uid {listener} listens");
            return Err(io::Error::new(ErrorKind::PermissionDenied, text));
        }
        frames::send(&mut stream, call).await?;
        let reply = frames::receive(&mut stream, MAX_LOGIN_FRAME).await?;
        frame::decode(&reply).map_err(io::Error::other)
    }
}
