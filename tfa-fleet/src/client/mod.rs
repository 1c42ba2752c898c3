//! The member's side: sends the calls of tfad about logins to verifiers.
//!
//! A dialog begins at any verifier that answers (`begin`). Its answers belong to that one (`answer`): if it is
//! lost, tfad learns so, and begins again. Both may be repeated by the rules of the protocol.

mod account;
mod answer;
mod begin;
mod connect;
mod error;
mod link;
mod round;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tfa_fleet_core::HostName;
use tfa_fleet_wire::{KeyRequest, LoginCall, LoginReply, Reply, VerifierStatus};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::rustls::ClientConfig;
use tonic::{Code, Response, Status};

use crate::config::Verifier;
use crate::generated::{CertifiedReply, Error, RenewRequest};
use crate::log::RareLog;
use crate::messages;
pub(crate) use connect::client_of;
use link::Link;

/// How long a verifier may take until another one is asked as well.
const HEDGE_DELAY: Duration = Duration::from_secs(1);
/// How long a verifier may take to certify a key.
const RENEW_TIME: Duration = Duration::from_secs(10);
/// The longest time of a call.
const MAX_TIME: Duration = Duration::from_secs(6);

/// The verifiers of this host.
#[derive(Debug)]
pub(crate) struct Verifiers {
    links: Vec<Arc<Link>>,
    /// Something has happened to a connection.
    changed: Arc<watch::Sender<()>>,
    not_answered: RareLog,
}

impl Verifiers {
    /// The verifiers of a configuration. None is connected yet.
    #[must_use]
    pub(crate) fn new(verifiers: &[Verifier], host: &HostName, tls: &Arc<ClientConfig>) -> Self {
        let changed = Arc::new(watch::channel(()).0);
        let link = |verifier: &Verifier| {
            let (host, tls) = (host.clone(), Arc::clone(tls));
            let changed = Arc::clone(&changed);
            Arc::new(Link::new(verifier.clone(), host, tls, changed))
        };
        Self {
            links: verifiers.iter().map(link).collect(),
            changed,
            not_answered: RareLog::default(),
        }
    }

    /// The connections.
    pub(crate) fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// What is known about the verifiers, for tfad.
    #[must_use]
    pub(crate) fn status(&self) -> Vec<VerifierStatus> {
        self.links.iter().map(|link| link.status()).collect()
    }

    /// Makes a call of tfad, in at most that time. Answers and cancels go to the named verifier alone; an answer that
    /// is good `only_there` is waited for until then.
    pub(crate) async fn call(
        &self,
        call: LoginCall,
        verifier: Option<String>,
        only_there: bool,
        time: Duration,
    ) -> Reply {
        let deadline = Instant::now() + time.min(MAX_TIME);
        match (call, verifier) {
            (LoginCall::Begin(begin), None) => self.begin(begin, deadline).await,
            (
                LoginCall::Answer {
                    attempt,
                    dialog,
                    number,
                    answer,
                },
                Some(verifier),
            ) => {
                let request = messages::answer_request(attempt, (dialog, number), &answer, 0);
                match request {
                    Ok(request) => self.answer(&verifier, request, only_there, deadline).await,
                    // No other verifier would take it.
                    Err(invalid) => Reply::Login {
                        verifier,
                        reply: refused(&invalid.to_string()),
                    },
                }
            }
            (LoginCall::Account(call), verifier) => {
                self.account(call, verifier.as_deref(), deadline).await
            }
            (LoginCall::Cancel { attempt, dialog }, Some(verifier)) => {
                let request = messages::cancel_request(attempt, dialog);
                if let Some(mut open) = self.link(&verifier).and_then(|link| link.open()) {
                    let _ = timeout_at(deadline, open.client.cancel(request)).await;
                }
                let reply = LoginReply::Cancelled;
                Reply::Login { verifier, reply }
            }
            (LoginCall::Begin(_), Some(_)) | (_, None) => Reply::NotUnderstood,
        }
    }

    /// Has a verifier certify the next key of this host. The first one that is connected.
    ///
    /// # Errors
    /// Why there is no reply, for the log.
    pub(crate) async fn renew(&self, request: &KeyRequest) -> Result<CertifiedReply, String> {
        let mut why = "no verifier is connected".to_owned();
        for link in &self.links {
            let Some(mut open) = link.open() else {
                continue;
            };
            let request = RenewRequest {
                key: Some(messages::key_request(request)),
            };
            let renewed = timeout(RENEW_TIME, open.client.renew(request)).await;
            why = match renewed {
                Ok(Ok(reply)) => return Ok(reply.into_inner()),
                Ok(Err(status)) => format!("{}: {}", link.name(), status.message()),
                Err(_) => format!("{} does not answer", link.name()),
            };
        }
        Err(why)
    }

    fn link(&self, name: &str) -> Option<&Arc<Link>> {
        self.links.iter().find(|link| link.name() == name)
    }
}

/// The refusal of a call that no verifier takes.
fn refused(text: &str) -> LoginReply {
    LoginReply::Refused {
        error: "org.tfad.Tfa1.Error.InvalidArgument".to_owned(),
        text: text.to_owned(),
    }
}

/// Whether another verifier may do what this one cannot.
fn is_elsewhere(error: Error) -> bool {
    matches!(error, Error::NotServing | Error::Storage)
}

/// The time until a deadline, in milliseconds.
fn millis_until(deadline: Instant) -> u32 {
    let left = deadline.saturating_duration_since(Instant::now());
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
}

/// There is no reply to a request.
struct NoReply {
    /// The reason, for the administrator.
    why: String,
    /// The daemon of the verifier does not run.
    is_absent: bool,
}

/// Waits for the reply to a request. Notes whether the verifier answers in good time.
///
/// # Errors
/// [`NoReply`].
async fn reply_of<T>(
    link: &Link,
    number: u64,
    deadline: Instant,
    request: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, NoReply> {
    let mut request = pin!(request);
    let answered = match timeout(HEDGE_DELAY, &mut request).await {
        Ok(answered) => Ok(answered),
        Err(_) => {
            link.suspect(number);
            timeout_at(deadline, request).await
        }
    };
    match answered {
        Ok(Ok(reply)) => {
            link.trust();
            Ok(reply.into_inner())
        }
        Ok(Err(status)) => {
            // An answer to the request, and nothing about the verifier.
            if !matches!(status.code(), Code::InvalidArgument | Code::OutOfRange) {
                link.suspect(number);
            }
            Err(NoReply {
                is_absent: status.code() == Code::FailedPrecondition,
                why: match status.message() {
                    "" => format!("{:?}", status.code()),
                    message => message.to_owned(),
                },
            })
        }
        Err(_) => Err(NoReply {
            why: "it does not answer".to_owned(),
            is_absent: false,
        }),
    }
}
