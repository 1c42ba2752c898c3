//! What the two hosts of a login say, in the messages of `fleet.proto` and in those of tfad
//! (`tfa_fleet_wire`).
//!
//! Each conversion checks what a peer may send: `bounds` has the limits. What is not valid is an error,
//! and the login is denied.

mod account;
mod bounds;
mod calls;
mod certificates;
mod names;
mod replies;
mod subject;
mod verifiers;

use std::fmt;

pub use account::{account_call, account_reply, account_request, reply_to_account};
pub use bounds::{
    MAX_ANSWER, MAX_ARGUMENTS, MAX_CONTEXT, MAX_ERROR_TEXT, MAX_IDENTITIES, MAX_LIST,
    MAX_MEMBERSHIPS, MAX_NAME, MAX_QUESTION, MAX_RESULT,
};
pub use calls::{
    answer_call, answer_request, begin_call, begin_request, budget, cancel_call, cancel_request,
};
pub use certificates::{
    CertifiedHost, MAX_CERTIFICATE, certified_host, certified_reply, join_call, join_request,
    key_request, renew_request, renewal,
};
pub use names::{ERRORS, LINE_KINDS, STYLES, VERDICTS};
pub(crate) use names::{error_of, not_authorized};
pub use replies::{answer_reply, begin_reply, reply_to_answer, reply_to_begin};
pub use verifiers::{list_reply, verifiers_of};

/// A message that is not valid: the part of it that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid(pub &'static str);

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is not valid", self.0)
    }
}

impl std::error::Error for Invalid {}
