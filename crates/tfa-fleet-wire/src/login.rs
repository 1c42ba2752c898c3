//! Calls of members at a verifier: logins, and calls of owners about their accounts. Keys of a context, kinds of lines, the next step of a turn and errors have
//! the names of `tfa-proto`, which this crate does not know.

use std::fmt;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use tfa_fleet_core::Fingerprint;
use zeroize::Zeroizing;

use crate::host::SecretBytes;

/// What a member asks a verifier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum LoginCall {
    /// Begins the dialog of one phase of a login.
    #[n(0)]
    Begin(#[n(0)] BeginLogin),
    /// Answers the question of the last turn.
    #[n(1)]
    Answer {
        /// The attempt.
        #[n(0)]
        attempt: AttemptBytes,
        /// The number of the dialog at this verifier.
        #[n(1)]
        dialog: u32,
        /// Counts the answers of the attempt, at all verifiers together.
        #[n(2)]
        number: u32,
        /// What the user typed.
        #[n(3)]
        answer: SecretText,
    },
    /// Ends a dialog that is not needed any more.
    #[n(2)]
    Cancel {
        /// The attempt.
        #[n(0)]
        attempt: AttemptBytes,
        /// The number of the dialog at this verifier.
        #[n(1)]
        dialog: u32,
    },
    /// A call of an owner.
    #[n(3)]
    Account(#[n(0)] AccountCall),
}

/// The method with which a member reports what happened to its bound codes. No user calls it.
pub const REPORT_BOUND_CODES: &str = "ReportBoundCodes";

impl LoginCall {
    /// Whether a member reports what happened to its bound codes.
    #[must_use]
    pub fn is_report(&self) -> bool {
        matches!(self, Self::Account(call) if call.method == REPORT_BOUND_CODES)
    }
}

/// What tfa-fleet passes on to tfad on a verifier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MemberCall {
    /// The name in the certificate of the member.
    #[n(0)]
    pub member: String,
    /// What it asks.
    #[n(1)]
    pub call: LoginCall,
    /// The key of its certificate.
    #[n(2)]
    pub key: Fingerprint,
}

/// The reply to a [`LoginCall`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum LoginReply {
    /// The dialog, with its present turn.
    #[n(0)]
    Begun {
        /// Its number; 0 for one that is over.
        #[n(0)]
        dialog: u32,
        /// The turn.
        #[n(1)]
        turn: LoginTurn,
    },
    /// The login depends on this fact. The member looks it up and begins again, with the same attempt.
    #[n(1)]
    NeedFact(#[n(0)] NeededFact),
    /// There is no turn. The member denies the login.
    #[n(2)]
    Refused {
        /// The name of the error.
        #[n(0)]
        error: String,
        /// Its text, for people.
        #[n(1)]
        text: String,
    },
    /// To [`LoginCall::Cancel`].
    #[n(3)]
    Cancelled,
    /// To [`LoginCall::Account`]: the result of the method, marshalled as by D-Bus in little endian.
    #[n(4)]
    Account(#[n(0)] SecretBytes),
}

/// A call of `org.tfad.Tfa1.Account` that a user of a member makes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AccountCall {
    /// Who calls: the own account is meant.
    #[n(0)]
    pub user: LoginUser,
    /// The name of the method.
    #[n(1)]
    pub method: String,
    /// The arguments, marshalled as by D-Bus in little endian.
    #[n(2)]
    pub arguments: SecretBytes,
    /// What the name service of the member knows about the user.
    #[n(3)]
    pub subject: Option<SubjectAnswer>,
    /// The login, for the password of this call, in which this verifier has verified a code.
    #[n(4)]
    pub proved_by: Option<AttemptBytes>,
    /// The call changes nothing, so that it may be made twice.
    #[n(5)]
    pub only_reads: bool,
}

/// A login in one of its phases.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BeginLogin {
    /// The attempt, the same at each verifier.
    #[n(0)]
    pub attempt: AttemptBytes,
    /// Who logs in.
    #[n(1)]
    pub user: LoginUser,
    /// What PAM knows about it.
    #[cbor(n(2), with = "crate::list")]
    pub context: Vec<ContextEntry>,
    /// The uid that calls tfad on the member.
    #[n(3)]
    pub caller_uid: u32,
    /// What the verifier cannot look up. What is absent is not told, and never a no.
    #[n(4)]
    pub facts: LoginFacts,
}

/// A user of a member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoginUser {
    /// The canonical name.
    #[n(0)]
    pub name: String,
    /// The uid.
    #[n(1)]
    pub uid: u32,
    /// Further names that the login used.
    #[cbor(n(2), with = "crate::list")]
    pub aliases: Vec<String>,
}

/// A key of a context with its value.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ContextEntry {
    /// The key.
    #[n(0)]
    pub key: String,
    /// The value.
    #[n(1)]
    pub value: EntryValue,
}

/// The value of a key of a context.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum EntryValue {
    /// A text.
    #[n(0)]
    Text(#[n(0)] String),
    /// A flag.
    #[n(1)]
    Flag(#[n(0)] bool),
    /// A number.
    #[n(2)]
    Number(#[n(0)] u32),
}

/// What a member has told of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct LoginFacts {
    /// Whether the user is at a console.
    #[n(0)]
    pub at_console: Option<bool>,
    /// What the name service of the member knows about the user.
    #[n(1)]
    pub subject: Option<SubjectAnswer>,
    /// Whether each session of the service has passed a session line of the module.
    #[n(2)]
    pub session_phase_decides: Option<bool>,
    /// Whether the auth lines of the service go on after a wrong password.
    #[n(3)]
    pub goes_on_after_wrong_password: Option<bool>,
}

/// A fact that a login depends on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum NeededFact {
    /// [`LoginFacts::at_console`].
    #[n(0)]
    Console,
    /// [`LoginFacts::subject`], as the answer to this question.
    #[n(1)]
    Subject(#[n(0)] SubjectQuestion),
    /// [`LoginFacts::session_phase_decides`].
    #[n(2)]
    SessionPhase,
}

/// What is asked about a user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SubjectQuestion {
    /// Whether every name of the uid is asked for, and not only those of the login.
    #[n(0)]
    pub all_names: bool,
    /// The groups to which each name may belong.
    #[cbor(n(1), with = "crate::list")]
    pub groups: Vec<LoginGroup>,
    /// Names in rules, each of which may be one of the user.
    #[cbor(n(2), with = "crate::list")]
    pub in_rules: Vec<String>,
}

/// The answer to a question about a user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SubjectAnswer {
    /// The question.
    #[n(0)]
    pub question: SubjectQuestion,
    /// The names of the user, with their groups.
    #[cbor(n(1), with = "crate::list")]
    pub identities: Vec<LoginIdentity>,
}

/// A name of a user, with its groups.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoginIdentity {
    /// The name.
    #[n(0)]
    pub name: String,
    /// The groups that were asked for.
    #[cbor(n(1), with = "crate::list")]
    pub groups: Vec<Membership>,
}

/// Whether a name belongs to a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Membership {
    /// The group.
    #[n(0)]
    pub group: LoginGroup,
    /// `None` if that could not be determined.
    #[n(1)]
    pub belongs: Option<bool>,
}

/// A group as a rule names it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum LoginGroup {
    /// By its name.
    #[n(0)]
    Name(#[n(0)] String),
    /// By its number.
    #[n(1)]
    Number(#[n(0)] u32),
}

/// A turn of a dialog.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoginTurn {
    /// The lines to show first.
    #[cbor(n(0), with = "crate::list")]
    pub lines: Vec<LoginLine>,
    /// What follows: the kind of the question, or that there is a verdict.
    #[n(1)]
    pub next: String,
    /// The question, or the name of the verdict.
    #[n(2)]
    pub text: String,
    /// The digits of a code, or 1 for a verdict that covers the account phase.
    #[n(3)]
    pub number: u32,
}

/// A line to show.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoginLine {
    /// How it is shown.
    #[n(0)]
    pub kind: String,
    /// The text, which may be a key.
    #[n(1)]
    pub text: SecretText,
}

/// The bytes of an attempt. They are never printed.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct AttemptBytes(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl fmt::Debug for AttemptBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AttemptBytes(_)")
    }
}

/// A text that is not printed, and wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(pub Zeroizing<String>);

impl SecretText {
    /// Takes a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(_)")
    }
}

impl<C> Encode<C> for SecretText {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SecretText {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(Self::new(decoder.str()?.to_owned()))
    }
}
