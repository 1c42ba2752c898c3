//! The contract on the bus between the PAM module, the daemon and the commands.
//!
//! What lives here: names, and the types that cross the bus. What does not: any rule about codes,
//! accounts or policy (`tfa-core`), the bytes (`tfa-wire`), and any text that a person reads.

mod authenticator;
mod bound_codes;
pub mod consoles;
mod context;
mod context_builder;
mod context_value;
mod device;
mod error;
mod exemption;
mod facts;
mod failed_attempt;
mod fleet_host;
mod import;
mod limits;
mod member_lock;
mod pending_authenticator;
mod policy;
mod printable;
mod published;
mod recovery;
mod renamed;
mod sparse;
mod ssh_methods;
mod status;
mod turn;
mod user_facts;
mod wire_name;

pub use authenticator::{Authenticator, AuthenticatorKind, find_authenticator};
pub use bound_codes::BoundCodes;
pub use consoles::Consoles;
pub use context::{Context, INSIDE_SESSIONS, Phase};
pub use context_builder::{ContextBuilder, ContextError};
pub use context_value::ContextValue;
pub use device::{Device, DeviceKind};
pub use error::Error;
pub use exemption::{Exemption, ExemptionKind, Mode};
pub use facts::{DaemonFacts, NEVER};
pub use failed_attempt::{FailedAttempt, FailureReason};
pub use fleet_host::{FleetHost, FleetHostState};
pub use import::{
    ExportedAuthenticator, Import, ImportOutcome, ImportResult, ImportSource, ImportedAuthenticator,
};
pub use import::{
    MAX_IMPORTED_AUTHENTICATORS, MAX_IMPORTED_CODES, MAX_IMPORTED_STEPS, MAX_IMPORTED_USERS,
};
pub use limits::{
    ENUMERATION_TIME_LIMIT, EXEMPTION_SECONDS, HOST_INVITATION_SECONDS, INVITATION_SECONDS,
    MAX_CALL, MAX_CALL_BODY,
};
pub use member_lock::MemberLock;
pub use pending_authenticator::{Algorithm, Parameters, PendingAuthenticator};
pub use pending_authenticator::{SecurityKeyParameters, TokenParameters};
pub use policy::{AuditRecord, Explanation, HypotheticalLogin, Impact, Offline, Outcome, Reason};
pub use printable::is_misleading;
pub use published::PublishedPolicy;
pub use recovery::{RecoveryState, RecoveryStatus};
pub use renamed::{RenameOutcome, Renamed};
pub use ssh_methods::{
    CERTIFICATE_METHOD, KEY_METHODS, KEYBOARD_INTERACTIVE, PASSWORD_METHOD, PUBLICKEY_METHOD,
    SECURITY_KEY_METHOD, SSH_METHODS, methods_in, pam_was_asked,
};
pub use status::{Factor, ListFilter, LockScope, State, Status};
pub use turn::{
    DecodeTurnError, Line, LineKind, Next, PromptStyle, Question, Turn, Verdict, WireTurn,
};
pub use user_facts::UserFacts;
pub use wire_name::{OpenEnum, WireName};

/// The well-known name that `tfad` owns. The `1` is the version of the contract.
pub const NAME: &str = "org.tfad.Tfa1";
/// The one object.
pub const PATH: &str = "/org/tfad/Tfa1";
/// The interface of the PAM module.
pub const LOGIN: &str = "org.tfad.Tfa1.Login";
/// The interface of `tfa-enroll`: the caller's own account.
pub const ACCOUNT: &str = "org.tfad.Tfa1.Account";
/// The interface of `tfactl`: anybody's account.
pub const ADMIN: &str = "org.tfad.Tfa1.Admin";

/// polkit action: setting up and changing what is set up (`auth_self_keep`, the password again).
pub const ACTION_ENROLL: &str = "org.tfad.tfa1.enroll";
/// polkit action: managing the accounts of others (`auth_admin_keep`).
pub const ACTION_MANAGE: &str = "org.tfad.tfa1.manage";

/// Where the system bus listens. A constant on purpose: a login program such as `su` runs with
/// the environment of the person who started it, so `DBUS_SYSTEM_BUS_ADDRESS` must not be asked.
pub const SYSTEM_BUS: &str = "unix:path=/run/dbus/system_bus_socket";
/// The path in that address.
pub const SYSTEM_BUS_SOCKET: &str = "/run/dbus/system_bus_socket";
/// The daemon's own socket, for logins: D-Bus from peer to peer. A constant for the same reason.
pub const LOGIN_SOCKET: &str = "/run/tfa/login";
