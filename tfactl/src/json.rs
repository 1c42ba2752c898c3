//! The JSON forms. Their keys are told in the help of each command and in tfactl(8).

use serde::Serialize;
use tfa_client::{self, Failure, Terminal};
use tfa_proto::HypotheticalLogin;

use crate::args::{LOCAL, OWN, SESSION, SSHD};

/// Prints it.
pub(crate) fn print(terminal: &Terminal, report: &impl Serialize) -> Result<(), Failure> {
    terminal.print(&tfa_client::json(report)?)?;
    Ok(())
}

/// A host as `--from` takes it.
pub(crate) fn host(from: &str) -> &str {
    if from.is_empty() { LOCAL } else { from }
}

/// Where a supposed login comes from, as `--from` takes it.
pub(crate) fn from(supposed: &HypotheticalLogin) -> &str {
    if supposed.session == Some(true) {
        SESSION
    } else if supposed.own == Some(true) {
        OWN
    } else {
        host(&supposed.from)
    }
}

/// What the contract leaves empty is null here.
pub(crate) fn or_null(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The method of ssh; no other service has any.
pub(crate) fn method(supposed: &HypotheticalLogin) -> Option<&str> {
    let by_pam = (supposed.service == SSHD).then_some(tfa_proto::PASSWORD_METHOD);
    supposed.method.as_deref().or(by_pam)
}
