//! The messages of tfad to tfa-fleet. Each is a CBOR array: its number, then its fields. The numbers
//! and the order of the fields are never used anew.

use minicbor::{Decode, Encode};

use crate::kv::{KvCall, KvReply};
use crate::login::{LoginCall, LoginReply};

/// What tfad asks tfa-fleet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Request {
    /// What tfa-fleet is connected to.
    #[n(0)]
    Status,
    /// A call to etcd.
    #[n(1)]
    Kv {
        /// The call.
        #[n(0)]
        call: KvCall,
        /// The time that is left for it, in milliseconds.
        #[n(1)]
        budget_ms: u32,
    },
    /// A call to a verifier.
    #[n(2)]
    Login {
        /// The call.
        #[n(0)]
        call: LoginCall,
        /// The time that is left for it, in milliseconds.
        #[n(1)]
        budget_ms: u32,
        /// The verifier that has the dialog, or that has verified the code for a call of an owner. `None` where
        /// any may be asked.
        #[n(2)]
        verifier: Option<String>,
        /// No other verifier can take this answer, as in an enrollment: the dialog ends if this one is given up. So
        /// it is waited for until the time is over.
        #[cbor(n(3), default)]
        only_there: bool,
    },
}

/// What tfa-fleet replies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Reply {
    /// To [`Request::Status`].
    #[n(0)]
    Status(#[n(0)] Status),
    /// The request was not a known message. tfa-fleet then closes the connection.
    #[n(1)]
    NotUnderstood,
    /// To [`Request::Kv`].
    #[n(2)]
    Kv(#[n(0)] KvReply),
    /// To [`Request::Login`]: the reply of a verifier.
    #[n(3)]
    Login {
        /// The verifier, which has the dialog.
        #[n(0)]
        verifier: String,
        /// Its reply.
        #[n(1)]
        reply: LoginReply,
    },
    /// To [`LoginCall::Begin`] and [`LoginCall::Account`]: there is no verifier. None is connected, or tfad of none of them runs. No user
    /// can cause it. The text says why, for the administrator.
    #[n(4)]
    NoVerifier(#[n(0)] String),
    /// To the other calls: the verifier that has the dialog is lost, or has lost the dialog. It may have judged
    /// the answer. The member begins again, with the same attempt, and sends the same answer with the same
    /// number. A call of an owner may have been executed, and is not made again. The text says why, for the
    /// administrator.
    #[n(5)]
    Lost(#[n(0)] String),
    /// To [`LoginCall::Begin`] and [`LoginCall::Account`]: there are verifiers, and none has answered. Nothing was
    /// changed. The text says why, for the
    /// administrator.
    #[n(6)]
    NoAnswer(#[n(0)] String),
}

/// What tfa-fleet is connected to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Status {
    /// The version of the program.
    #[n(0)]
    pub version: String,
    /// The name of this host in its certificate.
    #[n(1)]
    pub host: String,
    /// How many hosts have a connection to this verifier. 0 on a member.
    #[n(2)]
    pub hosts: u32,
    /// The verifiers that the configuration names, in its order.
    #[n(3)]
    pub verifiers: Vec<VerifierStatus>,
    /// The endpoints of etcd that the configuration names, in its order.
    #[n(4)]
    pub etcd: Vec<EndpointStatus>,
    /// Whether the last change was refused because etcd has no space left. `None` before the first change.
    #[n(5)]
    pub is_etcd_full: Option<bool>,
}

/// A connection to a member of etcd, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EndpointStatus {
    /// The URL of the configuration.
    #[n(0)]
    pub url: String,
    /// Whether a connection is open.
    #[n(1)]
    pub is_connected: bool,
    /// Why the last connection ended, or the last attempt to connect failed. `None` after a success.
    #[n(2)]
    pub error: Option<LinkError>,
}

/// A connection to a verifier, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct VerifierStatus {
    /// The name of the host in its certificate.
    #[n(0)]
    pub name: String,
    /// Whether it has answered `Hello` on a connection that is still open.
    #[n(1)]
    pub is_connected: bool,
    /// How far its clock is ahead of this host's, in milliseconds, by the `Hello` of the open
    /// connection.
    #[n(2)]
    pub clock_ahead_ms: Option<i64>,
    /// How long this `Hello` took, in microseconds.
    #[n(3)]
    pub round_trip_us: Option<u32>,
    /// Why the last connection ended, or the last attempt to connect failed. `None` after a success.
    #[n(4)]
    pub error: Option<LinkError>,
    /// Why it has refused this host in its last reply to the begin of a login, for the administrator: this host was
    /// removed, for example. `None` after a login that it did not refuse so.
    #[n(5)]
    pub refusal: Option<String>,
    /// Whether another verifier has told of it, and this host has had no connection to it since `tfa-fleet` started.
    #[cbor(n(6), default)]
    pub is_only_told: bool,
}

/// Why there is no connection to a peer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LinkError {
    /// What a program can tell apart.
    #[n(0)]
    pub kind: LinkErrorKind,
    /// What happened, for the administrator. It is printable.
    #[n(1)]
    pub text: String,
}

/// Where a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LinkErrorKind {
    /// No address answers, or the network has no way there.
    #[n(0)]
    Unreachable,
    /// TLS fails, or the peer ends the connection before it answers: one side refuses the
    /// certificate of the other, for example.
    #[n(1)]
    Refused,
    /// The peer answers, and not in the protocol that is expected.
    #[n(2)]
    Protocol,
    /// The connection was open, and ended.
    #[n(3)]
    Ended,
    /// This host fails, which says nothing about the peer: a name that cannot be looked up, or no free port, which each
    /// user of the host can cause.
    #[n(4)]
    Local,
}
