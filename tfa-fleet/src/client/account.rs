//! Calls of owners. One that changes something is made once: another verifier is asked only where it is certain
//! that the first one has not executed it.

use std::sync::Arc;
use std::time::Duration;

use tfa_fleet_wire::{AccountCall, LoginReply, Reply};
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

use super::link::{Link, Open};
use super::{Verifiers, is_elsewhere, millis_until, refused};
use crate::generated::{AccountRequest, Error};
use crate::log::{Level, printable};
use crate::messages;

/// How long a verifier may take for a call that another one can answer.
const READ_TIME: Duration = Duration::from_secs(2);

/// What became of a call at one verifier.
enum Ended {
    Answered(LoginReply),
    /// It was not executed, or changes nothing.
    Again(String),
    /// It may have been executed.
    Unknown(String),
}

impl Verifiers {
    pub(super) async fn account(
        &self,
        call: AccountCall,
        first: Option<&str>,
        deadline: Instant,
    ) -> Reply {
        let only_reads = call.only_reads;
        let request = match messages::account_request(call, 0) {
            Ok(request) => request,
            Err(invalid) => {
                return Reply::Login {
                    verifier: String::new(),
                    reply: refused(&invalid.to_string()),
                };
            }
        };
        let mut links = self.in_order(crate::random::random() as usize);
        // The one that has verified the code, if it is there. The others ask for another code.
        links.sort_by_key(|link| Some(link.name()) != first);
        let mut last = None;
        for link in links {
            let Some(open) = link.open() else {
                continue;
            };
            match ask(&link, open, request.clone(), only_reads, deadline).await {
                Ended::Answered(reply) => {
                    let verifier = link.name().to_owned();
                    return Reply::Login { verifier, reply };
                }
                Ended::Again(why) => {
                    let verifier = link.name();
                    let text = format_args!("{verifier} cannot answer a call of a user: {why}");
                    let text = printable(&text);
                    self.not_answered.log(Level::Warning, &text);
                    last = Some(text);
                }
                Ended::Unknown(why) => {
                    let verifier = link.name();
                    let text = format_args!("{verifier} has not answered a call of a user: {why}");
                    let text = printable(&text);
                    self.not_answered.log(Level::Warning, &text);
                    return Reply::Lost(text);
                }
            }
        }
        match last {
            Some(text) => Reply::NoAnswer(text),
            None => self.none(None, 0),
        }
    }
}

async fn ask(
    link: &Arc<Link>,
    mut open: Open,
    mut request: AccountRequest,
    only_reads: bool,
    deadline: Instant,
) -> Ended {
    let until = match only_reads {
        true => deadline.min(Instant::now() + READ_TIME),
        false => deadline,
    };
    request.budget_ms = millis_until(until);
    let failed = |why: String, is_certain: bool| match is_certain || only_reads {
        true => Ended::Again(why),
        false => Ended::Unknown(why),
    };
    let reply = match timeout_at(until, open.client.account(request)).await {
        Ok(Ok(reply)) => reply.into_inner(),
        Ok(Err(status)) => {
            let is_certain = was_not_executed(&status);
            if !is_certain {
                link.suspect(open.number);
            }
            return failed(text_of(&status), is_certain);
        }
        Err(_) => {
            link.suspect(open.number);
            return failed("it does not answer".to_owned(), false);
        }
    };
    link.trust();
    match messages::reply_to_account(reply) {
        Ok(LoginReply::Refused { error, text }) if is_of_another(&error, only_reads) => {
            Ended::Again(text)
        }
        Ok(reply) => Ended::Answered(reply),
        Err(invalid) => failed(invalid.to_string(), false),
    }
}

/// Whether another verifier may answer. After an error of the store, a change may have been made.
fn is_of_another(error: &str, only_reads: bool) -> bool {
    messages::error_of(error)
        .is_some_and(|error| is_elsewhere(error) && (only_reads || error == Error::NotServing))
}

/// Whether a verifier certainly has not executed the call.
fn was_not_executed(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::FailedPrecondition | Code::Unimplemented
    )
}

fn text_of(status: &Status) -> String {
    match (status.code(), status.message()) {
        (Code::Unimplemented, _) => "its version does not know the call".to_owned(),
        (code, "") => format!("{code:?}"),
        (_, message) => message.to_owned(),
    }
}
