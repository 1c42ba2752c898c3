//! Checks a context that was received, key by key.

use crate::context_value::ContextValue;
use crate::{Context, Phase, Verdict};

/// The `auth-result` of a later phase without an auth phase.
pub(crate) const NOT_RUN: &str = "not-run";

/// The longest name of a service, a host, a terminal, a seat or a user, in bytes. The name of an address is the longest:
/// `NI_MAXHOST` is 1025, with a NUL.
pub(crate) const MAX_TEXT: usize = 1024;
/// Why a dictionary is not a context. The module and the daemon may have different versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextError {
    /// A required key is absent.
    Missing(&'static str),
    /// The value of a key has the wrong type, is unknown, or is too long.
    Invalid(&'static str),
    /// A key that this version does not know. It may restrict the login.
    Unknown(String),
}

/// A context of which some keys have been received.
#[derive(Debug, Default)]
pub struct ContextBuilder {
    context: Context,
    phase: Option<Phase>,
    auth_result: Option<AuthResult>,
}

#[derive(Debug)]
enum AuthResult {
    NotRun,
    Verdict(Verdict),
}

impl ContextBuilder {
    /// Takes a key and its value; `None` stands for a value of a type that no key has. Of two values of a
    /// key the later one holds, as in a map.
    ///
    /// # Errors
    /// The key is unknown, or the value is not one of its values.
    pub fn set(&mut self, key: &str, value: Option<ContextValue<'_>>) -> Result<(), ContextError> {
        let context = &mut self.context;
        let (key, is_valid) = match key {
            "phase" => {
                let phase = value
                    .and_then(ContextValue::text)
                    .and_then(Phase::from_name);
                ("phase", set(&mut self.phase, phase))
            }
            "auth-result" => {
                let result = value
                    .and_then(ContextValue::text)
                    .and_then(AuthResult::from_name);
                ("auth-result", set(&mut self.auth_result, result))
            }
            "session" => (
                "session",
                set(&mut context.session, value.and_then(ContextValue::number)),
            ),
            "service" => ("service", set_text(&mut context.service, value, MAX_TEXT)),
            "rhost" => ("rhost", set_text(&mut context.rhost, value, MAX_TEXT)),
            "tty" => ("tty", set_text(&mut context.tty, value, MAX_TEXT)),
            "seat" => ("seat", set_text(&mut context.seat, value, MAX_TEXT)),
            "ruser" => ("ruser", set_text(&mut context.ruser, value, MAX_TEXT)),
            // sshd lists each key of a login in it, and certificates as a whole.
            "ssh-auth-info" => {
                let info = &mut context.ssh_auth_info;
                ("ssh-auth-info", set_text(info, value, usize::MAX))
            }
            "borrows-tty" => ("borrows-tty", set_flag(&mut context.borrows_tty, value)),
            "password-given" => (
                "password-given",
                set_flag(&mut context.password_given, value),
            ),
            "can-enroll" => ("can-enroll", set_flag(&mut context.can_enroll, value)),
            "session-follows" => (
                "session-follows",
                set_flag(&mut context.session_follows, value),
            ),
            "silent" => ("silent", set_flag(&mut context.silent, value)),
            _ => return Err(ContextError::Unknown(key.to_owned())),
        };
        is_valid.then_some(()).ok_or(ContextError::Invalid(key))
    }

    /// Returns the context. Keys that were not received are empty.
    ///
    /// # Errors
    /// A required key is absent, or the auth phase has the result `not-run`.
    pub fn build(self) -> Result<Context, ContextError> {
        let phase = self.phase.ok_or(ContextError::Missing("phase"))?;
        let auth_result = match (self.auth_result, phase) {
            (Some(AuthResult::Verdict(verdict)), _) => Some(verdict),
            (Some(AuthResult::NotRun), Phase::Account | Phase::Session) | (None, Phase::Auth) => {
                None
            }
            (Some(AuthResult::NotRun), Phase::Auth) => {
                return Err(ContextError::Invalid("auth-result"));
            }
            (None, Phase::Account | Phase::Session) => {
                return Err(ContextError::Missing("auth-result"));
            }
        };
        Ok(Context {
            phase,
            auth_result,
            ..self.context
        })
    }
}

impl AuthResult {
    fn from_name(name: &str) -> Option<Self> {
        if name == NOT_RUN {
            return Some(Self::NotRun);
        }
        Verdict::from_name(name).map(Self::Verdict)
    }
}

/// Sets a field to a valid value. Returns whether it is one.
fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    *field = value;
    field.is_some()
}

fn set_text(field: &mut String, value: Option<ContextValue<'_>>, most: usize) -> bool {
    let text = value.and_then(ContextValue::text);
    let text = text.filter(|text| text.len() <= most);
    text.unwrap_or_default().clone_into(field);
    text.is_some()
}

fn set_flag(field: &mut bool, value: Option<ContextValue<'_>>) -> bool {
    let flag = value.and_then(ContextValue::flag);
    *field = flag.unwrap_or_default();
    flag.is_some()
}
