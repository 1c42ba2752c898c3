//! The PAM files of this host: which phases of a service ask `pam_tfa`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tfa_core::Policy;
use tfa_pam_host::{KeptAnswers, PamHost, Reading};
use tfa_pam_stack::{Action, Code, Line, Phase, Service, verifies_password};

use crate::host::pam_services::is_of_no_person;

/// The service of OpenSSH's server.
pub(crate) const SSHD: &str = "sshd";

/// The services whose logins go on without the second factor, because their auth lines have no
/// `pam_tfa` and the policy does not guard them.
#[must_use]
pub fn unguarded(policy: &Policy) -> Vec<String> {
    unguarded_of(&PamHost::new(), policy)
}

/// The services whose logins can go on without the second factor, because they skip the auth phase and
/// the policy does not guard them: those of [`unguarded`], and that of OpenSSH's server.
#[must_use]
pub fn not_guarded(policy: &Policy) -> Vec<String> {
    let mut services = unguarded(policy);
    let is_listed = services.iter().any(|service| service == SSHD);
    if exists(SSHD) && !policy.guards(SSHD) && !is_listed {
        services.push(SSHD.to_owned());
    }
    services
}

/// Whether PAM has a file for a service of that name.
#[must_use]
pub fn exists(service: &str) -> bool {
    PamHost::new().has_service(service)
}

/// Whether each session of a service that opens has passed a session line of `pam_tfa`.
#[must_use]
pub fn session_phase_decides(service: &str) -> bool {
    answers(service).session_phase_decides
}

/// Whether the account lines of a service leave logins to its session lines (`session=gate`).
#[must_use]
pub fn leaves_to_session(service: &str) -> bool {
    let answers = answers(service);
    answers.has_gate && answers.session_phase_decides
}

/// Whether the account lines of a service leave logins to session lines that it does not have, or that
/// some sessions pass without.
#[must_use]
pub fn lacks_session_line(service: &str) -> bool {
    let answers = answers(service);
    answers.has_gate && !answers.session_phase_decides
}

/// Whether the auth lines of a service go on to `pam_tfa` after a wrong password, so that its result does
/// not prove that the password was right.
#[must_use]
pub fn goes_on_after_wrong_password(service: &str) -> bool {
    answers(service).goes_on_after_wrong_password
}

/// Whether a login by another method of sshd, after a wrong password, counts with the second factor of
/// that attempt: its stack goes on after a wrong password, and the session phase does not decide.
#[must_use]
pub fn trusts_failed_password(service: &str) -> bool {
    answers(service).trusts_failed_password()
}

/// What logins ask about a service. It is computed anew when a file, a folder or a module has changed that libpam
/// looks at.
#[must_use]
pub fn answers(service: &str) -> Answers {
    static KEPT: LazyLock<KeptAnswers<Answers>> =
        LazyLock::new(|| KeptAnswers::of_host(Answers::from_reading));
    KEPT.of(service)
}

/// What the lines of a service say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// [`session_phase_decides`].
    pub session_phase_decides: bool,
    /// [`goes_on_after_wrong_password`].
    pub goes_on_after_wrong_password: bool,
    /// An account line has the option `session=gate`.
    has_gate: bool,
    /// An auth line calls `pam_tfa`.
    asks_in_auth: bool,
}

impl Answers {
    fn from_reading(reading: &Reading) -> Self {
        Self {
            session_phase_decides: decides_sessions(reading),
            goes_on_after_wrong_password: may_go_on_after_wrong_password(reading),
            has_gate: has_gate(reading),
            asks_in_auth: reading.any(|service| asks(service, Phase::Auth)),
        }
    }

    const fn trusts_failed_password(self) -> bool {
        self.asks_in_auth && self.goes_on_after_wrong_password && !self.session_phase_decides
    }
}

fn unguarded_of(host: &PamHost, policy: &Policy) -> Vec<String> {
    let mut names: BTreeSet<String> = host.services();
    names.retain(|name| !is_of_no_person(name) && !is_guarded(policy, name));
    let skips_auth =
        |service: &Service| asks(service, Phase::Account) && !asks(service, Phase::Auth);
    names.retain(|name| host.read(name).any(skips_auth));
    names.into_iter().collect()
}

/// Guarded by its own name, or as one of the files that Debian's alternatives link to `gdm-smartcard`.
fn is_guarded(policy: &Policy, name: &str) -> bool {
    const LINKED: &str = "gdm-smartcard";
    let is_file_of = |name: &str| {
        name.strip_prefix(LINKED)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    policy.guards(name) || (is_file_of(name) && policy.guards(LINKED))
}

/// Whether no release of libpam opens a session without `pam_tfa`, or against it. Without a line of it, the
/// phase decides nothing, even if no session opens.
fn decides_sessions(reading: &Reading) -> bool {
    reading.all(|service| asks(service, Phase::Session) && service.session_undecided().is_none())
}

/// Whether an account line has the option `session=gate`.
fn has_gate(reading: &Reading) -> bool {
    let is_gate = |line: &Line| line.is_tfa() && has_option(line, "session=gate");
    reading.any(|service| service.stack(Phase::Account).lines.iter().any(is_gate))
}

/// Also where the lines of the stack say so, although `pam_tfa` is not among those that follow: another
/// method of sshd can follow in the same transaction. A service that libpam cannot read counts as well.
fn may_go_on_after_wrong_password(reading: &Reading) -> bool {
    let goes_on = |line: &Line| {
        let is_required = line.control.action(Code::AUTH_ERR) == Action::Bad;
        (verifies_password(line) && is_required)
            || (line.is_tfa() && has_option(line, "forward_pass"))
    };
    !reading.all(|service| {
        let lines = &service.stack(Phase::Auth).lines;
        service.goes_on_after_wrong_password().is_none()
            && service.passes_beside_wrong_password().is_none()
            && !lines.iter().any(goes_on)
    })
}

fn asks(service: &Service, phase: Phase) -> bool {
    service.stack(phase).lines.iter().any(Line::is_tfa)
}

fn has_option(line: &Line, option: &str) -> bool {
    line.arguments.iter().any(|argument| argument == option)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// The files of Debian's packages, as far as the two phases go.
    const FILES: [(&str, &str); 14] = [
        (
            "common-auth",
            "auth [success=1 default=ignore] pam_unix.so nullok\n\
             auth requisite pam_deny.so\nauth requisite pam_tfa.so enroll=account\n",
        ),
        (
            "common-account",
            "# the head\naccount [success=1 default=ignore] \\\n pam_succeed_if.so quiet\n\
             account [success=ignore default=die] pam_tfa.so\naccount required pam_permit.so\n",
        ),
        ("login", "@include common-auth\n@include common-account\n"),
        (
            "sshd",
            "account required pam_nologin.so\n@include common-account\n",
        ),
        (
            "gdm-fingerprint",
            "auth required pam_fprintd.so\n@include common-account\n",
        ),
        (
            "gdm-smartcard-sssd-exclusive",
            "auth required pam_sss.so\n@include common-account\n",
        ),
        (
            "cockpit",
            "auth substack common-auth\naccount include common-account\n",
        ),
        (
            "sddm-greeter",
            "auth required pam_permit.so\n@include common-account\n",
        ),
        ("systemd-user", "@include common-account\n"),
        ("i3lock", "auth include login\n"),
        (
            "fingers",
            "-AUTH sufficient pam_fprintd.so\nACCOUNT include login # pam_tfa.so\n",
        ),
        (
            "byhand",
            "account required /lib/security/pam_tfa.so\nauth required pam_permit.so pam_tfa.so\n",
        ),
        // libpam refuses each login.
        ("loop", "@include loop\naccount required pam_tfa.so\n"),
        ("byhand.dpkg-old", "account required pam_tfa.so\n"),
    ];

    /// A host with these files of services, removed at the end.
    struct Files(PathBuf);

    impl Files {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let name = format!("tfad-pam-files-{name}-{}", std::process::id());
            let root = std::env::temp_dir().join(name);
            fs::create_dir_all(root.join("etc/pam.d")).unwrap();
            for (name, text) in files {
                fs::write(root.join("etc/pam.d").join(name), text).unwrap();
            }
            Self(root)
        }

        fn host(&self) -> PamHost {
            PamHost::below(&self.0)
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_login_is_left_to_the_session_only_with_both_lines() {
        let account = "account required pam_tfa.so enroll=account session=gate\n";
        let session = "session requisite pam_tfa.so\n";
        let both = format!("{account}{session}");
        let files = Files::new(
            "gate",
            &[
                ("sshd", &format!("@include common\n{session}")),
                ("common", account),
                ("both", &both),
                ("account-only", account),
                ("session-only", session),
                (
                    "no-option",
                    "account required pam_tfa.so\nsession required pam_tfa.so\n",
                ),
                (
                    "other-module",
                    "account required pam_x.so session=gate\nsession required pam_tfa.so\n",
                ),
                (
                    "comment",
                    "account required pam_tfa.so # session=gate\nsession required pam_tfa.so\n",
                ),
                (
                    "for-some",
                    &format!(
                        "{account}session [success=1 default=ignore] pam_succeed_if.so user ingroup x\n\
                         {session}session required pam_permit.so\n"
                    ),
                ),
                (
                    "too-late",
                    &both.replace(
                        "session req",
                        "session sufficient pam_permit.so\nsession req",
                    ),
                ),
            ],
        );
        let leaves = |service| {
            let answers = Answers::from_reading(&files.host().read(service));
            answers.has_gate && answers.session_phase_decides
        };
        assert!(leaves("sshd") && leaves("both"));
        for service in [
            "common",
            "account-only",
            "session-only",
            "no-option",
            "other-module",
            "comment",
            "for-some",
            "too-late",
            "absent",
        ] {
            assert!(!leaves(service), "{service}");
        }
    }

    #[test]
    fn a_stack_that_goes_on_after_a_wrong_password_needs_the_session_line() {
        let tfa = "auth required pam_tfa.so\n";
        let unix = "auth required pam_unix.so\n";
        let jump = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";
        for (auth, goes_on, trusts) in [
            (format!("{unix}{tfa}"), true, true),
            (format!("{tfa}{unix}"), true, true),
            (
                format!("auth requisite pam_tfa.so forward_pass\n{jump}"),
                true,
                true,
            ),
            (
                format!("auth required pam_radius_auth.so\n{tfa}"),
                true,
                true,
            ),
            (
                format!("auth required pam_exec.so expose_authtok /bin/verify\n{tfa}"),
                true,
                true,
            ),
            (
                format!("{tfa}auth requisite pam_radius_auth.so\n"),
                true,
                true,
            ),
            (format!("{tfa}{jump}"), true, true),
            (
                format!("auth requisite pam_radius_auth.so\n{tfa}"),
                false,
                false,
            ),
            (
                format!("auth required pam_site.so\n{jump}{tfa}"),
                false,
                false,
            ),
            (format!("auth requisite pam_unix.so\n{tfa}"), false, false),
            (format!("{jump}{tfa}"), false, false),
            // Another method of sshd may follow.
            (unix.into(), true, false),
            (format!("account required pam_unix.so\n{tfa}"), false, false),
            // libpam reads no such file, and refuses each login.
            ("@include absent\n".into(), true, false),
        ] {
            for (session, decides) in [
                ("", false),
                ("session requisite pam_tfa.so\n", true),
                (
                    "session optional pam_tfa.so\nsession required pam_permit.so\n",
                    false,
                ),
            ] {
                let files = Files::new("failed", &[("sshd", &format!("{auth}{session}"))]);
                let reading = files.host().read("sshd");
                let answers = Answers::from_reading(&reading);
                assert_eq!(answers.goes_on_after_wrong_password, goes_on, "{auth}");
                let found = answers.trusts_failed_password();
                assert_eq!(found, trusts && !decides, "{auth}{session}");
            }
        }
    }

    #[test]
    fn services_with_the_account_line_alone_are_named_unless_guarded() {
        let files = Files::new("unguarded", &FILES);
        let found = |guard: &[&str]| -> Vec<String> {
            let policy = Policy {
                guard: guard.iter().map(|name| (*name).to_owned()).collect(),
                ..Policy::default()
            };
            unguarded_of(&files.host(), &policy)
        };
        assert_eq!(found(&tfa_core::DEFAULT_GUARD), ["byhand", "fingers"]);
        // A name that begins like a guarded one is another service.
        assert!(found(&["gdm"]).contains(&"gdm-fingerprint".to_owned()));
        assert_eq!(
            found(&["fingers"]),
            [
                "byhand",
                "gdm-fingerprint",
                "gdm-smartcard-sssd-exclusive",
                "sshd"
            ]
        );
    }
}
