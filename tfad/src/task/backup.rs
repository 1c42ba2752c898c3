//! Makes a backup.

use tfa_core::Account;
use tfa_store::{BackupOptions, Notice, StateDir, back_up};

use super::Request;
use super::report::Report;
use crate::host::clock::now;
use crate::host::host_name;
use crate::log::{DaemonEvent, Journal};

/// Makes a backup. Returns whether it is there.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &mut Report) -> bool {
    let passphrase = report.passphrase();
    if request.with_key && passphrase.is_none() {
        report.refuse("needs-passphrase", "the key in a backup needs a passphrase");
        return false;
    }
    let options = BackupOptions {
        target: &request.file,
        passphrase: passphrase.as_ref().filter(|_| request.with_key),
        now: now().as_secs(),
        host: &host_name(),
    };
    match back_up(
        state_dir,
        &options,
        &mut |_, record| Account::decode(record).is_ok(),
        &mut |done, total| report.progress(done, total),
    ) {
        Ok(written) => {
            let journal = Journal::open();
            journal.log_daemon(DaemonEvent::Store(&Notice::BackedUp {
                file: request.file.display().to_string(),
                records: written.records,
                with_key: request.with_key,
            }));
            journal.flush();
            report.result("records", written.records);
            report.result("key", written.key);
            true
        }
        Err(error) => {
            report.refuse_backup(&error, None);
            false
        }
    }
}
