//! Root changes to another user with su or sudo while the daemon is absent.
//!
//! su and sudo ask root for no password, so the auth phase does not run, and by default the policy does
//! not guard them: root is asked for nothing while the daemon is up either. A refusal would protect
//! nothing, and stop jobs. Every other login needs the daemon, which knows the guarded services.

use nix::unistd::Uid;
use tfa_proto::{Context, Phase};

/// The services of su and sudo, which set `PAM_RUSER` to the name of their real uid. Others, such as
/// rsh, take it from the network.
const SERVICES: [&str; 4] = ["su", "su-l", "sudo", "sudo-i"];

/// Returns whether root changes to another user.
///
/// su and sudo of a user have that user's real uid, and name that user in `PAM_RUSER`. Both must be
/// root's: some versions of sudo set the real uid to 0 before. `auth_result` must be absent: then the
/// auth phase did not run, `after_publickey` exempted the login, or root was let in at the console.
pub(crate) fn is_root_switch(context: &Context, real_uid: Uid) -> bool {
    context.phase == Phase::Account
        && context.auth_result.is_none()
        && context.rhost.is_empty()
        && context.ruser == "root"
        && real_uid.is_root()
        && SERVICES.contains(&context.service.as_str())
}

#[cfg(test)]
mod tests {
    use tfa_proto::Verdict;

    use super::*;

    #[test]
    fn only_su_and_sudo_of_root_pass() {
        let services = [
            "su",
            "su-l",
            "sudo",
            "sudo-i",
            "sshd",
            "login",
            "remote",
            "rsh",
            "rlogin",
            "gdm-password",
            "gdm-autologin",
            "gdm-launch-environment",
            "sddm-greeter",
            "lightdm",
            "sddm",
            "cockpit",
            "polkit-1",
            "doas",
            "runuser",
            "cron",
            "vsftpd",
            "xrdp-sesman",
            "samba",
            "systemd-user",
            "su2",
            "sudo-l",
            "SU",
            "su ",
            "",
        ];
        let rusers = ["root", "", "alice", "Root", "root ", "0", "root\n"];
        let auth_results = [
            None,
            Some(Verdict::Verified),
            Some(Verdict::NotRequired),
            Some(Verdict::Denied),
            Some(Verdict::MustEnroll),
            Some(Verdict::Locked),
        ];
        let mut passed = Vec::new();
        for service in services {
            for ruser in rusers {
                for uid in [0, 1000, u32::MAX] {
                    for phase in [Phase::Auth, Phase::Account] {
                        for auth_result in auth_results {
                            for (rhost, tty) in [("", "pts/0"), ("", "ssh"), ("192.0.2.7", "ssh")] {
                                let context = Context {
                                    phase,
                                    service: service.to_owned(),
                                    rhost: rhost.to_owned(),
                                    tty: tty.to_owned(),
                                    ruser: ruser.to_owned(),
                                    auth_result,
                                    ..Context::default()
                                };
                                if is_root_switch(&context, Uid::from_raw(uid)) {
                                    passed.push((service, ruser, uid, phase, auth_result, rhost));
                                }
                            }
                        }
                    }
                }
            }
        }
        passed.dedup();
        let expected = SERVICES.map(|service| (service, "root", 0, Phase::Account, None, ""));
        assert_eq!(passed, expected);
    }
}
