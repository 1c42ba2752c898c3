//! The member's side: sends the calls of tfad about logins to verifiers.
//!
//! A dialog begins at any verifier that answers (`begin`). Its answers belong to that one (`answer`): if it is
//! lost, tfad learns so, and begins again. Both may be repeated by the rules of the protocol.

mod account;
mod answer;
mod begin;
mod connect;
mod error;
mod learn;
mod link;
mod meaning;
mod round;

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tfa_fleet_core::HostName;
use tfa_fleet_wire::{KeyRequest, LoginCall, LoginReply, PresentKey, Reply, VerifierStatus};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::rustls::ClientConfig;
use tonic::{Code, Response, Status};

use crate::config::Verifier;
use crate::generated::{CertifiedReply, Error};
use crate::log::{RareLog, printable};
use crate::messages;
use crate::random::random;
pub(crate) use connect::client_of;
pub(crate) use learn::keep as learn;
use link::Link;
use meaning::Meaning;

/// How long a verifier may take until another one is asked as well.
const HEDGE_DELAY: Duration = Duration::from_secs(1);
/// How long a verifier may take to certify a key.
const RENEW_TIME: Duration = Duration::from_secs(10);
/// The longest time of a call.
const MAX_TIME: Duration = Duration::from_secs(6);

/// The verifiers of this host.
#[derive(Debug)]
pub(crate) struct Verifiers {
    /// The name of this host.
    host: HostName,
    tls: Mutex<Arc<ClientConfig>>,
    /// Those of the configuration, then those that this host has learned of.
    links: Mutex<Arc<[Arc<Link>]>>,
    /// How many are those of the configuration.
    configured: usize,
    /// Something has happened to a connection.
    changed: Arc<watch::Sender<()>>,
    not_answered: RareLog,
}

impl Verifiers {
    /// The verifiers of a configuration. None is connected yet.
    #[must_use]
    pub(crate) fn new(verifiers: &[Verifier], host: &HostName, tls: &Arc<ClientConfig>) -> Self {
        let new = Self {
            host: host.clone(),
            tls: Mutex::new(Arc::clone(tls)),
            links: Mutex::default(),
            configured: verifiers.len(),
            changed: Arc::new(watch::channel(()).0),
            not_answered: RareLog::default(),
        };
        let links = verifiers.iter().map(|one| new.new_link(one.clone()));
        let links = links.collect();
        Self {
            links: Mutex::new(links),
            ..new
        }
    }

    fn new_link(&self, verifier: Verifier) -> Arc<Link> {
        let tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        let (host, tls) = (self.host.clone(), Arc::clone(&tls));
        let changed = Arc::clone(&self.changed);
        Arc::new(Link::new(verifier, host, tls, changed))
    }

    /// The connections of now.
    pub(crate) fn links(&self) -> Arc<[Arc<Link>]> {
        let links = self.links.lock();
        Arc::clone(&links.unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses this certificate for the connections from now on.
    pub(crate) fn replace(&self, tls: &Arc<ClientConfig>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(tls);
        for link in self.links().iter() {
            link.replace(Arc::clone(tls));
        }
    }

    /// What is known about the verifiers, for tfad.
    #[must_use]
    pub(crate) fn status(&self) -> Vec<VerifierStatus> {
        let links = self.links();
        let numbered = links.iter().enumerate();
        numbered
            .map(|(number, link)| link.status(number >= self.configured))
            .collect()
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

    /// Has a verifier certify the next key of this host. All that are connected are asked, one after the other, until
    /// the reply of one is `accepted`: it is the same key, and one that refuses, or whose clock is wrong, may be the
    /// only one that is wrong.
    ///
    /// # Errors
    /// Why none does, for the log.
    pub(crate) async fn renew<T>(
        &self,
        present: &PresentKey,
        request: &KeyRequest,
        accepted: impl Fn(CertifiedReply) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut whys = Vec::new();
        for link in self.in_order(random() as usize) {
            let Some(mut open) = link.open() else {
                continue;
            };
            let request = messages::renew_request(present, request);
            let why = match timeout(RENEW_TIME, open.client.renew(request)).await {
                Ok(Ok(reply)) => match accepted(reply.into_inner()) {
                    Ok(accepted) => return Ok(accepted),
                    Err(why) => why,
                },
                Ok(Err(status)) => status.message().to_owned(),
                Err(_) => "it does not answer".to_owned(),
            };
            whys.push(printable(&format_args!("{}: {why}", link.name())));
        }
        match whys.is_empty() {
            true => Err("no verifier is connected".to_owned()),
            false => Err(whys.join("; ")),
        }
    }

    fn link(&self, name: &str) -> Option<Arc<Link>> {
        let links = self.links();
        links.iter().find(|link| link.name() == name).cloned()
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
    meaning::of_error(error) == Meaning::Elsewhere
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
                is_absent: meaning::of_status(status.code()) == Meaning::Absent,
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
