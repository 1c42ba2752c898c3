//! `tfactl recovery`: creates the recovery code of this host, and shows its state.

use serde::Serialize;
use tfa_client::{Failure, Terminal, is_root};
use tfa_proto::{RecoveryState, RecoveryStatus};
use tfa_text::time::rfc3339;

use crate::args::RecoveryCommand;
use crate::confirm::confirm;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct CodeJson<'a> {
    recovery_code: &'a str,
}

#[derive(Serialize)]
struct StatusJson<'a> {
    state: &'a str,
    created: Option<String>,
    used: Option<String>,
    used_by: Option<&'a str>,
}

pub(crate) async fn run(command: RecoveryCommand) -> Result<(), Failure> {
    // Before a question that leads to nothing. The daemon refuses too.
    if !is_root() {
        return Err(Failure::NotAllowed(
            messages::RECOVERY_NEEDS_ROOT.to_owned(),
        ));
    }
    match command {
        RecoveryCommand::Create { yes, json } => create(yes, json).await,
        RecoveryCommand::Status { json } => status(json).await,
    }
}

async fn create(yes: bool, as_json: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let before = match daemon.recovery_status().await {
        // One that cannot be read is of no use: it is replaced.
        Err(Failure::Refused(why)) => {
            terminal.error(&why);
            RecoveryStatus::default()
        }
        status => status?,
    };
    if !yes && before.state.known() == Some(RecoveryState::Valid) {
        if !terminal.is_interactive() {
            return Err(Failure::Refused(messages::REPLACING_NEEDS_YES.to_owned()));
        }
        terminal.print(&messages::replacing_recovery_code(&before))?;
        let (question, otherwise) = (messages::ASK_TO_REPLACE, messages::NOT_REPLACED);
        confirm(&mut terminal, daemon.interrupt(), question, otherwise).await?;
    }
    let code = daemon.create_recovery_code().await?;
    if as_json {
        let recovery_code = &code;
        json::print(&terminal, &CodeJson { recovery_code })?;
    } else {
        terminal.print(&messages::recovery_code(&code))?;
    }
    daemon.fail_if_not_serving()
}

async fn status(as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.recovery_status().await?;
    if as_json {
        json::print(&terminal, &as_json_keys(&status))?;
    } else {
        terminal.print(&messages::recovery_status(&status))?;
    }
    daemon.fail_if_not_serving()
}

fn as_json_keys(status: &RecoveryStatus) -> StatusJson<'_> {
    StatusJson {
        state: status.state.name(),
        created: status.created.map(rfc3339),
        used: status.used.map(rfc3339),
        used_by: status.used_by.as_deref(),
    }
}
