//! `tfactl recovery`.

use tfa_proto::{RecoveryState, RecoveryStatus};
use tfa_text::time::date_time;

pub(crate) const RECOVERY_HELP: &str = "\
The code is accepted once, at a console of this machine, in place of a code of
root or of an administrator, after the password. It is not accepted over a
network. Print it, and keep it where only the owner of this host gets it.
The first line of the output is the code. It is not shown again.
Key of the JSON output: recovery_code.";

pub(crate) const RECOVERY_STATUS_HELP: &str = "\
Keys of the JSON output; absent values are null:
  state      none, valid, or used
  created    when it was created
  used       when it was used
  used_by    the user who logged in with it";

pub(crate) const RECOVERY_NEEDS_ROOT: &str = "only root may do that";

pub(crate) const REPLACING_NEEDS_YES: &str = "\
This host has a recovery code that was not used. A new one makes it void.
Nothing was changed. To replace it: tfactl recovery create --yes";

pub(crate) fn replacing_recovery_code(before: &RecoveryStatus) -> String {
    format!(
        "This host has a recovery code of {}, which was not used.\n\
         A new one makes it void: destroy the paper on which it stands.",
        moment(before.created)
    )
}

pub(crate) const ASK_TO_REPLACE: &str = "Create a new one? [y/N] ";

pub(crate) const NOT_REPLACED: &str = "Not replaced. The recovery code of before stays valid.";

/// The first line is the code alone, for a printer.
pub(crate) fn recovery_code(code: &str) -> String {
    format!(
        "{code}\n\n\
         This is the recovery code of this host. It is not shown again.\n\
         Write it on paper, with the name of the host and the date, and lock it away.\n\
         It is accepted once, at a console of this machine, after the password, in\n\
         place of a code of root or of an administrator. Earlier ones are void."
    )
}

pub(crate) fn recovery_status(status: &RecoveryStatus) -> String {
    match status.state.known() {
        Some(RecoveryState::None) => "\
This host has no recovery code. To create one: tfactl recovery create"
            .to_owned(),
        Some(RecoveryState::Valid) => format!(
            "The recovery code of this host was created at {}.\nIt was not used.",
            moment(status.created)
        ),
        Some(RecoveryState::Used) => format!(
            "The recovery code of this host is void. {user} used it at {used}.\n\
             To create a new one: tfactl recovery create",
            used = moment(status.used),
            user = status.used_by.as_deref().unwrap_or("An unknown user"),
        ),
        None => format!(
            "The state of the recovery code is unknown to this version of tfactl: {}.",
            status.state.name()
        ),
    }
}

fn moment(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "an unknown time".to_owned(), date_time)
}
