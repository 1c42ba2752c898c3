//! `tfactl backup` and `tfactl restore`.

use std::fmt::Display;

use tfa_text::shell::quoted;
use tfa_text::time::date_time;
use tfa_text::{plural, wrapped};

use super::MAX_WIDTH;

/// How many names of users a text shows.
const MAX_NAMES: usize = 20;
/// The width of a full progress bar.
const BAR: u64 = 40;

pub(crate) const BACKUP_HELP: &str = "\
The daemon goes on meanwhile. The file is new, and only root can read it. It has
the sealed records of all users, but not the policy, nor the recovery code.
Without --with-key it is of use only where the sealing key is: on this host, as
long as the key is not lost. With --with-key it also has the key, encrypted to a
passphrase, which is asked for twice: who has both can compute every code.
Keys of the JSON output: file, records, with_key, key (the fingerprint).";

pub(crate) const RESTORE_HELP: &str = "\
The whole file is checked first. Then the daemon stops for a moment. A crash at
any point leaves the old records or those of the backup.
If this host has records, and they are not those of the backup, the command says
which, and is refused without --force. The records are sealed with the key of
this host; the key of a backup of another host is not kept.
One-time codes of before the restoration are not accepted again, remembered
devices are forgotten, and invitations and exemptions are void. Backup codes
that were used since the backup are valid again, and so are codes of counters.
Keys of the JSON output, which do not change (backup_codes to returned are
arrays of names):
  records                  the number of records
  created, host            when and on which host the backup was made
  backup_codes             users who have backup codes
  counters                 users who have an authenticator with a counter
  paused                   users whose two-factor login is paused
  changed                  users who had another record here before
  lost                     users who had a record here, and have none now
  returned                 users who had no record here any more
  put_aside                the present name of a database that could not be read
  lost_documents           the published policy and the hosts of the fleet could
                           not be kept
Times are in RFC 3339 format, in UTC.";

pub(crate) const TASK_NEEDS_ROOT: &str = "only root may do that";

pub(crate) const TASK_ENDED: &str = "\
The program tfad ended before it was done. See: journalctl -t tfad";

pub(crate) const TASK_CANCELLED: &str = "Cancelled. Nothing was changed.";

pub(crate) fn task_refused(why: &str) -> String {
    let mut why = why.to_owned();
    if let Some(first) = why.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !why.ends_with('.') {
        why.push('.');
    }
    wrapped(&why, MAX_WIDTH)
}

pub(crate) fn progress_bar(percent: u64) -> String {
    let full = percent.min(100) * BAR / 100;
    let bar: String = (0..BAR)
        .map(|at| if at < full { '#' } else { '.' })
        .collect();
    format!("[{bar}] {percent:3} %")
}

pub(crate) fn backup_exists(file: &dyn Display) -> String {
    format!("{file} exists. A backup never replaces a file: give another name.")
}

pub(crate) fn backup_made(file: &str, records: u64, key: &str, with_key: bool) -> String {
    let count = plural(records, "1 record", format!("{records} records"));
    let text = if with_key {
        format!(
            "The file {file} has {count}, and the sealing key (fingerprint {key}), encrypted to the \
             passphrase. Both together give every code: keep them apart. Any host can restore it: tfactl restore {}",
            quoted(file)
        )
    } else {
        format!(
            "The file {file} has {count}, sealed with the key of this host (fingerprint {key}). The \
             key is not in it: without the key the file cannot be read, and another host cannot \
             restore it. Back up the key too, or use --with-key."
        )
    };
    let rest = "Not in it: the policy (/etc/tfa) and the recovery code of this host.";
    format!("{}\n{rest}", wrapped(&text, MAX_WIDTH))
}

pub(crate) fn restored(records: u64, created: u64, host: &str) -> String {
    wrapped(
        &format!(
            "Restored: {count}, from the backup that was made at {time} on {host}.",
            count = plural(records, "1 record", format!("{records} records")),
            time = date_time(created),
        ),
        MAX_WIDTH,
    )
}

pub(crate) const LOST_DOCUMENTS: &str = "\
The published policy and the hosts of the fleet, if there were any here, could
not be kept. The policy of the files is in force. Publish the policy again, and
remove the hosts again that were removed:
  tfactl policy publish FILE
  tfactl host remove NAME";

pub(crate) fn put_aside(path: &str) -> String {
    let text = format!(
        "The database that could not be read is kept as {path}. Delete it when you no longer need it."
    );
    wrapped(&text, MAX_WIDTH)
}

pub(crate) fn lost_records(users: &[&str]) -> Option<String> {
    let names = names(users)?;
    let text = format!(
        "These users had a record and have none now, so that no code is asked of them where none is \
         required: {names}."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

pub(crate) fn backup_codes_revived(users: &[&str]) -> Option<String> {
    let names = some_names(users, "tfactl list")?;
    let text = format!(
        "Backup codes that were used since the backup are valid again. These users have some: \
         {names}. Ask them to run tfa-enroll codes, which makes new ones."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

pub(crate) fn counters_revived(users: &[&str]) -> Option<String> {
    let names = some_names(users, "tfactl list --json")?;
    let text = format!(
        "Codes of a counter that were used since the backup are valid again until a later one is \
         used. These users have such an authenticator: {names}. Ask them to log in with it."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

pub(crate) fn pauses_revived(users: &[&str]) -> Option<String> {
    let names = some_names(users, "tfactl list --paused")?;
    let text = format!(
        "The two-factor login of these users was paused at the time of the backup, and is now: {names}. \
         To end a pause: tfactl enable USER."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

pub(crate) fn replaced_records(users: &[&str]) -> Option<String> {
    let names = names(users)?;
    let text = format!(
        "These users have their records of the backup again: {names}. Authenticators that they have \
         removed since are valid again."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

pub(crate) fn returned_records(users: &[&str]) -> Option<String> {
    let names = names(users)?;
    let text = format!(
        "These users had no record any more, and have that of the backup again: {names}. If one was \
         reset because a phone was stolen, reset the user again: tfactl reset USER."
    );
    Some(wrapped(&text, MAX_WIDTH))
}

/// The end of every restoration.
pub(crate) const AFTER_RESTORE: &str = "\
One-time codes of before now are not accepted again: the next one works after up
to a minute. Remembered devices are forgotten. Invitations and exemptions are
void. Locks are those of the backup.
Repeat what was changed since the backup. See: tfactl list, tfactl exemptions";

pub(crate) fn daemon_not_restarted(why: &str) -> String {
    wrapped(
        &format!(
            "The records were restored, but the daemon tfad did not start again: {why}. See: \
             systemctl status tfad"
        ),
        MAX_WIDTH,
    )
}

pub(crate) const NEW_PASSPHRASE: &str = "\
The passphrase encrypts the key in the file. Without it the key is lost. Choose
one that cannot be guessed, for example six random words.";

pub(crate) const ASK_NEW_PASSPHRASE: &str = "New passphrase: ";
pub(crate) const ASK_PASSPHRASE_AGAIN: &str = "The same again: ";
pub(crate) const ASK_PASSPHRASE: &str = "Passphrase of the backup: ";

pub(crate) const PASSPHRASES_DIFFER: &str =
    "The two passphrases are not the same. Nothing was changed.";

pub(crate) const NEW_PASSPHRASE_NEEDS_FILE: &str = "\
There is no terminal to ask for the passphrase on. Nothing was changed.
Put it into a file that only root can read: --with-key --passphrase-file FILE";

pub(crate) const PASSPHRASE_NEEDS_FILE: &str = "\
There is no terminal to ask for the passphrase on. Nothing was changed.
Put it into a file that only root can read: --passphrase-file FILE";

pub(crate) fn passphrase_too_short(min: usize) -> String {
    format!("The passphrase must have at least {min} characters. Nothing was changed.")
}

pub(crate) fn bad_passphrase_file(file: &dyn Display, why: &str) -> String {
    format!("No passphrase can be read from {file}: {why}. Nothing was changed.")
}

pub(crate) const PASSPHRASE_NOT_PRIVATE: &str =
    "it must be a regular file that root owns and only root can read (chmod 600)";
pub(crate) const PASSPHRASE_EMPTY: &str = "its first line is empty";
pub(crate) const PASSPHRASE_TOO_LONG: &str = "its first line is too long";
pub(crate) const PASSPHRASE_NOT_UTF8: &str = "its first line is not UTF-8";

/// All names, because nothing else shows them afterwards; `None` if there are none.
fn names(users: &[&str]) -> Option<String> {
    (!users.is_empty()).then(|| users.join(", "))
}

/// The names, at most a number of them, and the command that shows the others; `None` if there are none.
fn some_names(users: &[&str], command: &str) -> Option<String> {
    match users.split_at_checked(MAX_NAMES) {
        Some((shown, rest)) if !rest.is_empty() => Some(format!(
            "{shown}, and {more} more ({command})",
            shown = shown.join(", "),
            more = rest.len()
        )),
        _ => names(users),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nothing_else_shows_are_complete_and_for_others_there_is_a_command() {
        let users: Vec<String> = (0..200).map(|number| format!("user{number:03}")).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        for text in [
            lost_records(&users),
            replaced_records(&users),
            returned_records(&users),
        ] {
            let text = text.unwrap();
            assert!(users.iter().all(|user| text.contains(user)), "{text}");
        }
        for (text, command) in [
            (backup_codes_revived(&users), "(tfactl list)"),
            (counters_revived(&users), "(tfactl list --json)"),
            (pauses_revived(&users), "(tfactl list --paused)"),
        ] {
            let text = text.unwrap().replace('\n', " ");
            assert!(
                text.contains(&format!("user019, and 180 more {command}")),
                "{text}"
            );
            assert!(!text.contains("user020"), "{text}");
        }
        assert_eq!(
            (names(&[]), some_names(&["a"], "x")),
            (None, Some("a".to_owned()))
        );
    }
}
