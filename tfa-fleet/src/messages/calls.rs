//! The requests of a member.

use std::time::Duration;

use tfa_fleet_wire::{
    AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts, LoginUser,
    SecretText,
};

use super::bounds::{MAX_ANSWER, MAX_CONTEXT, MAX_IDENTITIES, list, name};
use super::{Invalid, subject};
use crate::generated::{
    self, AnswerRequest, BeginRequest, CancelRequest, Facts, User, context_entry,
};

/// The time that a member has left for a request.
#[must_use]
pub fn budget(budget_ms: u32) -> Duration {
    Duration::from_millis(budget_ms.into())
}

/// The request to begin a dialog.
///
/// # Errors
/// [`Invalid`], as in the other conversions.
pub fn begin_request(begin: BeginLogin, budget_ms: u32) -> Result<BeginRequest, Invalid> {
    let BeginLogin {
        attempt,
        user,
        context,
        caller_uid,
        facts,
    } = begin;
    Ok(BeginRequest {
        attempt: attempt.0.to_vec(),
        user: Some(User {
            name: name(user.name, "a name")?,
            uid: Some(user.uid),
            aliases: names(user.aliases)?,
        }),
        context: list(context, MAX_CONTEXT, "a context", entry_to)?,
        caller_uid: Some(caller_uid),
        facts: Some(facts_to(facts)?),
        budget_ms,
    })
}

/// The call of a request to begin a dialog.
///
/// # Errors
/// [`Invalid`].
pub fn begin_call(request: BeginRequest) -> Result<LoginCall, Invalid> {
    let BeginRequest {
        attempt: bytes,
        user,
        context,
        caller_uid,
        facts,
        budget_ms: _,
    } = request;
    let user = user.ok_or(Invalid("a user"))?;
    Ok(LoginCall::Begin(BeginLogin {
        attempt: attempt(&bytes)?,
        user: LoginUser {
            name: name(user.name, "a name")?,
            // Without it, it would be root's.
            uid: user.uid.ok_or(Invalid("a uid"))?,
            aliases: names(user.aliases)?,
        },
        context: list(context, MAX_CONTEXT, "a context", entry_from)?,
        caller_uid: caller_uid.ok_or(Invalid("the uid of a caller"))?,
        facts: facts_from(facts.unwrap_or_default())?,
    }))
}

/// The request to answer a question.
///
/// # Errors
/// [`Invalid`].
pub fn answer_request(
    attempt: AttemptBytes,
    (dialog, number): (u32, u32),
    answer: &SecretText,
    budget_ms: u32,
) -> Result<AnswerRequest, Invalid> {
    let is_short = answer.0.len() <= MAX_ANSWER;
    is_short.then_some(()).ok_or(Invalid("an answer"))?;
    Ok(AnswerRequest {
        attempt: attempt.0.to_vec(),
        dialog,
        number,
        answer: answer.0.to_string(),
        budget_ms,
    })
}

/// The call of a request to answer a question.
///
/// # Errors
/// [`Invalid`].
pub fn answer_call(request: AnswerRequest) -> Result<LoginCall, Invalid> {
    // First of all, so that it is wiped.
    let answer = SecretText::new(request.answer);
    let is_short = answer.0.len() <= MAX_ANSWER;
    is_short.then_some(()).ok_or(Invalid("an answer"))?;
    Ok(LoginCall::Answer {
        attempt: attempt(&request.attempt)?,
        dialog: request.dialog,
        number: request.number,
        answer,
    })
}

/// The request to end a dialog.
#[must_use]
pub fn cancel_request(attempt: AttemptBytes, dialog: u32) -> CancelRequest {
    CancelRequest {
        attempt: attempt.0.to_vec(),
        dialog,
    }
}

/// The call of a request to end a dialog.
///
/// # Errors
/// [`Invalid`].
pub fn cancel_call(request: &CancelRequest) -> Result<LoginCall, Invalid> {
    Ok(LoginCall::Cancel {
        attempt: attempt(&request.attempt)?,
        dialog: request.dialog,
    })
}

pub(super) fn attempt(bytes: &[u8]) -> Result<AttemptBytes, Invalid> {
    let bytes = bytes.try_into().map_err(|_| Invalid("an attempt"))?;
    Ok(AttemptBytes(bytes))
}

pub(super) fn names(names: Vec<String>) -> Result<Vec<String>, Invalid> {
    list(names, MAX_IDENTITIES, "a list of names", |of| {
        name(of, "a name")
    })
}

fn entry_to(entry: ContextEntry) -> Result<generated::ContextEntry, Invalid> {
    let value = match entry.value {
        EntryValue::Text(of) => context_entry::Value::Text(of),
        EntryValue::Flag(flag) => context_entry::Value::Flag(flag),
        EntryValue::Number(number) => context_entry::Value::Number(number),
    };
    Ok(generated::ContextEntry {
        key: name(entry.key, "a key of a context")?,
        value: Some(value),
    })
}

fn entry_from(entry: generated::ContextEntry) -> Result<ContextEntry, Invalid> {
    let value = match entry.value {
        Some(context_entry::Value::Text(of)) => EntryValue::Text(of),
        Some(context_entry::Value::Flag(flag)) => EntryValue::Flag(flag),
        Some(context_entry::Value::Number(number)) => EntryValue::Number(number),
        // A type of a later version. It may restrict the login.
        None => return Err(Invalid("a value of a context")),
    };
    Ok(ContextEntry {
        key: name(entry.key, "a key of a context")?,
        value,
    })
}

fn facts_to(facts: LoginFacts) -> Result<Facts, Invalid> {
    let LoginFacts {
        at_console,
        subject: answer,
        session_phase_decides,
        goes_on_after_wrong_password,
    } = facts;
    Ok(Facts {
        at_console,
        subject: answer.map(subject::answer_to).transpose()?,
        session_phase_decides,
        goes_on_after_wrong_password,
    })
}

fn facts_from(facts: Facts) -> Result<LoginFacts, Invalid> {
    let Facts {
        at_console,
        subject: answer,
        session_phase_decides,
        goes_on_after_wrong_password,
    } = facts;
    Ok(LoginFacts {
        at_console,
        subject: answer.map(subject::answer_from).transpose()?,
        session_phase_decides,
        goes_on_after_wrong_password,
    })
}
