//! Restores a backup.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tfa_core::{Account, Time};
use tfa_store::{BackupError, Notice, RestoreOptions, StateDir, restore};

use super::report::Report;
use super::service::Service;
use super::{Request, STATE, credentials};
use crate::host::clock::now;
use crate::log::{DaemonEvent, Journal};
use crate::policy_serial::SERIAL_FILE;

/// How old a restored record may be when the daemon has stopped: a code of the time since then could
/// have been used, and would be valid again. A step of time-based codes has 30 seconds.
const MAX_AGE: Duration = Duration::from_secs(25);

/// Restores a backup. Returns whether it was restored, and the daemon runs again if it did before.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &mut Report) -> bool {
    let passphrase = report.passphrase();
    let options = RestoreOptions {
        source: &request.file,
        passphrase: passphrase.as_ref(),
        force: request.force,
        now: now().as_secs(),
        max_age: MAX_AGE,
    };
    let is_of_the_unit = request.state == Path::new(STATE);
    if is_of_the_unit && credentials::is_key_unavailable() {
        report.refuse_backup(&BackupError::HostKeyMissing(request.state.clone()), None);
        return false;
    }
    let [mut backup_codes, mut counters, mut paused] = [const { BTreeSet::new() }; 3];
    let mut revise = |user: &str, record: &[u8], created: u64| {
        let mut account = Account::decode(record).ok()?;
        // The clock may be behind that of the backup.
        let now = now().max(Time::from_secs(created));
        let revived = account.restore_at(now, request.void_backup_codes);
        for (is_revived, users) in [
            (revived.backup_codes, &mut backup_codes),
            (revived.counters, &mut counters),
            (revived.is_paused, &mut paused),
        ] {
            if is_revived {
                users.insert(user.to_owned());
            }
        }
        Some(account.encode())
    };
    let mut service = Service::default();
    let serial = state_dir.path.join(SERIAL_FILE);
    let mut stop = || {
        let stopped = match is_of_the_unit {
            true => service.stop(),
            false => Ok(()),
        };
        // The restored store may have lost the policy. Before it is in place: with the number of a policy that is
        // not there, tfad refuses logins. The number of one that stays is kept again with the next login.
        let _ = fs::remove_file(&serial);
        stopped
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
            report.refuse_backup(&error, started.err().as_deref());
            return false;
        }
    };
    let put_aside = restored.put_aside.map(|path| path.display().to_string());
    let journal = Journal::open();
    journal.log_daemon(DaemonEvent::Store(&Notice::Restored {
        file: request.file.display().to_string(),
        records: restored.records,
        replaced: restored
            .replaced
            .as_ref()
            .map(|replaced| (replaced.changed.len(), replaced.lost.len())),
        put_aside: put_aside.clone(),
    }));
    journal.flush();
    report.result("records", restored.records);
    report.result("created", restored.created);
    report.result("host", &restored.host);
    for (name, users) in [
        ("backup-codes", &backup_codes),
        ("counters", &counters),
        ("paused", &paused),
    ] {
        users.iter().for_each(|user| report.result(name, user));
    }
    let replaced = restored.replaced.unwrap_or_default();
    for (name, users) in [
        ("changed", &replaced.changed),
        ("lost", &replaced.lost),
        ("returned", &replaced.returned),
    ] {
        users.iter().for_each(|user| report.result(name, user));
    }
    if restored.has_lost_documents {
        report.result("lost-documents", "all");
    }
    if let Some(path) = put_aside {
        report.result("put-aside", path);
    }
    if let Err(why) = started {
        report.result("not-started", why);
    }
    true
}
