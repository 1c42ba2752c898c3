//! What the log advises where a question got no answer, by the program that was to ask it.

use tfa_proto::Context;

/// What kind of program runs the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// sshd: its method `keyboard-interactive` asks, and `password` does not.
    Sshd,
    /// One that passes every question on: without an answer, the person gave none.
    Asks,
    /// A screen locker that answers every question with the password.
    Locker,
    /// Any other.
    Other,
}

const ASK: [&str; 14] = [
    "login",
    "remote",
    "su",
    "su-l",
    "sudo",
    "sudo-i",
    "doas",
    "polkit-1",
    "chfn",
    "chsh",
    "passwd",
    "gdm-password",
    "lightdm",
    "greetd",
];
const LOCKERS: [&str; 7] = [
    "i3lock", "swaylock", "gtklock", "waylock", "hyprlock", "physlock", "slock",
];

impl Program {
    /// The kind, by the service.
    pub(crate) fn of(context: &Context) -> Self {
        match context.service.as_str() {
            _ if context.is_ssh() => Self::Sshd,
            service if ASK.contains(&service) => Self::Asks,
            service if LOCKERS.contains(&service) => Self::Locker,
            _ => Self::Other,
        }
    }

    /// Logged when the password came instead of the code.
    pub(crate) fn password_as_code(self) -> String {
        let advice = match self {
            Self::Sshd => {
                "sshd's method \"password\" answers every question so: set \
                 \"KbdInteractiveAuthentication yes\" and \"PasswordAuthentication no\""
            }
            Self::Asks => "The person typed it where the code was asked for",
            Self::Locker => {
                "This screen locker answers every question so: give it a stack of its own \
                 (man pam_tfa, \"Programs that cannot ask\")"
            }
            Self::Other => {
                "If this program answers every question so, as mail and file servers do, give it a \
                 stack of its own (man pam_tfa, \"Programs that cannot ask\")"
            }
        };
        format!("the code was answered with the password; refusing. {advice}")
    }

    /// Logged when a question came back without an answer.
    pub(crate) fn no_answer(self) -> String {
        let cause = match self {
            Self::Sshd => {
                "the connection ended, or sshd did not pass the question on. It does by \
                 keyboard-interactive alone: \"KbdInteractiveAuthentication yes\""
            }
            Self::Asks => "the person gave up, or there is no terminal to ask at",
            Self::Locker | Self::Other => {
                "the person gave up, or this program cannot ask. Then give it a stack of its own \
                 (man pam_tfa, \"Programs that cannot ask\")"
            }
        };
        format!("the question got no answer; refusing: {cause}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, tty: &str) -> Program {
        Program::of(&Context {
            service: service.to_owned(),
            tty: tty.to_owned(),
            ..Context::default()
        })
    }

    #[test]
    fn the_advice_on_sshd_is_given_for_sshd_alone() {
        for (service, tty, program) in [
            ("sshd", "ssh", Program::Sshd),
            ("sshd-extern", "ssh", Program::Sshd),
            ("sshd", "", Program::Sshd),
            ("sudo", "/dev/pts/0", Program::Asks),
            ("login", "/dev/tty1", Program::Asks),
            ("polkit-1", "", Program::Asks),
            ("i3lock", ":0", Program::Locker),
            ("swaylock", "", Program::Locker),
            ("vsftpd", "", Program::Other),
            ("dovecot", "dovecot", Program::Other),
            ("sddm", ":0", Program::Other),
            ("", "", Program::Other),
        ] {
            assert_eq!(of(service, tty), program, "{service}");
            for text in [program.password_as_code(), program.no_answer()] {
                let of_sshd = text.contains("KbdInteractiveAuthentication");
                assert_eq!(of_sshd, program == Program::Sshd, "{text}");
                let of_stacks = text.contains("man pam_tfa");
                let cannot_ask = matches!(program, Program::Locker | Program::Other);
                assert_eq!(of_stacks, cannot_ask, "{text}");
            }
        }
    }
}
