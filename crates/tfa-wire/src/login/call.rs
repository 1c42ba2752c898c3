//! The arguments of the calls.

use tfa_proto::{Context, ContextError};

use super::context;
use crate::arguments::Arguments;
use crate::encoder::Encoder;
use crate::error::DecodeError;
use crate::signature::{ANSWER, BEGIN, CANCEL};

/// A call of the login interface, to encode.
#[derive(Debug, Clone, Copy)]
pub enum LoginCall<'a> {
    /// `Begin`: the user and the context.
    Begin(&'a str, &'a Context),
    /// `Answer`: the dialog and the answer.
    Answer(u32, &'a str),
    /// `Cancel`: the dialog.
    Cancel(u32),
}

impl LoginCall<'_> {
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Begin(..) => "Begin",
            Self::Answer(..) => "Answer",
            Self::Cancel(_) => "Cancel",
        }
    }

    pub(crate) fn signature(&self) -> &'static str {
        match self {
            Self::Begin(..) => BEGIN,
            Self::Answer(..) => ANSWER,
            Self::Cancel(_) => CANCEL,
        }
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) {
        match *self {
            Self::Begin(user, context) => {
                encoder.string(user);
                context::encode(context, encoder);
            }
            Self::Answer(dialog, answer) => {
                encoder.number(dialog);
                encoder.string(answer);
            }
            Self::Cancel(dialog) => encoder.number(dialog),
        }
    }
}

impl<'a> Arguments<'a> {
    /// Decodes the arguments of `Begin`: the user, and the context or why it is none.
    ///
    /// # Errors
    /// They are other arguments, or not valid.
    pub fn begin(&self) -> Result<(&'a str, Result<Context, ContextError>), DecodeError> {
        self.decode(BEGIN, |body| Ok((body.string()?, context::decode(body)?)))
    }

    /// Decodes the arguments of `Answer`: the dialog and the answer.
    ///
    /// # Errors
    /// They are other arguments, or not valid.
    pub fn answer(&self) -> Result<(u32, &'a str), DecodeError> {
        self.decode(ANSWER, |body| Ok((body.number()?, body.string()?)))
    }

    /// Decodes the argument of `Cancel`: the dialog.
    ///
    /// # Errors
    /// There are other arguments.
    pub fn cancel(&self) -> Result<u32, DecodeError> {
        self.decode(CANCEL, |body| body.number())
    }
}
