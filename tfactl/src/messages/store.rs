//! `tfactl store migrate`.

use tfa_text::{plural, wrapped};

use super::MAX_WIDTH;
use crate::args::StoreKind;

pub(crate) const MIGRATE_HELP: &str = "\
To etcd: on a host with accounts, and with the etcd in tfa-fleet.toml. Records
are copied while logins go on; then the daemon stops for the last of them. The
database is put aside as accounts.db.moved-TIME, and is not opened again.
To sqlite: on a verifier. No verifier serves logins while records are copied.
The other verifiers refuse logins from then on: on a terminal it asks first.
The sealing key stays. The command writes the kind of the store into the
drop-in store.toml, and starts the daemon. Meanwhile the members of a fleet
with one verifier are cut off (offline in tfad.toml). If the command is
interrupted, the accounts are complete in one of the two stores: run it again.
Keys of the JSON output: to, records (null if an interrupted command has moved
them).";

pub(crate) const MIGRATION_RESUMES: &str = "\
Cancelled. The accounts are in the database as before. To go on from here, run
the command again.";

pub(crate) const ASK_TO_MIGRATE: &str = "Move the accounts to the database of this host? [y/N] ";

pub(crate) const NOT_MIGRATED: &str = "Nothing was moved.";

/// What a move out of etcd means for the other hosts.
pub(crate) fn migration_to_database() -> String {
    let text = "Every other verifier of the fleet will refuse all logins, root's too, until it has left the \
                fleet: keep a session of root open on each. Members that know only those are cut off. See \
                tfa-fleet-setup(7), Leaving a fleet.";
    wrapped(text, MAX_WIDTH)
}

pub(crate) const NOT_NAMED: &str = "The accounts were moved, and the daemon uses them there.";

pub(crate) const NOT_STARTED: &str = "\
The accounts were moved. The daemon tfad did not start again.";

pub(crate) fn accounts_moved(to: StoreKind, records: Option<u64>) -> String {
    let place = match to {
        StoreKind::Etcd => "in etcd",
        StoreKind::Sqlite => "in the database of this host",
    };
    let what = match records {
        Some(records) => plural(records, "1 record is", format!("{records} records are")),
        None => "The accounts are".to_owned(),
    };
    let next = match to {
        StoreKind::Etcd => {
            "To add verifiers, run tfactl fleet invite-verifier. To back up, save snapshots of etcd, and the \
             key."
        }
        StoreKind::Sqlite => {
            "The other verifiers of the fleet refuse logins now. On each, run tfactl fleet leave, then join it as a \
             member of this one: tfactl host invite. To back up, run tfactl backup."
        }
    };
    wrapped(&format!("{what} {place} now. {next}"), MAX_WIDTH)
}

pub(crate) fn left_to_do(what: &str, why: &str) -> String {
    wrapped(&format!("{what} {why}."), MAX_WIDTH)
}
