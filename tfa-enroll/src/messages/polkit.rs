//! The password, for which polkit asks.

use tfa_client::NoAgent;

pub(crate) const TRY_AGAIN: &str = "Try again? [Y/n] ";

const NOTHING_CHANGED: &str = ". Nothing was changed";

/// Where the enrollment can be changed, below the commands of a host on which it cannot.
pub(crate) fn changes_elsewhere(why: &str) -> String {
    let why = why.trim_end_matches('.').trim_end_matches(NOTHING_CHANGED);
    format!("Other changes: {why}.")
}

/// `why` is a clause from polkit or from the daemon, without a full stop.
pub(crate) fn not_allowed(why: &str) -> String {
    // The daemon says it at the end of some.
    let why = why.trim_end_matches(NOTHING_CHANGED);
    format!("Not allowed: {why}.\nNothing was changed.")
}

/// Why polkit cannot ask for the password on this terminal.
pub(crate) fn no_agent(why: &NoAgent) -> String {
    match why {
        NoAgent::Missing => "\
The program pkttyagent, which asks for your password, is not installed. It is in
the package polkitd (Debian, Ubuntu) or polkit (other systems). On a desktop, a
window may ask for your password instead."
            .to_owned(),
        NoAgent::Failed(error) => {
            format!("The program pkttyagent, which asks for your password, did not start: {error}.")
        }
        NoAgent::NoTerminal => "\
polkit cannot ask for your password here: this program has no controlling
terminal. Use a login shell, over SSH or at the console, or su without -c."
            .to_owned(),
        NoAgent::Hidden => "\
polkit cannot see this program, because /proc is mounted with hidepid.
Tell your administrator; see FILES in tfad(8). A login that requires two-factor
login can still set it up."
            .to_owned(),
        NoAgent::Unregistered(error) => format!(
            "The program pkttyagent, which asks for your password, could not register with\n\
             polkit: {error}"
        ),
    }
}

pub(crate) const PASSWORD_NOT_ASKED: &str = "\
polkit could not ask for your password. Nothing was changed.";

pub(crate) const NO_AGENT_FOUND: &str = "\
polkit could not ask for your password, because it found no agent for this
program. Nothing was changed. Run tfa-enroll in a login over SSH or at the
console. If that fails too, tell your administrator.";
