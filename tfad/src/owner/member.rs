//! The owner of an account who calls on a member of a fleet. The verifier decides as for its own users: the word
//! of a member, or a password that was given there, replaces no code.
//!
//! Arguments and results are those of the contract, as D-Bus marshals them in little endian.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tfa_core::{BoundSetId, Factor, Input, Refusal, Subject, ThrottleScope};
use tfa_proto::{Error, OpenEnum, Parameters, SecurityKeyParameters};
use tfa_store::RecordRead;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, Type, to_bytes};
use zeroize::Zeroizing;

use super::{Method, Owner, SecondFactor};
use crate::account::Accounts;
use crate::caller::Caller;
use crate::host::clock;
use crate::host::users::User;
use crate::messages;
use crate::state::DaemonState;

/// What a member has told.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) subject: Subject,
    pub(super) scope: ThrottleScope,
    /// Why its users do not change their enrollments there.
    pub(super) changes_refused: Option<String>,
    /// The record, where it was read with the document of the member. It serves once.
    record: Arc<Mutex<Option<RecordRead>>>,
}

impl Member {
    pub(super) fn take_record(&self) -> Option<RecordRead> {
        self.record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// The bytes of a result, which may hold a key or codes.
type ResultBytes = Zeroizing<Vec<u8>>;

impl Owner {
    /// The user of a member, with what the member has told: the groups, and what wrong codes are counted on.
    pub(crate) fn of_member(
        state: Arc<DaemonState>,
        accounts: Arc<Accounts>,
        caller: Caller,
        user: User,
        subject: Subject,
        scope: ThrottleScope,
        changes_refused: Option<String>,
    ) -> Self {
        Self {
            state,
            accounts,
            caller,
            user,
            now: clock::now(),
            member: Some(Member {
                subject,
                scope,
                changes_refused,
                record: Arc::default(),
            }),
        }
    }

    /// The same, with a record that was read already. It serves a call that only reads.
    pub(crate) fn reading(mut self, record: Option<RecordRead>) -> Self {
        if let Some(member) = &mut self.member {
            member.record = Arc::new(Mutex::new(record));
        }
        self
    }

    /// Answers a call of a member. `is_proved` tells that a login for this call has used a code of the owner.
    ///
    /// # Errors
    /// As on a host alone; [`Error::InvalidArgument`] for arguments that are not those of the method.
    pub(crate) fn answer(
        &self,
        method: Method,
        arguments: &[u8],
        is_proved: bool,
    ) -> Result<ResultBytes, Error> {
        if !method.only_reads() {
            self.must_be_served()?;
        }
        match method {
            Method::Status => marshalled(&self.status()?),
            Method::Devices => marshalled(&self.devices(None)?),
            Method::ForgetDevice => {
                self.forget_device(unmarshalled(arguments)?, None)?;
                Ok(nothing())
            }
            Method::ForgetDevices => marshalled(&self.forget_devices(None)?),
            Method::Setup => {
                let mut parameters: Parameters = unmarshalled(arguments)?;
                let invitation = invitation(parameters.invitation.take());
                let authenticator = self.first_authenticator(&parameters)?;
                self.may_set_up(&invitation)?;
                marshalled(&self.set_up(&authenticator, &invitation)?)
            }
            Method::SetupSecurityKey => {
                let mut parameters: SecurityKeyParameters = unmarshalled(arguments)?;
                let invitation = invitation(parameters.invitation.take());
                let new = self.first_security_key(&parameters, &invitation)?;
                marshalled(&self.set_up_security_key(&new, &invitation)?)
            }
            Method::Confirm => marshalled(&self.confirm(&code(unmarshalled(arguments)?))?),
            Method::Abandon => self.abandon().map(|()| nothing()),
            Method::Resynchronize => {
                let (first, second) = unmarshalled(arguments)?;
                marshalled(&self.resynchronize(&code(first), &code(second))?)
            }
            Method::Test => {
                let factor = self.test(&code(unmarshalled(arguments)?))?;
                marshalled(&tested(factor)?)
            }
            Method::Add
            | Method::AddSecurityKey
            | Method::Move
            | Method::MoveToSecurityKey
            | Method::NewBackupCodes
            | Method::NewBoundCodes
            | Method::Pause
            | Method::Resume
            | Method::Remove
            | Method::RenameAuthenticator
            | Method::RemoveAuthenticator => self.change_enrollment(method, arguments, is_proved),
        }
    }

    /// A change of an enrollment. What can be known before the code is looked at comes first.
    fn change_enrollment(
        &self,
        method: Method,
        arguments: &[u8],
        is_proved: bool,
    ) -> Result<ResultBytes, Error> {
        let factor = |proof: String| self.second_factor(proof, is_proved);
        match method {
            Method::Add => {
                let (proof, parameters): (_, Parameters) = unmarshalled(arguments)?;
                let authenticator = self.further_authenticator(&parameters)?;
                marshalled(&self.add(&authenticator, &factor(proof)?)?)
            }
            Method::AddSecurityKey => {
                let (proof, parameters): (_, SecurityKeyParameters) = unmarshalled(arguments)?;
                let new = self.further_security_key(&parameters)?;
                marshalled(&self.add_security_key(&new, &factor(proof)?)?)
            }
            Method::Move => {
                let (proof, parameters): (_, Parameters) = unmarshalled(arguments)?;
                let successor = self.successor(&parameters)?;
                let replaces = parameters.replaces;
                marshalled(&self.move_to(replaces, &successor, &factor(proof)?)?)
            }
            Method::MoveToSecurityKey => {
                let (proof, parameters): (_, SecurityKeyParameters) = unmarshalled(arguments)?;
                let new = self.succeeding_security_key(&parameters)?;
                let replaces = parameters.replaces;
                marshalled(&self.move_to_security_key(replaces, &new, &factor(proof)?)?)
            }
            Method::NewBackupCodes => {
                marshalled(&self.new_backup_codes(&factor(unmarshalled(arguments)?)?)?)
            }
            Method::NewBoundCodes => {
                let (proof, set): (String, Vec<u8>) = unmarshalled(arguments)?;
                let set = set.try_into().map_err(|_| not_of_the_method())?;
                self.must_permit_bound_codes()?;
                self.bind_codes(BoundSetId::new(set), &factor(proof)?)?;
                Ok(nothing())
            }
            Method::Pause => {
                self.may_switch_off()?;
                self.pause(&factor(unmarshalled(arguments)?)?)?;
                Ok(nothing())
            }
            Method::Resume => {
                self.resume(&factor(unmarshalled(arguments)?)?)?;
                Ok(nothing())
            }
            Method::Remove => {
                self.may_switch_off()?;
                self.remove(&factor(unmarshalled(arguments)?)?)?;
                Ok(nothing())
            }
            Method::RenameAuthenticator => {
                let (id, name, proof): (_, String, _) = unmarshalled(arguments)?;
                self.may_rename(id, &name)?;
                self.rename_authenticator(id, &name, &factor(proof)?)?;
                Ok(nothing())
            }
            Method::RemoveAuthenticator => {
                let (id, proof) = unmarshalled(arguments)?;
                self.may_remove(id)?;
                self.remove_authenticator(id, &factor(proof)?)?;
                Ok(nothing())
            }
            // The other methods are no changes of an enrollment.
            _ => Err(not_of_the_method()),
        }
    }

    fn second_factor(&self, proof: String, is_proved: bool) -> Result<SecondFactor, Error> {
        self.must_be_set_up()?;
        if is_proved {
            return Ok(SecondFactor::Verified);
        }
        SecondFactor::typed(&Zeroizing::new(proof))
    }
}

/// What the contract says of a code that was verified without using it up.
pub(crate) fn tested(factor: Factor) -> Result<OpenEnum<tfa_proto::Factor>, Error> {
    match factor {
        Factor::Authenticator(..) | Factor::SecurityKey(_) => {
            Ok(tfa_proto::Factor::Authenticator.into())
        }
        Factor::BackupCode => Ok(tfa_proto::Factor::BackupCode.into()),
        // No call accepts it.
        Factor::RecoveryCode => Err(messages::refusal(Refusal::NotACode, clock::now())),
    }
}

fn code(text: String) -> Input {
    Input::parse(&Zeroizing::new(text))
}

fn invitation(code: Option<String>) -> Input {
    self::code(code.unwrap_or_default())
}

fn nothing() -> ResultBytes {
    ResultBytes::default()
}

/// The bytes of a value.
fn marshalled<T: Type + Serialize>(value: &T) -> Result<ResultBytes, Error> {
    let bytes = to_bytes(Context::new(LE, 0), value);
    let bytes = bytes.map_err(|error| Error::Storage(error.to_string()))?;
    Ok(ResultBytes::new(bytes.bytes().to_vec()))
}

/// The value of bytes. All of them are used.
fn unmarshalled<T: Type + DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let data = Data::new(bytes, Context::new(LE, 0));
    match data.deserialize() {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        Ok(_) | Err(_) => Err(not_of_the_method()),
    }
}

fn not_of_the_method() -> Error {
    Error::InvalidArgument(messages::NOT_ARGUMENTS.to_owned())
}
