//! Collects what PAM knows about the login.

use std::fs;

use nix::unistd::getuid;
use tfa_proto::{Context, Phase};

use crate::ffi::handle::{Handle, Item};
use crate::options::{FirstPass, Options};
use crate::terminal;

/// Returns the context for the daemon, without the result of the auth phase. An item that is not UTF-8
/// is converted lossily: it must not look absent.
pub(crate) fn collect(pam: &Handle, phase: Phase, silent: bool, options: &Options) -> Context {
    let item = |item| pam.item(item).unwrap_or_default();
    Context {
        phase,
        service: item(Item::Service),
        rhost: item(Item::Rhost),
        borrows_tty: !getuid().is_root() && !terminal::is_controlling(&item(Item::Tty)),
        tty: item(Item::Tty),
        seat: seat(pam),
        ruser: item(Item::Ruser),
        ssh_auth_info: pam.environment(c"SSH_AUTH_INFO_0").unwrap_or_default(),
        password_given: phase == Phase::Auth && password_given(pam, options),
        auth_result: None,
        can_enroll: options.can_enroll,
        session_follows: phase == Phase::Account && options.session_follows,
        silent,
        session: silent.then(audit_session).flatten(),
    }
}

/// Returns whether an earlier module has asked for a password that it verifies. With `try_first_pass` and
/// `use_first_pass` the answer of the user may be a code for this module, which nothing has verified.
fn password_given(pam: &Handle, options: &Options) -> bool {
    options.first_pass == FirstPass::Ignore && pam.password().is_some()
}

/// Returns the audit session id of this process; `None` if it is not set.
fn audit_session() -> Option<u32> {
    let id = fs::read_to_string("/proc/self/sessionid").ok()?;
    id.trim_end().parse().ok().filter(|id| *id != u32::MAX)
}

/// Returns the seat that a display manager sets. A program that a user starts, such as `su`, has the
/// real uid of the user: its seat is not trusted.
fn seat(pam: &Handle) -> String {
    let seat = getuid().is_root().then(|| pam.environment(c"XDG_SEAT"));
    seat.flatten().unwrap_or_default()
}

/// Returns whether sshd has accepted a public key in this login. Each line of `SSH_AUTH_INFO_0` is a
/// method with its details.
pub(crate) fn passed_publickey(ssh_auth_info: &str) -> bool {
    ssh_auth_info
        .lines()
        .any(|line| line.starts_with("publickey "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_counts_at_the_start_of_a_line_only() {
        for info in [
            "publickey ssh-ed25519 AAAAC3Nz",
            "password\npublickey ssh-ed25519 AAAAC3Nz\n",
        ] {
            assert!(passed_publickey(info), "{info}");
        }
        for info in [
            "",
            "publickey",
            "publickeys x",
            "Publickey ssh-ed25519 AAAA",
            " publickey ssh-ed25519 AAAA",
            "hostbased publickey ssh-ed25519 AAAA",
            "password\nkeyboard-interactive",
        ] {
            assert!(!passed_publickey(info), "{info}");
        }
    }
}
