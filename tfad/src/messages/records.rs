//! Records that cannot be used or moved, and what an administrator does about them. `tfactl` shows these
//! texts, and the log has them.

use std::fmt::Display;

use tfa_text::shell::{user_argument, user_arguments};

/// The record does not decode.
#[must_use]
pub fn damaged_record(name: &str, error: &dyn Display) -> String {
    let quoted_name = user_argument(name);
    format!(
        "the record of {name}: {error}. If a newer tfad has written it, install that one again. Otherwise \
         restore the database, or reset the account: tfactl reset {quoted_name}"
    )
}

/// The file of the host's recovery code does not decode.
pub const DAMAGED_RECOVERY: &str = "\
the file `recovery` in the state directory holds no recovery code of a format known here. As root, \
create a new code: tfactl recovery create";
/// A store without a directory has no recovery code.
pub const NO_RECOVERY_FILE: &str = "this daemon has no state directory for a recovery code";

/// A damaged record, whose uid is not known, may be this user's.
#[must_use]
pub fn damaged_record_may_be_of(name: &str, user: &str) -> String {
    let quoted_name = user_argument(name);
    format!(
        "the record of {name} is damaged, and it may be the record of {user}. Restore the database, or \
         reset it: tfactl reset {quoted_name}"
    )
}

/// The record was made for another uid than the name has now.
#[must_use]
pub fn uid_changed(name: &str, former: u32, uid: u32) -> String {
    let quoted_name = user_argument(name);
    let to_itself = user_arguments(&[name, name], "");
    format!(
        "{name} was set up with the uid {former} and has the uid {uid} now. If it is the same person, \
         keep the record: tfactl rename {to_itself}. If that person has another name now: tfactl \
         rename {quoted_name} NEWNAME. If it is another person, reset it: tfactl reset {quoted_name}"
    )
}

/// The same in a fleet, where the name service of one host does not say which uid is right.
#[must_use]
pub fn uid_differs_in_fleet(name: &str, recorded: u32, uid: u32) -> String {
    let quoted_name = user_argument(name);
    let to_itself = user_arguments(&[name, name], &format!("--uid {uid}"));
    format!(
        "{name} was set up with the uid {recorded}, and a host of the fleet has {name} with the uid {uid}. In a fleet, \
         one name has one uid on all hosts. If {recorded} is right, change the uid of {name} on that host. If {uid} \
         is right, change it on all others, then run on a verifier: tfactl rename {to_itself}. If it is another person, give that user another name, or reset the record: tfactl reset {quoted_name}"
    )
}

/// The record of a user's uid stands under the name of a user who has another uid.
#[must_use]
pub fn record_under_name_of_other(name: &str, uid: u32, former: &str, other_uid: u32) -> String {
    let quoted_former = user_argument(former);
    let to_name = user_arguments(&[former, name], "");
    let to_itself = user_arguments(&[former, former], "");
    format!(
        "uid {uid} is {name} now, and its record stands under {former}, who exists and has the uid \
         {other_uid}. If it is the record of {name}: tfactl rename {to_name}. If it is the \
         record of {former}: tfactl rename {to_itself}. If it is neither's, reset it: tfactl \
         reset {quoted_former}"
    )
}

/// The uid of a user of a fleet has a record under another name, which this text does not tell: the user reads it.
#[must_use]
pub fn uid_of_other_record(name: &str, uid: u32) -> String {
    format!(
        "{name} has the uid {uid}, for which the fleet has the record of another user. In a fleet, one name \
         has one uid on all hosts. An administrator changes the uid of {name} on this host; or, if {name} was \
         renamed, gives that record the new name with tfactl rename, on a verifier (tfactl list --json has the \
         uids)"
    )
}

/// A member has told another uid of a user than this host knows.
#[must_use]
pub fn told_uid_differs(name: &str, told: u32, known: u32) -> String {
    format!(
        "{name} has the uid {told} on the host that calls, and the uid {known} on the verifier. Nothing was \
         stored. In a fleet, one name has one uid on all hosts: change the uid on one of the two"
    )
}

/// The uid that a member has told of a user belongs to another one on this host.
#[must_use]
pub fn told_uid_of_other(name: &str, told: u32, other: &str) -> String {
    format!(
        "{name} has the uid {told} on the host that calls, and the verifier knows no {name}: there, the uid \
         is that of {other}. Nothing was stored. In a fleet, one name has one uid on all hosts: change name \
         or uid on one of the two"
    )
}

/// A member asks to enroll root, or to change the enrollment of root.
pub const ROOT_CHANGES_ON_A_VERIFIER: &str = "root does not enroll on a member of a fleet, and changes no \
     enrollment there: run tfa-enroll as root on a verifier. It then counts on all hosts. Nothing was changed";

/// A member asks to change the enrollment of a user, where the policy does not let users do that.
#[must_use]
pub fn changes_elsewhere(member: &str, verifiers: &str) -> String {
    format!(
        "two-factor login cannot be changed on {member}: the policy (changes_on) does not allow it there. Run \
         tfa-enroll on a verifier: {verifiers}. If you cannot log in on one, ask your administrator. Nothing was \
         changed"
    )
}

/// The name service did not tell whether it knows another uid of a user of a member.
#[must_use]
pub fn told_uid_not_compared(name: &str, why: &str) -> String {
    format!(
        "the uid of {name} cannot be compared with that of the verifier: {why}. Nothing was stored. Try again \
         when the name service of the verifier answers"
    )
}

/// The record under a user's name was made for the uid of another user.
#[must_use]
pub fn record_of_other_uid(name: &str, other: &str, uid: u32) -> String {
    let to_other = user_arguments(&[name, other], "");
    let to_itself = user_arguments(&[name, name], "");
    format!(
        "the record under {name} was set up for the uid {uid}, which is {other} now. If it is the \
         record of {other}: tfactl rename {to_other}. If it is the record of {name}: tfactl \
         rename {to_itself}. Then reset whom you mean. Nothing was changed"
    )
}

/// The owner of the record still has its name and uid.
#[must_use]
pub fn owner_stays(owner: &str, uid: u32, new: &str) -> String {
    format!(
        "{owner} is still there and has the uid {uid}, for which the record was set up: it is not the \
         record of {new}. Nothing was changed"
    )
}

/// The new owner has a record already, under `in_the_way`.
#[must_use]
pub fn in_the_way(old: &str, new: &str, uid: u32, in_the_way: &str) -> String {
    let quoted_in_the_way = user_argument(in_the_way);
    format!(
        "the record of {old} cannot go to {new} (uid {uid}): the record of {in_the_way} is in the way. \
         See which one is in use (tfactl show {quoted_in_the_way}), and reset the other. Nothing was changed"
    )
}

/// The user of the record is gone.
#[must_use]
pub fn user_gone(name: &str) -> String {
    let quoted_name = user_argument(name);
    format!(
        "this system knows no user {name} now. If the user has left, and it is not only the directory \
         that is gone: tfactl reset {quoted_name}"
    )
}

/// A user of a fleet whom this verifier does not know, and whose uid is another user's here.
#[must_use]
pub fn uid_of_other_here(name: &str, uid: u32, other: &str) -> String {
    format!(
        "this verifier knows no user {name}: here, uid {uid} is {other}, who cannot log in for that. In a \
         fleet, one name has one uid on all hosts: change the uid of one of the two"
    )
}

/// The record stands under a name that no user has, and its uid has another name.
#[must_use]
pub fn moved(former: &str, name: &str, uid: u32) -> String {
    let to_name = user_arguments(&[former, name], "");
    let quoted_name = user_argument(name);
    format!(
        "set up under the name {former}, which is no other user's now; uid {uid} is {name}. The record \
         holds for {name} and goes to this name with the next right code, or at once: tfactl rename \
         {to_name}. If {name} is another person than {former} was: tfactl reset {quoted_name}"
    )
}

/// The same, and the user has another record under the present name.
#[must_use]
pub fn left_over(former: &str, name: &str) -> String {
    let quoted_former = user_argument(former);
    format!(
        "this system knows no user {former} now, and {name}, whose uid it was set up for, has a record \
         of that name. To forget this one: tfactl reset {quoted_former}"
    )
}

/// In the log: a reload has read another kind of store.
pub const KIND_OF_STORE_CHANGED: &str = "[store] names another kind of store, which is used after a restart only: \
     run systemctl restart tfad, and see tfad.toml(5) before";

/// In the log: a reload has read another role in the fleet.
pub const ROLE_CHANGED: &str = "[fleet] gives this host another role, which it takes after a restart only: run \
     systemctl restart tfad, and see tfad.toml(5) before";

/// Other calls change the account all the time.
pub const ACCOUNT_CONTENDED: &str = "the account is being changed all the time; try again";
/// Other calls replace the backup codes all the time.
pub const BACKUP_CODES_CONTENDED: &str =
    "the backup codes are being changed all the time; try again";
/// Others have backup codes made, and the time is over.
pub const TOO_MANY_DRAWS: &str = "backup codes of other users are being made; try again";
/// A host of the fleet has had records made for too many users.
pub const TOO_MANY_NEW_USERS: &str = "too many users got their first record on this host within a day. If it is a rollout, have the others enroll on \
     another host, or restart tfad on the verifier; else see: tfactl host remove";
/// A host of the fleet has had too many backup codes compared in a minute.
pub const TOO_MANY_HASHES: &str =
    "too many backup codes were typed on this host within a minute; try again";
/// A backup code could not be hashed.
pub const HASHING_FAILED: &str = "the backup code could not be hashed; is memory short?";
/// The sealing key is missing. Logged for each user whose record cannot be opened.
pub const KEY_LOST: &str = "the sealing key is not here; see: journalctl -u tfad -g fingerprint";
