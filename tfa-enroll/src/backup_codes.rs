//! Shows new backup codes, and writes or prints them on request. They are shown only once.

use tfa_client::Failure;
use tfa_text::pages;

use crate::daemon::BackupCodes;
use crate::messages;
use crate::paper::Paper;
use crate::session::Session;

/// Shows the codes and waits until the user has saved them.
pub(crate) async fn show(
    session: &mut Session,
    user: &str,
    codes: &BackupCodes,
) -> Result<(), Failure> {
    let (_, columns) = session.terminal.size();
    session.print(&pages::backup_codes(codes, columns))?;
    session.print(messages::HOW_TO_SAVE)?;
    let mut question = messages::SAVED;
    loop {
        let Some(answer) = session.ask(question).await? else {
            return Ok(());
        };
        if answer.is_empty() {
            return Ok(());
        }
        let Some(paper) = Paper::typed(&answer) else {
            session.print(if question == messages::FINISH {
                messages::NO_OTHER_FILE_NAME
            } else {
                messages::NOT_A_FILE_NAME
            })?;
            continue;
        };
        // After an error the codes are still on the screen, and the question is repeated.
        match paper.and_then(|paper| paper.write(user, codes)) {
            Ok(done) => {
                session.print(&done)?;
                question = messages::FINISH;
            }
            Err(failure) => session.print(&messages::failure(&failure))?,
        }
    }
}

/// Shows codes that are bound to this host. A page with them would look like one of backup codes.
pub(crate) async fn show_only(session: &mut Session, codes: &BackupCodes) -> Result<(), Failure> {
    let (_, columns) = session.terminal.size();
    let page = pages::backup_codes(codes, columns);
    // Without what the page says first: that these are backup codes.
    let list = page
        .split_once("\n\n")
        .map_or(page.as_str(), |(_, list)| list);
    session.print(list)?;
    session.ask(messages::SAVED).await?;
    Ok(())
}
