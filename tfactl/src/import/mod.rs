//! `tfactl import`: takes over the enrollments that another program keeps. Without `--apply` nothing
//! changes: the daemon checks the same calls.

mod calls;
mod candidate;
mod google_authenticator;
mod list;
mod report;
mod source;
mod unlock;
mod users;

use tfa_client::{Failure, Terminal};
use tfa_pam_host::PamHost;
use tfa_proto::ImportSource;

use crate::args::{ImportCommand, ImportOptions};
use crate::daemon::Daemon;
use crate::messages;
use candidate::Found;
use list::{Entries, PHONE, TOKEN};
use report::Report;
pub(crate) use report::Sum;
pub(crate) use source::Unreadable;

pub(crate) async fn run(command: ImportCommand) -> Result<(), Failure> {
    let terminal = Terminal::new();
    match command {
        ImportCommand::GoogleAuthenticator {
            homes: true,
            without_invitation,
            options,
            ..
        } => {
            google_authenticator::must_be_root()?;
            let mut daemon = Daemon::connect(&terminal).await?;
            let users = daemon.users(true).await?;
            let found = google_authenticator::in_homes(&users);
            let found = found
                .lacking_uses(google_authenticator::may_not_write(&PamHost::new()))
                .with_invitation(!without_invitation)
                .kept_by(ImportSource::GoogleAuthenticator);
            // The file of one user keeps no other one from being imported.
            import(&terminal, &mut daemon, found, options).await
        }
        ImportCommand::GoogleAuthenticator {
            files,
            without_invitation,
            options,
            ..
        } => {
            let found = google_authenticator::in_files(&files);
            let found = found
                .lacking_uses(google_authenticator::may_not_write(&PamHost::new()))
                .with_invitation(!without_invitation)
                .kept_by(ImportSource::GoogleAuthenticator);
            whole(&terminal, found, options).await
        }
        ImportCommand::Oath { file, options } => {
            let entries = Entries::of_file(&terminal, &file, tfa_import::oath);
            let found = entries.found(TOKEN).kept_by(ImportSource::PamOath);
            whole(&terminal, found, options).await
        }
        ImportCommand::Otpauth { file, options } => {
            let entries = Entries::of_file(&terminal, &file, tfa_import::otpauth);
            let entries = entries.with_accounts_as_users();
            whole(&terminal, entries.found(PHONE), options).await
        }
        ImportCommand::OtpauthMigration { uri, options } => {
            let entries = Entries::of_uri(&terminal, &uri, tfa_import::otpauth_migration);
            let entries = entries.with_accounts_as_users();
            whole(&terminal, entries.found(PHONE), options).await
        }
        ImportCommand::Pskc {
            file,
            passphrase_file,
            key_file,
            users,
            options,
        } => {
            let unlock = unlock::read(passphrase_file.as_deref(), key_file.as_deref())?;
            let parser = |input: &[u8]| tfa_import::pskc(input, unlock.as_unlock());
            let entries = Entries::of_file(&terminal, &file, parser);
            let entries = entries.with_users_of(users.as_deref());
            whole(&terminal, entries.found(TOKEN), options).await
        }
        ImportCommand::OathCsv {
            file,
            users,
            options,
        } => {
            let entries = Entries::of_file(&terminal, &file, tfa_import::oath_csv);
            let entries = entries.with_users_of(users.as_deref());
            whole(&terminal, entries.found(TOKEN), options).await
        }
    }
}

/// Imports what was found, if nothing is wrong with any of it.
async fn whole(terminal: &Terminal, found: Found, options: ImportOptions) -> Result<(), Failure> {
    if !found.problems.is_empty() {
        let text = messages::wrong_lines(&found.problems);
        return Err(Failure::Refused(text));
    }
    let mut daemon = Daemon::connect(terminal).await?;
    import(terminal, &mut daemon, found, options).await
}

async fn import(
    terminal: &Terminal,
    daemon: &mut Daemon,
    found: Found,
    options: ImportOptions,
) -> Result<(), Failure> {
    let Found {
        candidates,
        problems,
    } = found;
    let mut report = Report::new(terminal, options, candidates.len());
    let imported = calls::run(daemon, candidates, !options.apply, &mut report).await;
    if let Err(failure) = imported {
        return Err(report.break_off(failure));
    }
    report.end(&problems)?;
    daemon.fail_if_not_serving()
}
