//! `tfactl key`.

use tfa_text::{plural, wrapped};

use super::MAX_WIDTH;

pub(crate) const ROTATE_HELP: &str = "\
The daemon makes a new key, seals each record anew, and then destroys the old
key. Logins go on meanwhile with both keys. An interrupted rotation continues at
the next start of the daemon, and with this command.
Backups of before need the old key, unless it is in the file: make a new one.
The new key is the file /var/lib/tfa/key, also if the old one was a credential.
Keys of the JSON output: records, key (the fingerprint of the new key).";

pub(crate) const ROTATION_CONTINUES: &str = "\
The daemon continues the rotation. To follow it again: tfactl key rotate";

pub(crate) fn rotation_asked(why: &str) -> String {
    wrapped(
        &format!(
            "The rotation is asked for, but {why}. It begins when the daemon tfad runs. See systemctl status \
             tfad; then, to follow it: tfactl key rotate"
        ),
        MAX_WIDTH,
    )
}

pub(crate) fn key_rotated(records: u64, key: &str) -> String {
    let count = plural(records, "1 record is", format!("{records} records are"));
    wrapped(
        &format!(
            "{count} sealed with the new key (fingerprint {key}), and the old key is destroyed. The new \
             key is the file /var/lib/tfa/key; to use a systemd credential, see FILES in tfad(8). \
             Backups that were made before, without their key, can no longer be restored: run tfactl backup \
             now."
        ),
        MAX_WIDTH,
    )
}
