//! The rules of two-factor login, pure: no input or output, no clock, no randomness of its own.
//!
//! Time, entropy and identity come in as parameters, so every rule can be tried at every moment.
//! In the order of one login: the [`Policy`] decides over a [`Login`], a phase takes its
//! [`PhaseAction`], [`Input`] is what was typed, [`Account`] judges it under its [`Throttle`], and
//! [`Dialog`] turns the judgement into the next turn.

mod account;
mod attempt;
mod audit;
mod authenticator;
mod backup;
mod bound;
mod counter;
mod device;
mod dialog;
mod fleet;
mod input;
mod invitation;
mod phase;
mod policy;
mod published_policy;
mod recovery;
mod secret;
mod ssh_key;
mod throttle;
mod time;

pub use account::{Account, Binding, EnrollmentMark, Factor, Judgement, State, Undecodable};
pub use account::{Attempts, Change, ChangedBy, Changes, Client, Notice, Report};
pub use account::{BoundHost, MAX_BOUND_HOSTS, OfflineNotice, OfflineNotices, RegisteredSet};
pub use account::{CONFIRM_TIMEOUT, MAX_AUTHENTICATORS, MAX_CONFIRM_TRIES, MAX_NEW_COUNTER};
pub use account::{FailedAttempt, FailureReason, OtherTime};
pub use account::{Import, ImportNotice, Imported, ImportedAuthenticator, ImportedCodes};
pub use account::{MAX_EXEMPTION, MAX_REASON_LENGTH, UserExemption, is_reason};
pub use account::{PendingAuthenticator, Proof, Purpose, Refusal, Revived, VerifiedBy};
pub use attempt::{AnswerId, AttemptId};
pub use audit::{AuditOutcome, AuditRecord};
pub use authenticator::{
    Algorithm, BadParameters, CodeFormat, ImportedUse, Parameters, UnknownUse,
};
pub use authenticator::{Authenticator, AuthenticatorId, AuthenticatorKind, Drift, Match};
pub use backup::{BackupSet, HashFailed, HashParams, Hashed};
pub use bound::{BoundCodes, BoundJudgement, BoundSet, BoundSetId, UnknownBoundCodes};
pub use bound::{BoundReply, BoundReport};
pub use bound::{OfflineEvent, OfflineLogin, OfflineOutcome};
pub use counter::Counter;
pub use device::{AddressPrefix, DeviceKind, DeviceMark, RememberRules};
pub use device::{Device, DeviceId, MAX_DEVICES, MemberMark, Term};
pub use dialog::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
pub use dialog::{AskCode, AskRecoveryCode, AskRemember, Enroll, MAX_TRIES, Picture};
pub use dialog::{Rememberable, remembered};
pub use dialog::{confirm_by_security_key, verify_by_security_key};
pub use fleet::{AUTHORITY_LIFETIME, Authority, CERTIFICATE_LIFETIME, CLOCK_TOLERANCE};
pub use fleet::{FleetHost, HostRefusal, UnknownDocument, admit_host};
pub use fleet::{HOST_INVITATION_LIFETIME, HostInvitation, InvitationUse, JoinRefusal};
pub use input::{BackupCode, Code, Credential, Input, RecoveryCode};
pub use invitation::{Invitation, MAX_INVITATION_LIFETIME};
pub use phase::{AuthPhaseResult, DenyReason, PhaseAction, PhaseInput};
pub use policy::{
    AfterGrace, DEFAULT_GRACE, DEFAULT_GUARD, Exemption, Mode, Policy, PolicyDecision,
    PolicyExemption, Requirement, RuleEffect, Source, Terms, is_guarded,
};
pub use policy::{FactorKind, Factors, Offline};
pub use policy::{
    Group, Groups, HostPattern, Identity, Login, LoginOrigin, Methods, OriginMatcher, OwnMethod,
    Rule, Subject, Ternary,
};
pub use published_policy::{PublishedPolicy, UnknownPolicy};
pub use recovery::{HostRecovery, RecoveryUse, UnknownRecovery};
pub use secret::Secret;
pub use ssh_key::{KeyFingerprint, KeyType, SshKey};
pub use tfa_fleet_core::{Fingerprint, HostName, InvalidHostName, InvitationId, InvitationSecret};
pub use tfa_fleet_core::{
    JOIN_PROOF_BYTES, JoinToken, MAX_VERIFIERS, POINT_BYTES, VerifierAddress,
};
pub use throttle::{FailureCounter, LockScope, LockState, Throttle, ThrottleScope};
pub use throttle::{
    KnownOrigins, MemberLock, MemberPlace, MemberScope, ORIGIN_LIFETIME, RemoteOrigin,
};
pub use time::{Step, Time};
