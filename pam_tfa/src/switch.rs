//! Root that becomes another user with su or sudo while the daemon is away.
//!
//! Such a login is asked for nothing while the daemon is up either: su and sudo take root without a
//! password, so the auth phase never runs, and they are not guarded. Refusing it protects nothing,
//! and stops jobs. All else needs the daemon, for whether a service is guarded is in the policy.

use nix::unistd::Uid;
use tfa_proto::{Context, Phase};

/// The programs in which root becomes somebody without a question. Each sets `PAM_RUSER` itself, to the
/// name of its real uid. A list by name, because services such as rsh take `PAM_RUSER` from the network.
const SERVICES: [&str; 4] = ["su", "su-l", "sudo", "sudo-i"];

/// Whether root itself, and nobody else, becomes another user.
///
/// Run by a user, su and sudo have that user's real uid while PAM runs, and that user's name in `PAM_RUSER`.
/// Both must be root's: other versions of sudo set the real uid to root's before. A login that the auth
/// phase put to the daemon, whatever came of it, is none of root's: `auth_result` is absent only where the phase
/// never ran, where `after_publickey` let the login off, and where root was let in at the console.
pub(crate) fn is_roots_own(context: &Context, real_uid: Uid) -> bool {
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
    fn of_all_combinations_only_roots_own_su_and_sudo_pass() {
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
                                if is_roots_own(&context, Uid::from_raw(uid)) {
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
