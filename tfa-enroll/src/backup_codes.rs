//! Shows new backup codes, and writes them to a PDF file on request. They are shown only once.

use std::path::PathBuf;

use tfa_client::{Failure, host, now};
use tfa_text::pages;

use crate::daemon::BackupCodes;
use crate::new_file::NewFile;
use crate::session::Session;
use crate::{messages, pdf};

/// Shows the codes and waits until the user has saved them.
pub(crate) async fn show(
    session: &mut Session,
    user: &str,
    codes: &BackupCodes,
) -> Result<(), Failure> {
    let (_, columns) = session.terminal.size();
    session.print(&pages::backup_codes(codes, columns))?;
    session.print(messages::HOW_TO_SAVE)?;
    loop {
        let Some(name) = session.ask(messages::SAVED).await? else {
            return Ok(());
        };
        if name.is_empty() {
            return Ok(());
        }
        if !names_a_file(&name) {
            session.print(messages::NOT_A_FILE_NAME)?;
            continue;
        }
        // After an error the codes are still on the screen, and the question is repeated.
        match save(&name, user, codes) {
            Ok(path) => session.print(&messages::codes_in_file(&path.display()))?,
            Err(failure) => session.print(&messages::failure(&failure))?,
        }
    }
}

/// Whether the input is the name of a file. A plain word is not, so that a backup code that the user
/// types again does not become one.
fn names_a_file(typed: &str) -> bool {
    typed.contains('/') || typed.to_ascii_lowercase().ends_with(".pdf")
}

fn save(name: &str, user: &str, codes: &BackupCodes) -> Result<PathBuf, Failure> {
    let mut file = NewFile::create(&under_home(name))?;
    file.write(&pdf::page(user, &host(), codes, now()))?;
    Ok(file.keep())
}

/// Expands `~/` as a shell does.
fn under_home(name: &str) -> PathBuf {
    match (name.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    }
}
