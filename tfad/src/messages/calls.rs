//! Calls that are refused because of the caller, or of the number of calls.

use std::fmt::Display;

/// The call is longer than the daemon accepts.
pub const CALL_TOO_LONG: &str = "the call is too long";
/// The bytes of the calls that are under way are too many.
pub const TOO_MANY_CALLS: &str = "too many calls are under way; try again";
/// The caller has too many calls under way.
pub const TOO_MANY_OF_YOUR_CALLS: &str = "too many of your calls are under way; try again";
/// Too many dialogs are open.
pub const TOO_MANY_LOGINS: &str = "too many logins are under way; try again";
/// The login depends on a fact that its host has not told.
pub const FACTS_MISSING: &str = "the host of the login did not tell what the login depends on";
/// The reply of a verifier is not one of this version.
pub const REPLY_NOT_UNDERSTOOD: &str = "the reply of the verifier is not understood";
/// The name of a member is not the name of a host.
pub const NOT_A_MEMBER: &str = "the name of the member is not the name of a host";
/// A member tells of root under another name, or of another user with the uid of root.
pub const NOT_ROOT: &str =
    "in a fleet, root has the uid 0 and the name root, and no other user has one of them";
/// The dialog has ended, or belongs to another connection.
pub const DIALOG_OVER: &str = "the dialog is over; log in again";
/// The work of the call panicked.
pub const BROKE_OFF: &str = "the call broke off; see the journal of tfad";
/// The message has no sender.
pub const NO_SENDER: &str = "a call without a sender";
/// The bus does not report the uid of the sender.
pub const UNKNOWN_CALLER: &str = "the bus does not say who calls";

/// A caller who is not root asks about another user.
#[must_use]
pub fn not_own_user(uid: u32) -> String {
    format!("uid {uid} may begin a login for itself alone")
}

/// The program with the network cannot be known by its uid.
#[must_use]
pub fn no_fleet_user(user: &str) -> String {
    format!("there is no user {user}: install the package tfa-fleet")
}

/// The name service does not tell the uid of the program with the network.
#[must_use]
pub fn fleet_user_unknown(user: &str, error: &dyn Display) -> String {
    format!("the user {user} cannot be looked up: {error}")
}

/// A verifier cannot take the logins of members.
#[must_use]
pub fn no_member_socket(why: &dyn Display) -> String {
    format!("cannot serve the logins of members: {why}. Mend this, then run: systemctl reload tfad")
}

/// The program with the network does not answer.
#[must_use]
pub fn fleet_unreachable(error: &dyn Display) -> String {
    format!(
        "tfa-fleet does not serve this host ({error}). Start it: systemctl start tfa-fleet. If it runs, see: \
         journalctl -u tfa-fleet"
    )
}

/// Why a call of a member is not served.
#[must_use]
pub fn of_a_member(why: &dyn Display) -> String {
    format!("a call of a member was refused: {why}")
}

/// A verifier was asked.
#[must_use]
pub fn no_answer(why: &dyn Display) -> String {
    format!("no verifier has answered: {why}")
}

/// The name of a method that a member may not pass on.
pub const UNKNOWN_METHOD: &str =
    "the verifier does not know the call; update the verifiers before the members";
/// The bytes are not the arguments of the method.
pub const NOT_ARGUMENTS: &str = "the arguments are not those of the call";

/// A change at a verifier whose reply was lost.
#[must_use]
pub fn unknown_outcome(why: &dyn Display) -> String {
    format!(
        "it is not known whether the change was made: {why}. Look with: tfa-enroll status. If you made new \
         backup codes and do not see them, make new ones"
    )
}

/// An account is kept by the verifiers, and administered there. `verifiers` may be empty.
#[must_use]
pub fn not_on_a_member(verifiers: &[String]) -> String {
    let place = match verifiers {
        [] => "a verifier of the fleet".to_owned(),
        verifiers => format!("a verifier: {}", verifiers.join(", ")),
    };
    format!(
        "this host is a member of a fleet, and the verifiers keep its accounts. Run this on {place}"
    )
}

/// No verifier can be reached.
#[must_use]
pub fn no_verifier(why: &dyn Display) -> String {
    format!("no verifier answers: {why}")
}
