//! Refusals of a login without a question.

use tfa_core::{DenyReason, Methods, OwnMethod};
use tfa_text::shell::quoted;

/// How a refused login came, as far as the text tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedLogin {
    /// Over SSH by a key, or by a method that is not known.
    SshKey,
    /// Over SSH by another method.
    SshMethod,
    /// Not over SSH.
    Other,
}

impl DeniedLogin {
    /// A login over SSH, or another one, with these methods.
    #[must_use]
    pub fn of(is_ssh: bool, methods: &Methods) -> Self {
        let has_key = methods.passed.iter().any(|method| method == "publickey");
        match (is_ssh, methods.own) {
            (false, _) => Self::Other,
            (true, OwnMethod::Known) if !has_key => Self::SshMethod,
            (true, _) => Self::SshKey,
        }
    }
}

/// Why the login is refused, and how to log in.
#[must_use]
pub fn denial(reason: DenyReason, host: &str, user: &str, login: DeniedLogin) -> String {
    let destination = destination(user, host);
    match reason {
        DenyReason::MustEnroll => format!(
            "Two-factor login is required on {host}, and you have not set it up.\n\
             This program cannot set it up. Log in over SSH with your password, or at the console."
        ),
        DenyReason::NoEnrollmentInLogin => format!(
            "Two-factor login is required on {host}, and you have not set it up.\n\
             It needs a security key, which cannot be set up in a login. Ask your administrator."
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
        DenyReason::FactorNotAccepted => format!(
            "Your login on {host} is refused.\n\
             The policy accepts no second factor that this login can use. Ask your administrator."
        ),
        // A user who has not enrolled is guided through it after the password.
        DenyReason::NotVerified if login == DeniedLogin::SshKey => format!(
            "Two-factor login is required on {host}. An SSH key alone is not enough.\n\
             Log in with your password, and enter a code or set up two-factor login:\n    \
             ssh -o PubkeyAuthentication=no {destination}"
        ),
        DenyReason::NotVerified if login == DeniedLogin::SshMethod => format!(
            "Two-factor login is required on {host}. This SSH method alone is not enough.\n\
             Log in with your password, and enter a code or set up two-factor login:\n    \
             ssh -o PreferredAuthentications=keyboard-interactive {destination}"
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

/// The user and the host as arguments of ssh(1), which takes no user with a dash in front as an option.
fn destination(user: &str, host: &str) -> String {
    match user.starts_with('-') {
        true => format!("-l {} {}", quoted(user), quoted(host)),
        false => quoted(&format!("{user}@{host}")),
    }
}

/// Why a login of root on a member is refused where it must enroll.
#[must_use]
pub fn root_must_enroll(host: &str) -> String {
    format!(
        "Two-factor login is required on {host}, and root has not set it up.\n\
         Set it up on a verifier of the fleet, with tfa-enroll. It then counts on all hosts."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_options_are_suggested_only_over_ssh() {
        let text = |login| denial(DenyReason::NotVerified, "host", "alice", login);
        let by_key = text(DeniedLogin::SshKey);
        assert!(by_key.contains("ssh -o PubkeyAuthentication=no alice@host"));
        let by_other = text(DeniedLogin::SshMethod);
        assert!(
            by_other.contains("PreferredAuthentications=keyboard-interactive alice@host")
                && !by_other.contains("key alone")
        );
        let other = text(DeniedLogin::Other);
        assert!(!other.contains("ssh") && other.contains("cannot ask for a code"));
    }

    #[test]
    fn an_unknown_ssh_method_is_taken_for_a_key() {
        let of = |is_ssh, passed: &[&str], own| {
            let passed = passed.iter().map(|method| (*method).to_owned()).collect();
            DeniedLogin::of(
                is_ssh,
                &Methods {
                    passed,
                    own,
                    ..Methods::default()
                },
            )
        };
        let (key, known) = (["publickey"], OwnMethod::Known);
        assert_eq!(of(true, &[], OwnMethod::OneOfTheHost), DeniedLogin::SshKey);
        assert_eq!(of(true, &[], OwnMethod::Unknown), DeniedLogin::SshKey);
        assert_eq!(of(true, &key, known), DeniedLogin::SshKey);
        assert_eq!(of(true, &["hostbased"], known), DeniedLogin::SshMethod);
        assert_eq!(of(false, &[], known), DeniedLogin::Other);
    }
}
