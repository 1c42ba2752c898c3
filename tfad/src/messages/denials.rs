//! Refusals of a login without a question.

use tfa_core::DenyReason;

/// Why the login is refused, and how to log in.
#[must_use]
pub fn denial(reason: DenyReason, host: &str, user: &str, by_ssh: bool) -> String {
    match reason {
        DenyReason::MustEnroll => format!(
            "Two-factor login is required on {host}, and you have not set it up.\n\
             This program cannot set it up. Log in over SSH with your password, or at the console."
        ),
        DenyReason::TooLate => format!(
            "Two-factor login is required on {host}, and the time to set it up is over.\n\
             Ask your administrator."
        ),
        DenyReason::Undetermined => format!(
            "Your login on {host} is refused.\n\
             It could not be determined whether you need a second factor: a group, your address or \
             the SSH method is unknown. Tell your administrator.\n\
             If you used an SSH key, log in with your password."
        ),
        // A user who has not enrolled is guided through it after the password.
        DenyReason::NotVerified if by_ssh => format!(
            "Two-factor login is required on {host}. An SSH key alone is not enough.\n\
             Log in with your password, and enter a code or set up two-factor login:\n    \
             ssh -o PubkeyAuthentication=no {user}@{host}"
        ),
        DenyReason::NotVerified => format!(
            "Two-factor login is required on {host}.\n\
             This kind of login cannot ask for a code. Log in with your password."
        ),
        DenyReason::AuthRefused => "\
No correct code was entered, so this login cannot continue.
Log in again; over SSH, connect again."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_options_are_suggested_only_over_ssh() {
        let text = |by_ssh| denial(DenyReason::NotVerified, "host", "alice", by_ssh);
        assert!(text(true).contains("ssh -o PubkeyAuthentication=no alice@host"));
        assert!(!text(false).contains("ssh") && text(false).contains("cannot ask for a code"));
    }
}
