//! Fresh backup codes on the screen, and on paper for who wants that. They are shown this once.

use std::path::PathBuf;

use tfa_client::{Failure, host, now};

use crate::daemon::BackupCodes;
use crate::new_file::NewFile;
use crate::session::Session;
use crate::{pdf, texts};

/// Shows them and waits until they are saved.
pub(crate) async fn show(
    session: &mut Session,
    user: &str,
    codes: &BackupCodes,
) -> Result<(), Failure> {
    session.say(&texts::backup_codes(codes))?;
    session.say(texts::HOW_TO_SAVE)?;
    loop {
        let Some(name) = session.ask(texts::SAVED).await? else {
            return Ok(());
        };
        if name.is_empty() {
            return Ok(());
        }
        if !names_a_file(&name) {
            session.say(texts::NO_FILE_NAME)?;
            continue;
        }
        // Whatever goes wrong with a file, the codes are still there and the question comes again.
        match save(&name, user, codes) {
            Ok(path) => session.say(&texts::codes_in_file(&path.display()))?,
            Err(failure) => session.say(&texts::failure(&failure))?,
        }
    }
}

/// Whether it was meant as the name of a file: a plain word is an answer, and a backup code that
/// somebody types again must not become one.
fn names_a_file(typed: &str) -> bool {
    typed.contains('/') || typed.to_ascii_lowercase().ends_with(".pdf")
}

fn save(name: &str, user: &str, codes: &BackupCodes) -> Result<PathBuf, Failure> {
    let mut file = NewFile::create(&under_home(name))?;
    file.write(&pdf::page(user, &host(), codes, now()))?;
    Ok(file.keep())
}

/// `~/` as in a shell: people type it.
fn under_home(name: &str) -> PathBuf {
    match (name.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    }
}
