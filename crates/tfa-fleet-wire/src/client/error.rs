//! Why there is no reply.

use std::{fmt, io};

use crate::frame::FrameError;

/// Why a call has no reply.
#[derive(Debug)]
pub enum CallError {
    /// The request does not fit into a frame.
    Request(FrameError),
    /// The request was not sent, or not wholly: it was not executed.
    Unsent(io::Error),
    /// The request was sent, and the connection broke or the time was up: it may have been executed.
    Unknown(io::Error),
    /// The request was sent, and the bytes that came back are no reply. It may have been executed.
    Reply(FrameError),
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(why) => write!(formatter, "the request cannot be sent: {why}"),
            Self::Unsent(why) => write!(formatter, "the request was not sent: {why}"),
            Self::Unknown(why) => {
                write!(formatter, "the request was sent, and no reply came: {why}")
            }
            Self::Reply(why) => write!(formatter, "the reply is not valid: {why}"),
        }
    }
}

impl std::error::Error for CallError {}
