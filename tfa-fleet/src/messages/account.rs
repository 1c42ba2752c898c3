//! Calls of owners about their accounts. Arguments and results are bytes here: tfad checks them.

use tfa_fleet_wire::{AccountCall, LoginCall, LoginReply, LoginUser, SecretBytes};

use super::bounds::{MAX_ARGUMENTS, MAX_ERROR_TEXT, MAX_RESULT, name, text};
use super::calls::{attempt, names};
use super::names::ERROR_PREFIX;
use super::replies::{needed_from, needed_to};
use super::{Invalid, subject};
use crate::generated::{AccountRefused, AccountReply, AccountRequest, User, account_reply};

/// The request of a call.
///
/// # Errors
/// [`Invalid`], as in the other conversions.
pub fn account_request(call: AccountCall, budget_ms: u32) -> Result<AccountRequest, Invalid> {
    let AccountCall {
        user,
        method,
        arguments,
        subject: answer,
        proved_by,
        only_reads: _,
    } = call;
    Ok(AccountRequest {
        user: Some(User {
            name: name(user.name, "a name")?,
            uid: Some(user.uid),
            aliases: names(user.aliases)?,
        }),
        method: name(method, "a method")?,
        arguments: within(&arguments, MAX_ARGUMENTS, "a list of arguments")?,
        subject: answer.map(subject::answer_to).transpose()?,
        proved_by: proved_by.map(|attempt| attempt.0.to_vec()),
        budget_ms,
    })
}

/// The call of a request.
///
/// # Errors
/// [`Invalid`].
pub fn account_call(request: AccountRequest) -> Result<LoginCall, Invalid> {
    let AccountRequest {
        user,
        method,
        arguments,
        subject: answer,
        proved_by,
        budget_ms: _,
    } = request;
    // First of all, so that they are wiped.
    let arguments = bounded(arguments, MAX_ARGUMENTS, "a list of arguments")?;
    let user = user.ok_or(Invalid("a user"))?;
    Ok(LoginCall::Account(AccountCall {
        user: LoginUser {
            name: name(user.name, "a name")?,
            // Without it, it would be root's.
            uid: user.uid.ok_or(Invalid("a uid"))?,
            aliases: names(user.aliases)?,
        },
        method: name(method, "a method")?,
        arguments,
        subject: answer.map(subject::answer_from).transpose()?,
        proved_by: proved_by.as_deref().map(attempt).transpose()?,
        only_reads: false,
    }))
}

/// The reply of a verifier's tfad.
///
/// # Errors
/// [`Invalid`].
pub fn account_reply(reply: LoginReply) -> Result<AccountReply, Invalid> {
    let is = match reply {
        LoginReply::Account(result) => {
            account_reply::Is::Result(within(&result, MAX_RESULT, "a result")?)
        }
        LoginReply::NeedFact(needed) => account_reply::Is::NeedFact(needed_to(needed)?),
        LoginReply::Refused { error, text: of } => {
            let error = error.strip_prefix(ERROR_PREFIX).unwrap_or("Storage");
            account_reply::Is::Refused(AccountRefused {
                error: name(error.to_owned(), "an error")?,
                text: text(of, MAX_ERROR_TEXT, "the text of an error")?,
            })
        }
        LoginReply::Begun { .. } | LoginReply::Cancelled => {
            return Err(Invalid("a reply to Account"));
        }
    };
    Ok(AccountReply { is: Some(is) })
}

/// What a verifier replies.
///
/// # Errors
/// [`Invalid`].
pub fn reply_to_account(reply: AccountReply) -> Result<LoginReply, Invalid> {
    match reply.is.ok_or(Invalid("a reply to Account"))? {
        account_reply::Is::Result(result) => Ok(LoginReply::Account(bounded(
            result, MAX_RESULT, "a result",
        )?)),
        account_reply::Is::NeedFact(needed) => Ok(LoginReply::NeedFact(needed_from(needed)?)),
        account_reply::Is::Refused(AccountRefused { error, text: of }) => {
            let error = name(error, "an error")?;
            Ok(LoginReply::Refused {
                error: format!("{ERROR_PREFIX}{error}"),
                text: text(of, MAX_ERROR_TEXT, "the text of an error")?,
            })
        }
    }
}

fn bounded(bytes: Vec<u8>, most: usize, what: &'static str) -> Result<SecretBytes, Invalid> {
    let bytes = SecretBytes::new(bytes);
    match bytes.0.len() <= most {
        true => Ok(bytes),
        false => Err(Invalid(what)),
    }
}

fn within(bytes: &SecretBytes, most: usize, what: &'static str) -> Result<Vec<u8>, Invalid> {
    match bytes.0.len() <= most {
        true => Ok(bytes.0.to_vec()),
        false => Err(Invalid(what)),
    }
}
