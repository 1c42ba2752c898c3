//! What a login that never ran the auth phase is, by the PAM service.

use tfa_core::{Mode, Policy};
use tfa_proto::Context;

/// Jobs and user managers: the shipped PAM profile steps over the module for them in the account
/// phase, and their programs never ask for a password.
pub const STEPPED_OVER: [&str; 4] = ["crond", "cron", "atd", "systemd-user"];

/// The greeters of display managers, which run as a user of the system.
const GREETERS: [&str; 4] = [
    "gdm-launch-environment",
    "lightdm-greeter",
    "sddm-greeter",
    "greetd-greeter",
];

/// Programs that only root can run, and that ask for no password. In Debian they have no account lines of
/// their own, so that those of `other` apply.
const OF_ROOT: [&str; 2] = ["runuser", "runuser-l"];

/// Whether a service never lets a person in, so that it needs no guard: one would stop it.
#[must_use]
pub fn is_of_no_person(service: &str) -> bool {
    STEPPED_OVER.contains(&service) || GREETERS.contains(&service) || OF_ROOT.contains(&service)
}

/// Whether the programs of a service always ask for silence (`PAM_SILENT`).
#[must_use]
pub fn is_silent(service: &str) -> bool {
    matches!(service, "sudo" | "sudo-i")
}

/// What an account phase without an auth phase means in a service that is not guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bypass {
    /// Nothing: a job, a greeter, or root that becomes another user.
    Harmless,
    /// sudo asked for no password: its own ticket, or `NOPASSWD`.
    Sudo,
    /// su asked for no password: its own stack lets the caller go without.
    Su,
    /// A person came in.
    Login,
}

/// Which of them a login is.
#[must_use]
pub fn bypass(context: &Context) -> Bypass {
    match context.service.as_str() {
        service if is_of_no_person(service) => Bypass::Harmless,
        "su" | "su-l" | "sudo" | "sudo-i" if context.ruser == "root" => Bypass::Harmless,
        "sudo" | "sudo-i" => Bypass::Sudo,
        "su" | "su-l" => Bypass::Su,
        _ => Bypass::Login,
    }
}

/// Whether some terms of a policy require a second factor, so that a bypass matters. In audit mode, too.
#[must_use]
pub fn may_require(policy: &Policy) -> bool {
    let rules = policy.rules.iter().map(|rule| &rule.effect);
    let mut effect = rules.chain([&policy.otherwise]);
    !policy.is_off() && effect.any(|effect| effect.mode == Mode::Required)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jobs_greeters_and_root_itself_pass_the_account_phase_as_harmless() {
        let of = |service: &str, ruser: &str| {
            bypass(&Context {
                service: service.to_owned(),
                ruser: ruser.to_owned(),
                ..Context::default()
            })
        };
        for (service, ruser, expected) in [
            ("cron", "", Bypass::Harmless),
            ("systemd-user", "", Bypass::Harmless),
            ("sddm-greeter", "", Bypass::Harmless),
            ("su", "root", Bypass::Harmless),
            ("su-l", "root", Bypass::Harmless),
            ("sudo", "root", Bypass::Harmless),
            ("sudo-i", "root", Bypass::Harmless),
            ("sudo", "alice", Bypass::Sudo),
            ("sudo-i", "", Bypass::Sudo),
            ("su", "alice", Bypass::Su),
            ("su-l", "", Bypass::Su),
            ("sshd", "root", Bypass::Login),
            ("login", "root", Bypass::Login),
            ("gdm-fingerprint", "", Bypass::Login),
            ("samba", "", Bypass::Login),
            ("rsh", "root", Bypass::Login),
            ("", "root", Bypass::Login),
        ] {
            assert_eq!(of(service, ruser), expected, "{service} {ruser}");
        }
    }
}
