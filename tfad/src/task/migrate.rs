//! Moves the accounts of this host to another kind of store.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tfa_store::{
    KeptIn, MigrationError, MigrationStep, MigrationWatch, Notice, StateDir, finish_migration,
    migrate_to_database, migrate_to_etcd,
};

use super::report::Report;
use super::service::Service;
use super::{Request, STATE, credentials, store_drop_in};
use crate::fleet::{self, Patience};
use crate::host::clock::now;
use crate::log::{DaemonEvent, Journal};

/// A transaction has many records, and no login waits for it.
const PATIENCE: Patience = Patience {
    call: Duration::from_secs(5),
    pauses: &[
        Duration::from_millis(100),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_secs(2),
    ],
};

/// A verifier of an older version does not compare the mark in its changes. One that it has begun before the
/// mark was put ends within four seconds.
const LATE_CHANGES: Duration = Duration::from_secs(10);

/// Moves the accounts. Returns whether they are there.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &mut Report) -> bool {
    let Some(to) = request.to else {
        report.refuse("usage", "the kind of the new store is missing");
        return false;
    };
    let is_of_the_unit = request.state == Path::new(STATE);
    if is_of_the_unit && credentials::is_key_unavailable() {
        report.refuse(
            "refused",
            "the sealing key is a systemd credential, which only the daemon gets: start tfad (systemctl \
             start tfad), then run the command again",
        );
        return false;
    }
    let kv = match fleet::etcd() {
        Ok(kv) => kv.with_patience(PATIENCE),
        Err(error) => {
            report.refuse("refused", &error.to_string());
            return false;
        }
    };
    let mut watch = Watch {
        report,
        to,
        service: is_of_the_unit.then(Service::default),
    };
    let now = now().as_secs();
    let migrated = match to {
        KeptIn::Etcd => migrate_to_etcd(state_dir, kv, now, &mut watch),
        KeptIn::Database => migrate_to_database(state_dir, kv, now, &mut watch),
    };
    let service = watch.service;
    let start = || service.as_ref().map_or(Ok(()), Service::start);
    let migrated = match migrated {
        Ok(migrated) => migrated,
        Err(error) => {
            refuse(report, to, &error, start().err());
            return false;
        }
    };
    let records = migrated.records;
    let journal = Journal::open();
    journal.log_daemon(DaemonEvent::Store(&Notice::AccountsMoved { to, records }));
    journal.flush();
    if let Some(records) = records {
        report.result("records", records);
    }
    // The daemon uses the new store also where the configuration does not name it yet.
    let named = store_drop_in::name(to).and_then(|()| {
        let finished = finish_migration(state_dir);
        finished.map_err(|error| error.to_string())
    });
    if let Err(why) = named {
        report.result("not-named", why);
    }
    // A login may have started it meanwhile, with the configuration of before.
    let started = match is_of_the_unit {
        true => Service::restart(),
        false => Ok(()),
    };
    if let Err(why) = started {
        report.result("not-started", why);
    }
    true
}

fn refuse(report: &Report, to: KeptIn, error: &MigrationError, not_started: Option<String>) {
    let reason = match (error, to) {
        (MigrationError::Cancelled, KeptIn::Etcd) => "resumes",
        (MigrationError::Cancelled, KeptIn::Database) => "cancelled",
        _ => "refused",
    };
    let mut text = error.to_string();
    if let Some(why) = not_started {
        text.push_str(&format!(
            ". The daemon tfad was stopped and did not start again: {why}. See: systemctl status tfad"
        ));
    }
    report.refuse(reason, &text);
}

struct Watch<'r> {
    report: &'r Report,
    to: KeptIn,
    /// The daemon, if it is that of this state directory.
    service: Option<Service>,
}

impl MigrationWatch for Watch<'_> {
    fn progress(&mut self, done: u64, total: u64) -> bool {
        self.report.progress(done, total)
    }

    fn stop(&mut self) -> Result<(), String> {
        match &mut self.service {
            Some(service) => service.stop(),
            None => Ok(()),
        }
    }

    fn reached(&mut self, step: MigrationStep) {
        if self.to == KeptIn::Database && step == MigrationStep::Closed {
            sleep(LATE_CHANGES);
        }
    }
}
