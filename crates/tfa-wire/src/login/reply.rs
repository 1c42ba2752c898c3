//! The arguments of the replies.

use tfa_proto::Turn;

use super::turn;
use crate::arguments::Arguments;
use crate::encoder::Encoder;
use crate::error::DecodeError;
use crate::signature::{BEGUN, TURN};

/// A successful reply of the login interface, to encode.
#[derive(Debug, Clone, Copy)]
pub enum LoginReply<'a> {
    /// To `Begin`: the dialog and its first turn.
    Begun(u32, &'a Turn),
    /// To `Answer`: the next turn.
    Answered(&'a Turn),
    /// To `Cancel`.
    Cancelled,
}

impl LoginReply<'_> {
    pub(crate) fn signature(&self) -> &'static str {
        match self {
            Self::Begun(..) => BEGUN,
            Self::Answered(_) => TURN,
            Self::Cancelled => "",
        }
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) {
        match self {
            Self::Begun(dialog, turn) => {
                encoder.number(*dialog);
                turn::encode(turn, encoder);
            }
            Self::Answered(turn) => turn::encode(turn, encoder),
            Self::Cancelled => {}
        }
    }
}

impl Arguments<'_> {
    /// Decodes the reply to `Begin`: the dialog and its first turn.
    ///
    /// # Errors
    /// They are other arguments, or not valid.
    pub fn begun(&self) -> Result<(u32, Turn), DecodeError> {
        self.decode(BEGUN, |body| Ok((body.number()?, turn::decode(body)?)))
    }

    /// Decodes the reply to `Answer`: the next turn.
    ///
    /// # Errors
    /// They are other arguments, or not valid.
    pub fn answered(&self) -> Result<Turn, DecodeError> {
        self.decode(TURN, turn::decode)
    }
}
