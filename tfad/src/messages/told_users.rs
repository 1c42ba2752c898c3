//! Users of members of a fleet, of whom the administrator tells the uid. `tfactl` shows these texts.

use tfa_proto::Error;
use tfa_text::shell::{user_argument, user_arguments};

/// Neither the name service of this verifier nor a record knows the user.
#[must_use]
pub fn unknown_in_fleet(name: &str) -> String {
    let quoted_name = user_argument(name);
    format!(
        "this verifier knows no user {name:?}, and has no record of that name. If members know the user, give \
         the uid from there: add --uid UID, with the number that id -u {quoted_name} prints on the member. tfactl \
         explain takes --uid together with --host NAME, the name of the member"
    )
}

/// A uid is told on a host that is in no fleet.
#[must_use]
pub fn uid_on_host_alone(name: &str) -> String {
    format!(
        "this host is in no fleet: its name service alone says which uid {name} has. Leave out the uid. Nothing \
         was changed"
    )
}

/// No user can have the name.
#[must_use]
pub fn not_a_user_name(name: &str) -> String {
    format!(
        "{name:?} is not a user name: it must have 1 to 256 bytes, no colon, slash, control or invisible character, \
         no blank at an end, no dash at its beginning, and must not be \".\" or \"..\". Nothing was changed"
    )
}

/// A member tells of a user with this name.
#[must_use]
pub fn no_user_of_member(name: &str) -> String {
    format!(
        "{name:?} is not a user name: it must have 1 to 256 bytes, no colon, slash, control or invisible character, \
         no blank at an end, no dash at its beginning, and must not be \".\" or \"..\". Correct it in the name service \
         of the host"
    )
}

/// No user can have the uid.
#[must_use]
pub fn not_a_uid(uid: u32) -> String {
    format!("{uid} is not the uid of a user. Nothing was changed")
}

/// The record under the name has another uid.
#[must_use]
pub fn record_has_other_uid(name: &str, told: u32, recorded: u32) -> String {
    let quoted_name = user_argument(name);
    let to_itself = user_arguments(&[name, name], &format!("--uid {told}"));
    format!(
        "the record of {name} has the uid {recorded}, and not {told}. Nothing was changed. If {told} is right, \
         give the record that uid: tfactl rename {to_itself}. If the record is that of \
         another person, reset it before: tfactl reset {quoted_name}"
    )
}

/// The name service of this host knows the name with another uid.
#[must_use]
pub fn uid_differs_here(name: &str, told: u32, known: u32) -> String {
    format!(
        "this verifier knows {name} with the uid {known}, and not {told}. Nothing was changed. In a fleet, one \
         name has one uid on all hosts: correct the number, or change the uid of {name} on one of the hosts"
    )
}

/// The name service of this host knows the uid with another name alone.
#[must_use]
pub fn uid_is_of_other_here(name: &str, told: u32, other: &str) -> String {
    format!(
        "this verifier knows no {name}: here, the uid {told} is {other}. Nothing was changed. In a fleet, one uid \
         has one name on all hosts: correct the number or the name, or change one of them on one of the hosts"
    )
}

/// The name service of this host did not tell whether it knows the name or the uid.
#[must_use]
pub fn uid_not_compared(name: &str, why: &str) -> String {
    format!(
        "the uid of {name} cannot be compared with that on this verifier: {why}. Nothing was changed. Try again \
         when the name service answers"
    )
}

/// The uid has the record of another name.
#[must_use]
pub fn uid_has_other_record(name: &str, told: u32, other: &str) -> String {
    let quoted_other = user_argument(other);
    let to_name = user_arguments(&[other, name], &format!("--uid {told}"));
    let to_itself = user_arguments(&[other, other], "--uid UID");
    format!(
        "the uid {told} has a record already, under the name {other}. Nothing was changed. If {other} is called \
         {name} now: tfactl rename {to_name}. If {other} has another uid: tfactl \
         rename {to_itself}. If {other} has left, reset that record before you give it \
         to {name}: tfactl reset {quoted_other}"
    )
}

/// A simulated login of a user whom this host does not know names no host.
#[must_use]
pub fn simulated_user_of_members(name: &str) -> Error {
    Error::InvalidArgument(format!(
        "This verifier does not know {name}, who cannot log in here. Add --host with the member on which {name} \
         logs in."
    ))
}

/// An impact on many users has the uid or the groups of one.
#[must_use]
pub fn impact_of_one_user() -> Error {
    Error::InvalidArgument(
        "An impact is one on many users: it takes neither a uid nor groups.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_texts_name_each_rule_for_names() {
        for text in [not_a_user_name("-a"), no_user_of_member("-a")] {
            let rules = [
                "1 to 256 bytes",
                "colon, slash, control or invisible character",
                "no blank at an end",
                "no dash at its beginning",
                "\".\" or \"..\"",
            ];
            for rule in rules {
                assert!(text.contains(rule), "{text}");
            }
        }
    }
}
