//! The kinds of login programs, for the advice in the log when a question gets no answer.

use tfa_proto::Context;

/// How a login program asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginProgram {
    /// sshd: only its method `keyboard-interactive` asks.
    Sshd,
    /// A program that asks every question.
    Asks,
    /// A screen locker that sends the password as the answer to every question.
    Locker,
    /// Any other program.
    Other,
}

const ASKING_SERVICES: [&str; 14] = [
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

impl LoginProgram {
    /// Returns the kind for the service of that login.
    pub(crate) fn of(context: &Context) -> Self {
        match context.service.as_str() {
            _ if context.is_ssh() => Self::Sshd,
            service if ASKING_SERVICES.contains(&service) => Self::Asks,
            service if LOCKERS.contains(&service) => Self::Locker,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_tells_the_kind_of_program() {
        for (service, tty, program) in [
            ("sshd", "ssh", LoginProgram::Sshd),
            ("sshd-extern", "ssh", LoginProgram::Sshd),
            ("sshd", "", LoginProgram::Sshd),
            ("sudo", "/dev/pts/0", LoginProgram::Asks),
            ("login", "/dev/tty1", LoginProgram::Asks),
            ("polkit-1", "", LoginProgram::Asks),
            ("i3lock", ":0", LoginProgram::Locker),
            ("swaylock", "", LoginProgram::Locker),
            ("vsftpd", "", LoginProgram::Other),
            ("dovecot", "dovecot", LoginProgram::Other),
            ("sddm", ":0", LoginProgram::Other),
            ("", "", LoginProgram::Other),
        ] {
            let context = Context {
                service: service.to_owned(),
                tty: tty.to_owned(),
                ..Context::default()
            };
            assert_eq!(LoginProgram::of(&context), program, "{service}");
        }
    }
}
