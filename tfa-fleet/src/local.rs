//! The socket at which tfad calls: `/run/tfa-fleet/call`.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tfa_fleet_wire::frame::{self, MAX_FRAME};
use tfa_fleet_wire::{
    KvFailure, KvFailureKind, KvReply, LoginCall, MAX_CALL_CONNECTIONS, Reply, Request, Status,
    is_trusted, peer_uid,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::etcd::Etcd;
use crate::frames;
use crate::log::{Level, RareLog};
use crate::peers::Peers;
use crate::stop::Stop;

/// What the replies are made of.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The other hosts. `None` before this one is certified.
    pub(crate) peers: Option<Peers>,
    /// The etcd of the configuration.
    pub(crate) etcd: Option<Etcd>,
}

impl Answers {
    async fn reply(&self, request: Request) -> Reply {
        match request {
            Request::Status => Reply::Status(self.status()),
            Request::Login {
                call,
                budget_ms,
                verifier,
                only_there,
            } => match &self.peers {
                Some(peers) => {
                    let time = Duration::from_millis(budget_ms.into());
                    let verifiers = &peers.verifiers;
                    verifiers.call(call, verifier, only_there, time).await
                }
                None => not_certified(&call),
            },
            Request::Kv { call, budget_ms } => Reply::Kv(match &self.etcd {
                Some(etcd) => {
                    let time = Duration::from_millis(budget_ms.into());
                    etcd.call(&call, time).await
                }
                None => KvReply::Failed(KvFailure {
                    kind: KvFailureKind::Unsent,
                    text: "/etc/tfa/tfa-fleet.toml has no [etcd]".to_owned(),
                }),
            }),
        }
    }

    fn status(&self) -> Status {
        let (host, hosts, verifiers) = match &self.peers {
            Some(peers) => (
                peers.host.to_string(),
                peers.server.hosts(),
                peers.verifiers.status(),
            ),
            None => Default::default(),
        };
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host,
            hosts: u32::try_from(hosts).unwrap_or(u32::MAX),
            verifiers,
            etcd: self.etcd.as_ref().map(Etcd::status).unwrap_or_default(),
            is_etcd_full: self.etcd.as_ref().and_then(Etcd::is_full),
        }
    }
}

/// The reply to a call for a verifier, before this host is certified.
fn not_certified(call: &LoginCall) -> Reply {
    let why = "this host has no certificate of a fleet yet".to_owned();
    match call {
        LoginCall::Begin(_) | LoginCall::Account(_) => Reply::NoVerifier(why),
        _ => Reply::Lost(why),
    }
}

/// Makes the socket, in the place of one that an earlier process has left.
///
/// # Errors
/// Those of bind(2), and of removing what is there.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // Guarded by the uid of the peer: tfad has no capabilities, and so could not open a socket of
    // another user with a stricter mode.
    fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Answers tfad until the program ends.
pub(crate) async fn serve(listener: UnixListener, answers: Arc<Answers>, mut stop: Stop) {
    let connections = Arc::new(Semaphore::new(MAX_CALL_CONNECTIONS));
    let [not_accepted, strangers, too_many] = <[RareLog; 3]>::default();
    let own = rustix::process::geteuid().as_raw();
    while let Some(accepted) = stop.unless_asked(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                not_accepted.log(Level::Error, &format_args!("cannot accept calls: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Before a byte is read, and outside the limit: other users do not count.
        match peer_uid(&stream) {
            Ok(uid) if is_trusted(uid, own) => {}
            Ok(uid) => {
                strangers.log(
                    Level::Warning,
                    &format_args!("refused a call of uid {uid}: only tfad may call"),
                );
                continue;
            }
            Err(_) => continue,
        }
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
            too_many.log(Level::Warning, &"refused a call: too many are under way");
            continue;
        };
        let (answers, mut stop) = (Arc::clone(&answers), stop.clone());
        tokio::spawn(async move {
            let _ = stop.unless_asked(converse(stream, &answers)).await;
            drop(permit);
        });
    }
}

/// Answers one request after the other, until the peer closes the connection or breaks a rule.
async fn converse(mut stream: UnixStream, answers: &Answers) -> io::Result<()> {
    loop {
        let body = frames::receive(&mut stream, MAX_FRAME).await?;
        match frame::decode(&body) {
            Ok(request) => {
                drop(body);
                let reply = answers.reply(request).await;
                frames::send(&mut stream, &reply).await?;
            }
            Err(_) => return frames::send(&mut stream, &Reply::NotUnderstood).await,
        }
    }
}
