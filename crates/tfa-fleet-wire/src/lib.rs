//! What tfad and tfa-fleet say to each other on one host, over Unix sockets.
//!
//! A connection carries one [`Request`], then its [`Reply`], then the next request: there are no
//! request numbers, and a request that times out ends its connection. [`frame`] has the bytes.
//! [`limits`] tells how long a message may be. [`Client`] is the blocking side, for tfad. None of them knows
//! protobuf, TLS or the network.

mod ca;
mod client;
pub mod frame;
mod host;
mod kv;
pub mod limits;
mod list;
mod login;
mod message;
mod peer;
mod report;

pub use ca::{CA_PROGRAM, CaReply, CaRequest, MAX_CA_FRAME, Validity, read_ca_frame};
pub use client::{CallError, Client, Connection};
pub use host::{
    HostCall, HostReply, KeyRequest, MAX_PROOF, NOT_ADMITTED, PROOF_CONTEXT, PresentKey,
    RENEWAL_CONTEXT, SecretBytes, VerifierCall,
};
pub use kv::{Key, KvCall, KvCompare, KvEntry, KvFailure, KvFailureKind, KvReply, KvWrite};
pub use login::{
    AccountCall, AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts,
    LoginGroup, LoginIdentity, LoginLine, LoginReply, LoginTurn, LoginUser, MemberCall, Membership,
    NeededFact, REPORT_BOUND_CODES, SecretText, SubjectAnswer, SubjectQuestion,
};
pub use message::{
    EndpointStatus, LinkError, LinkErrorKind, Reply, Request, Status, VerifierStatus,
};
pub use peer::{is_trusted, peer_uid};
pub use report::{
    CertificateEnd, EndpointSetting, Fault, FaultKind, Report, ReportError, ReportedFile,
    read_report,
};

/// The socket at which tfa-fleet takes the requests of tfad.
pub const CALL_SOCKET: &str = "/run/tfa-fleet/call";

/// The socket at which tfad on a verifier takes the calls of hosts, which tfa-fleet passes on. Each is a
/// [`VerifierCall`].
pub const MEMBER_SOCKET: &str = "/run/tfa/fleet";

/// How many connections tfad serves at once at [`MEMBER_SOCKET`].
pub const MAX_MEMBER_CONNECTIONS: usize = 256;

/// How many connections tfa-fleet serves at once at [`CALL_SOCKET`].
pub const MAX_CALL_CONNECTIONS: usize = 512;
