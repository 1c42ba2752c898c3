//! Restores a backup.

use std::path::Path;

use tfa_core::Account;
use tfa_store::{Notice, RestoreOptions, StateDir, restore};

use super::report::Report;
use super::service::Service;
use super::{Request, STATE};
use crate::host::clock::now;
use crate::log::{DaemonEvent, Journal};

/// Restores a backup. Returns whether it was restored, and the daemon runs again if it did before.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &mut Report) -> bool {
    let passphrase = report.passphrase();
    let options = RestoreOptions {
        source: &request.file,
        passphrase: passphrase.as_ref(),
        force: request.force,
    };
    let (mut backup_codes, mut counters) = (Vec::new(), Vec::new());
    let mut revise = |user: &str, record: &[u8]| {
        let mut account = Account::decode(record).ok()?;
        let revived = account.restore_at(now(), request.void_backup_codes);
        if revived.backup_codes {
            backup_codes.push(user.to_owned());
        }
        if revived.counters {
            counters.push(user.to_owned());
        }
        Some(account.encode())
    };
    let mut service = Service::default();
    let is_of_the_unit = request.state == Path::new(STATE);
    let mut stop = || match is_of_the_unit {
        true => service.stop(),
        false => Ok(()),
    };
    let restored = restore(
        state_dir,
        &options,
        &mut revise,
        &mut stop,
        &mut |done, total| report.progress(done, total),
    );
    let started = service.start();
    let restored = match restored {
        Ok(restored) => restored,
        Err(error) => {
            report.refuse_backup(&error);
            return false;
        }
    };
    let journal = Journal::open();
    journal.log_daemon(DaemonEvent::Store(&Notice::Restored {
        file: request.file.display().to_string(),
        records: restored.records,
        replaced: restored.replaced.changed.len(),
        lost: restored.replaced.lost.len(),
    }));
    journal.flush();
    report.result("records", restored.records);
    report.result("created", restored.created);
    report.result("host", &restored.host);
    for (name, users) in [
        ("backup-codes", &backup_codes),
        ("counters", &counters),
        ("changed", &restored.replaced.changed),
        ("lost", &restored.replaced.lost),
        ("returned", &restored.replaced.returned),
    ] {
        users.iter().for_each(|user| report.result(name, user));
    }
    if let Err(why) = started {
        report.result("not-started", why);
    }
    true
}
