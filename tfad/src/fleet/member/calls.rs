//! The calls to verifiers, through `tfa-fleet`, and what their replies mean.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use tfa_fleet_wire::{
    CallError, LinkErrorKind, LoginCall, LoginReply, MAX_CALL_CONNECTIONS, Reply, Request,
    VerifierStatus,
};
use tfa_proto::{Next, Turn};

use super::attempt::Attempt;
use super::program::Program;
use crate::fleet::translate;
use crate::login::Error;
use crate::messages;
use crate::semaphore::Semaphore;

/// How much longer than `tfa-fleet` the daemon waits: what became of a call is known there.
const REPLY_TIME: Duration = Duration::from_millis(300);
/// How long `tfa-fleet` may take to tell what it is connected to.
const STATUS_TIME: Duration = Duration::from_secs(1);
/// How often a verifier may ask for a fact.
pub(super) const MAX_ROUNDS: usize = 4;

/// How many calls are under way at once. `tfa-fleet` has room for those of the store and of its status beside them.
const MAX_CALLS: usize = MAX_CALL_CONNECTIONS / 8 * 7;

/// The verifiers.
pub(super) struct Fleet {
    program: Program,
    calls: Semaphore,
    /// How long the end of a dialog may take.
    cancel_time: Duration,
}

/// A dialog that a verifier has begun.
pub(super) struct Begun {
    pub(super) verifier: String,
    /// Its number there; 0 for one that is over.
    pub(super) dialog: u32,
    pub(super) turn: Turn,
}

/// Why there is no reply of `tfa-fleet`.
pub(super) enum Failed {
    /// The call was not made.
    Unsent(Error),
    /// It may have been made. The text says why that is not known.
    Unknown(String),
}

/// What became of an answer.
pub(super) enum Answered {
    Turn(Turn),
    /// The verifier of the dialog is lost, for this reason. It may have judged the answer.
    Lost(String),
}

impl Fleet {
    /// The verifiers that this program reaches.
    pub(super) fn new(program: Program, cancel_time: Duration) -> Self {
        Self {
            program,
            calls: Semaphore::new(MAX_CALLS),
            cancel_time,
        }
    }

    /// Begins a dialog at any verifier, and tells it the facts that it asks for. The time in which this host looks
    /// them up is not that of the verifiers.
    pub(super) fn begin(&self, attempt: &mut Attempt, until: Instant) -> Result<Begun, Error> {
        let mut until = until;
        for _ in 0..MAX_ROUNDS {
            let left = until.saturating_duration_since(Instant::now());
            let begin = LoginCall::Begin(attempt.begin());
            let (verifier, reply) = match self.call(begin, None, false, left)? {
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
                LoginReply::NeedFact(needed) => {
                    let start = Instant::now();
                    attempt.tell(needed);
                    until += start.elapsed();
                }
                LoginReply::Refused { error, text } => return Err(refused(&error, text)),
                LoginReply::Cancelled | LoginReply::Account(_) => return Err(not_understood()),
            }
        }
        Err(not_understood())
    }

    /// Answers the question of a dialog. `only_there`: no other verifier can take the answer.
    pub(super) fn answer(
        &self,
        call: LoginCall,
        (verifier, own): (&str, u32),
        only_there: bool,
        until: Instant,
    ) -> Result<Answered, Error> {
        let left = until.saturating_duration_since(Instant::now());
        match self.call(call, Some(verifier), only_there, left)? {
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
        let _ = self.call(call, Some(verifier), false, self.cancel_time);
    }

    /// The names of the verifiers in the configuration of `tfa-fleet`; none if it does not tell.
    pub(super) fn verifiers(&self) -> Vec<String> {
        match self.program.call(&Request::Status, STATUS_TIME) {
            Ok(Reply::Status(status)) => status.verifiers.into_iter().map(|one| one.name).collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// Whether certainly no verifier has to do with this host: each one cannot be connected to, or its daemon does not run. One
    /// that refuses the certificate of this host, or whose own is not accepted, is none of these, and an error of this host
    /// is no word about a verifier. Where `tfa-fleet` does not tell, it is not certain.
    pub(super) fn is_cut_off(&self) -> bool {
        match self.program.call(&Request::Status, STATUS_TIME) {
            Ok(Reply::Status(status)) => none_can_be_asked(&status.verifiers),
            Err(CallError::Unsent(error)) => is_absent(&error),
            Ok(_) | Err(_) => false,
        }
    }

    fn call(
        &self,
        call: LoginCall,
        verifier: Option<&str>,
        only_there: bool,
        limit: Duration,
    ) -> Result<Reply, Error> {
        self.send(call, verifier, only_there, limit)
            .map_err(|failed| match failed {
                Failed::Unsent(error) => error,
                Failed::Unknown(why) => Error::NoAnswer(why),
            })
    }

    pub(super) fn send(
        &self,
        call: LoginCall,
        verifier: Option<&str>,
        only_there: bool,
        limit: Duration,
    ) -> Result<Reply, Failed> {
        let start = Instant::now();
        let permit = self.calls.acquire_within(limit);
        let full = || Failed::Unsent(Error::NoAnswer(messages::TOO_MANY_LOGINS.to_owned()));
        let _permit = permit.ok_or_else(full)?;
        let limit = limit.saturating_sub(start.elapsed());
        let request = Request::Login {
            call,
            budget_ms: u32::try_from(limit.as_millis()).unwrap_or(u32::MAX),
            verifier: verifier.map(str::to_owned),
            only_there,
        };
        let reply = self.program.call(&request, limit + REPLY_TIME);
        reply.map_err(|error| {
            let why = self.program.has_no_user();
            let why = why.unwrap_or_else(|| messages::fleet_unreachable(&error));
            match error {
                CallError::Unsent(error) if is_absent(&error) => {
                    Failed::Unsent(Error::NoVerifier(why))
                }
                CallError::Unsent(_) | CallError::Request(_) => {
                    Failed::Unsent(Error::NoAnswer(why))
                }
                CallError::Unknown(_) | CallError::Reply(_) => Failed::Unknown(why),
            }
        })
    }
}

/// Whether none of the verifiers can be asked, of those that count. One that another verifier has told of does not count
/// while this host cannot look its name up, and never could.
fn none_can_be_asked(verifiers: &[VerifierStatus]) -> bool {
    let is_local = |one: &VerifierStatus| {
        let error = one.error.as_ref();
        error.is_some_and(|error| error.kind == LinkErrorKind::Local)
    };
    let counts = |one: &&VerifierStatus| !(one.is_only_told && is_local(one));
    let mut counted = verifiers.iter().filter(counts).peekable();
    counted.peek().is_some() && counted.all(cannot_be_asked)
}

/// Whether a verifier that has not answered is connected, so that its daemon does not run, or cannot be connected to.
fn cannot_be_asked(verifier: &VerifierStatus) -> bool {
    let error = verifier.error.as_ref().map(|error| error.kind);
    verifier.is_connected
        || matches!(
            error,
            Some(LinkErrorKind::Unreachable | LinkErrorKind::Ended)
        )
}

/// Whether no program listens at the socket. One that listens and has no time, or no room, is there.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused
    )
}

/// The refusal of a verifier, as this host's own would be. By itself it is never one that lets root in: a verifier that
/// refuses is there.
pub(super) fn refused(name: &str, text: String) -> Error {
    use tfa_proto::Error::{ConsoleOnly, CutOff, NotServing, Storage};
    let known = tfa_proto::Error::from_name(name, text.clone());
    Error::Refused(match known {
        None | Some(NotServing(_) | CutOff(_) | ConsoleOnly(_)) => Storage(text),
        Some(error) => error,
    })
}

pub(super) fn not_understood() -> Error {
    let text = messages::REPLY_NOT_UNDERSTOOD.to_owned();
    Error::Refused(tfa_proto::Error::Storage(text))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tfa_fleet_wire::{AttemptBytes, LinkError};

    use super::*;

    #[test]
    fn verifier_that_refuses_this_host_does_not_count_as_out_of_reach() {
        let verifier = |is_connected, kind: Option<LinkErrorKind>| VerifierStatus {
            name: "v1".to_owned(),
            is_connected,
            clock_ahead_ms: None,
            round_trip_us: None,
            error: kind.map(|kind| LinkError {
                kind,
                text: String::new(),
            }),
            refusal: None,
            is_only_told: false,
        };
        for (status, expected) in [
            (verifier(false, Some(LinkErrorKind::Unreachable)), true),
            (verifier(false, Some(LinkErrorKind::Ended)), true),
            (verifier(true, None), true),
            (verifier(false, Some(LinkErrorKind::Refused)), false),
            (verifier(false, Some(LinkErrorKind::Protocol)), false),
            (verifier(false, Some(LinkErrorKind::Local)), false),
            // No attempt to connect has ended yet.
            (verifier(false, None), false),
        ] {
            assert_eq!(cannot_be_asked(&status), expected, "{status:?}");
        }
        // A verifier that was told of, and whose name is not known here, is no obstacle. It is no evidence either.
        let cut = verifier(false, Some(LinkErrorKind::Unreachable));
        let local = verifier(false, Some(LinkErrorKind::Local));
        let told = |one: &VerifierStatus| VerifierStatus {
            is_only_told: true,
            ..one.clone()
        };
        let refused = verifier(false, Some(LinkErrorKind::Refused));
        for (verifiers, expected) in [
            (vec![cut.clone(), told(&local)], true),
            (vec![cut.clone(), local.clone()], false),
            (vec![told(&local)], false),
            (vec![cut.clone(), told(&refused)], false),
            (vec![cut.clone(), told(&cut)], true),
            (vec![], false),
        ] {
            assert_eq!(none_can_be_asked(&verifiers), expected, "{verifiers:?}");
        }
    }

    #[test]
    fn refusal_of_a_verifier_never_says_that_there_is_none() {
        for (name, expected) in [
            ("NotServing", "Storage"),
            ("CutOff", "Storage"),
            ("ConsoleOnly", "Storage"),
            ("Storage", "Storage"),
            ("Unheard", "Storage"),
            ("Busy", "Busy"),
            ("NotAuthorized", "NotAuthorized"),
        ] {
            let error = refused(&format!("org.tfad.Tfa1.Error.{name}"), "why".to_owned());
            let told = tfa_proto::Error::from(error);
            assert_eq!(told.name(), format!("org.tfad.Tfa1.Error.{expected}"));
            assert_eq!(told.text(), "why");
        }
    }

    #[test]
    fn absent_program_is_cut_off_also_where_its_user_is_not_known() {
        let look_up = || Err("no such user".to_owned());
        let program = Program::looked_up(Path::new("/nonexistent/call"), look_up);
        let fleet = Fleet::new(program, Duration::ZERO);
        assert!(fleet.is_cut_off());
        let attempt = AttemptBytes([1; 16]);
        let call = LoginCall::Cancel { attempt, dialog: 1 };
        let called = fleet.call(call, Some("v1"), false, Duration::from_millis(10));
        let Err(Error::NoVerifier(why)) = called else {
            panic!("called");
        };
        assert_eq!(why, "no such user");
    }

    #[test]
    fn call_past_the_limit_is_not_taken_for_an_absent_daemon() {
        let fleet = |permits| Fleet {
            program: Program::of_user(Path::new("/nonexistent/call"), 0),
            calls: Semaphore::new(permits),
            cancel_time: Duration::ZERO,
        };
        let call = |fleet: &Fleet| {
            let attempt = AttemptBytes([1; 16]);
            let call = LoginCall::Cancel { attempt, dialog: 1 };
            fleet.call(call, Some("v1"), false, Duration::from_millis(10))
        };
        assert!(matches!(call(&fleet(1)), Err(Error::NoVerifier(_))));
        assert!(matches!(call(&fleet(0)), Err(Error::NoAnswer(_))));
    }
}
