//! JSON output. The keys are documented in the help of each command and in tfactl(8).

use serde::Serialize;
use tfa_client::{self, Failure, Terminal};
use tfa_proto::HypotheticalLogin;

use crate::args::{LOCAL, OWN, SESSION, SSHD};

/// Prints a value as JSON.
pub(crate) fn print(terminal: &Terminal, value: &impl Serialize) -> Result<(), Failure> {
    terminal.print(&tfa_client::json(value)?)?;
    Ok(())
}

/// Prints a value as JSON on one line.
pub(crate) fn print_line(terminal: &Terminal, value: &impl Serialize) -> Result<(), Failure> {
    terminal.print(&tfa_client::json_line(value)?)?;
    Ok(())
}

/// A host as in `--from`.
pub(crate) fn host(from: &str) -> &str {
    if from.is_empty() { LOCAL } else { from }
}

/// The origin of a simulated login, as in `--from`.
pub(crate) fn from(login: &HypotheticalLogin) -> &str {
    if login.session == Some(true) {
        SESSION
    } else if login.own == Some(true) {
        OWN
    } else {
        host(&login.from)
    }
}

/// Null for an empty text of the contract.
pub(crate) fn or_null(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The SSH method; null for other services.
pub(crate) fn method(login: &HypotheticalLogin) -> Option<&str> {
    let by_pam = (login.service == SSHD).then_some(tfa_proto::PASSWORD_METHOD);
    login.method.as_deref().or(by_pam)
}
