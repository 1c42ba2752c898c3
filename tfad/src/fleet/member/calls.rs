//! The calls to verifiers, through `tfa-fleet`, and what their replies mean.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use tfa_fleet_wire::{CallError, Client, LoginCall, LoginReply, Reply, Request};
use tfa_proto::{Next, Turn};

use super::attempt::Attempt;
use crate::fleet::translate;
use crate::login::Error;
use crate::messages;

/// How much longer than `tfa-fleet` the daemon waits: what became of a call is known there.
const REPLY_TIME: Duration = Duration::from_millis(300);
/// How long the end of a dialog may take. It is not waited for any longer: the dialog ends by itself.
const CANCEL_TIME: Duration = Duration::from_millis(200);
/// How often a verifier may ask for a fact.
const MAX_ROUNDS: usize = 4;

/// The verifiers.
pub(super) struct Fleet(Client);

/// A dialog that a verifier has begun.
pub(super) struct Begun {
    pub(super) verifier: String,
    /// Its number there; 0 for one that is over.
    pub(super) dialog: u32,
    pub(super) turn: Turn,
}

/// What became of an answer.
pub(super) enum Answered {
    Turn(Turn),
    /// The verifier of the dialog is lost, for this reason. It may have judged the answer.
    Lost(String),
}

impl Fleet {
    /// The program with that uid at a socket.
    pub(super) fn new(socket: &Path, uid: u32) -> Self {
        Self(Client::new(socket, uid))
    }

    /// Begins a dialog at any verifier, and tells it the facts that it asks for.
    pub(super) fn begin(&self, attempt: &mut Attempt, until: Instant) -> Result<Begun, Error> {
        for _ in 0..MAX_ROUNDS {
            let left = until.saturating_duration_since(Instant::now());
            let begin = LoginCall::Begin(attempt.begin());
            let (verifier, reply) = match self.call(begin, None, left)? {
                Reply::Login { verifier, reply } => (verifier, reply),
                Reply::NoVerifier(why) => return Err(Error::NoVerifier(why)),
                Reply::NoAnswer(why) => return Err(Error::NoAnswer(why)),
                _ => return Err(not_understood()),
            };
            match reply {
                LoginReply::Begun { dialog, turn } => {
                    let turn = translate::proto_turn(turn).map_err(|_| not_understood())?;
                    if dialog == 0 && matches!(turn.next, Next::Ask(_)) {
                        return Err(not_understood());
                    }
                    return Ok(Begun {
                        verifier,
                        dialog,
                        turn,
                    });
                }
                LoginReply::NeedFact(needed) => attempt.tell(needed),
                LoginReply::Refused { error, text } => return Err(refused(&error, text)),
                LoginReply::Cancelled => return Err(not_understood()),
            }
        }
        Err(not_understood())
    }

    /// Answers the question of a dialog.
    pub(super) fn answer(
        &self,
        call: LoginCall,
        (verifier, own): (&str, u32),
        until: Instant,
    ) -> Result<Answered, Error> {
        let left = until.saturating_duration_since(Instant::now());
        match self.call(call, Some(verifier), left)? {
            // The verdict of another dialog is none of this login.
            Reply::Login {
                verifier: of,
                reply: LoginReply::Begun { dialog, turn },
            } if of == verifier && (dialog == own || dialog == 0) => {
                let turn = translate::proto_turn(turn).map_err(|_| not_understood())?;
                Ok(Answered::Turn(turn))
            }
            Reply::Login {
                reply: LoginReply::Refused { error, text },
                ..
            } => Err(refused(&error, text)),
            Reply::Lost(why) => Ok(Answered::Lost(why)),
            _ => Err(not_understood()),
        }
    }

    /// Ends a dialog.
    pub(super) fn cancel(&self, call: LoginCall, verifier: &str) {
        // The dialog of the verifier ends by itself.
        let _ = self.call(call, Some(verifier), CANCEL_TIME);
    }

    fn call(
        &self,
        call: LoginCall,
        verifier: Option<&str>,
        limit: Duration,
    ) -> Result<Reply, Error> {
        let request = Request::Login {
            call,
            budget_ms: u32::try_from(limit.as_millis()).unwrap_or(u32::MAX),
            verifier: verifier.map(str::to_owned),
        };
        let reply = self.0.call(&request, limit + REPLY_TIME);
        reply.map_err(|error| {
            let why = messages::fleet_unreachable(&error);
            match error {
                CallError::Unsent(error) if is_absent(&error) => Error::NoVerifier(why),
                _ => Error::NoAnswer(why),
            }
        })
    }
}

/// Whether no program listens at the socket. One that listens and has no time, or no room, is there.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused
    )
}

/// The refusal of a verifier, as this host's own would be.
fn refused(name: &str, text: String) -> Error {
    let known = tfa_proto::Error::from_name(name, text.clone());
    Error::Refused(known.unwrap_or(tfa_proto::Error::Storage(text)))
}

fn not_understood() -> Error {
    let text = messages::REPLY_NOT_UNDERSTOOD.to_owned();
    Error::Refused(tfa_proto::Error::Storage(text))
}
