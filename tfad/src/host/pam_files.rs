//! The PAM files of this host: which phases of a service ask `pam_tfa`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tfa_core::Policy;

use crate::host::pam_services::is_of_no_person;

/// Where libpam looks for the file of a service; the first has precedence.
const FOLDERS: [&str; 3] = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d"];
/// The service of OpenSSH's server.
pub(crate) const SSHD: &str = "sshd";
/// The modules that verify passwords in most stacks.
const PASSWORD_MODULES: [&str; 5] = [
    "pam_unix.so",
    "pam_sss.so",
    "pam_winbind.so",
    "pam_ldap.so",
    "pam_krb5.so",
];
/// How deep files may include others.
const MAX_DEPTH: u32 = 8;

/// The services whose logins go on without the second factor, because their auth lines have no
/// `pam_tfa` and the policy does not guard them.
#[must_use]
pub fn unguarded(policy: &Policy) -> Vec<String> {
    unguarded_in(&FOLDERS.map(Path::new), policy)
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
    let mut files = FOLDERS.iter().map(|folder| Path::new(folder).join(service));
    files.any(|file| file.exists())
}

/// Whether a service has a session line of `pam_tfa` that can refuse a login.
#[must_use]
pub fn has_session_line(service: &str) -> bool {
    can_refuse_sessions(&FOLDERS.map(Path::new), service)
}

/// Whether the account lines of a service leave logins to its session lines (`session=gate`).
#[must_use]
pub fn leaves_to_session(service: &str) -> bool {
    leaves_to_session_in(&FOLDERS.map(Path::new), service)
}

/// Whether the account lines of a service leave logins to session lines that it does not have, or that
/// cannot refuse.
#[must_use]
pub fn lacks_session_line(service: &str) -> bool {
    let folders = FOLDERS.map(Path::new);
    has_gate(&folders, service) && !can_refuse_sessions(&folders, service)
}

/// Whether the auth lines of a service go on to `pam_tfa` after a wrong password, so that its result does
/// not prove that the password was right.
#[must_use]
pub fn goes_on_after_wrong_password(service: &str) -> bool {
    goes_on_after_wrong_password_in(&FOLDERS.map(Path::new), service)
}

/// Whether a login by another method of sshd, after a wrong password, counts with the second factor of
/// that attempt: its stack goes on after a wrong password, and has no session line that can refuse.
#[must_use]
pub fn trusts_failed_password(service: &str) -> bool {
    trusts_failed_password_in(&FOLDERS.map(Path::new), service)
}

fn leaves_to_session_in(folders: &[&Path], service: &str) -> bool {
    has_gate(folders, service) && can_refuse_sessions(folders, service)
}

/// Whether an account line of a service has the option `session=gate`.
fn has_gate(folders: &[&Path], service: &str) -> bool {
    let gate = |line: &Line<'_>| line.is_ours() && line.arguments.contains(&"session=gate");
    has_line(folders, service, "account", &gate, 0)
}

fn can_refuse_sessions(folders: &[&Path], service: &str) -> bool {
    let refuses = |line: &Line<'_>| line.is_ours() && line.can_refuse_session();
    has_line(folders, service, "session", &refuses, 0)
}

fn trusts_failed_password_in(folders: &[&Path], service: &str) -> bool {
    asks(folders, service, "auth")
        && goes_on_after_wrong_password_in(folders, service)
        && !can_refuse_sessions(folders, service)
}

fn goes_on_after_wrong_password_in(folders: &[&Path], service: &str) -> bool {
    let goes_on = |line: &Line<'_>| line.goes_on_after_wrong_password();
    has_line(folders, service, "auth", &goes_on, 0)
}

fn unguarded_in(folders: &[&Path], policy: &Policy) -> Vec<String> {
    let mut names: BTreeSet<String> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_service(name) && !is_of_no_person(name) && !is_guarded(policy, name))
        .collect();
    names.retain(|name| asks(folders, name, "account") && !asks(folders, name, "auth"));
    names.into_iter().collect()
}

/// Not what others include, nor what an editor or a package manager has left.
fn is_service(name: &str) -> bool {
    !name.starts_with("common-") && !name.contains(['.', '~'])
}

/// Guarded by its own name, or as one of the variants that Debian's alternatives link to it
/// (`gdm-smartcard-sssd-exclusive`).
fn is_guarded(policy: &Policy, name: &str) -> bool {
    let is_variant_of = |guarded: &String| {
        name.strip_prefix(guarded.as_str())
            .is_some_and(|rest| rest.starts_with('-'))
    };
    policy.guards(name) || policy.guard.iter().any(is_variant_of)
}

/// Whether the lines of that kind in a service's file, or in what they include, name `pam_tfa`.
fn asks(folders: &[&Path], service: &str, kind: &str) -> bool {
    has_line(folders, service, kind, &|line| line.is_ours(), 0)
}

/// Whether one of the lines of that kind is such a line.
fn has_line(
    folders: &[&Path],
    file: &str,
    kind: &str,
    fits: &dyn Fn(&Line<'_>) -> bool,
    depth: u32,
) -> bool {
    if depth > MAX_DEPTH || file.contains('/') {
        return false;
    }
    let texts = folders
        .iter()
        .find_map(|folder| fs::read_to_string(folder.join(file)).ok());
    let text = texts.unwrap_or_default().replace("\\\n", " ");
    let included = |other: &str| has_line(folders, other, kind, fits, depth + 1);
    text.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(other) = line.strip_prefix("@include") {
            return included(other.trim());
        }
        let Some((found, rest)) = line.split_once(char::is_whitespace) else {
            return false;
        };
        if !found.trim_start_matches('-').eq_ignore_ascii_case(kind) {
            return false;
        }
        let Some(line) = Line::parse(rest.trim_start()) else {
            return false;
        };
        if ["include", "substack"].contains(&line.control) {
            included(line.module)
        } else {
            fits(&line)
        }
    })
}

/// A line behind its kind.
struct Line<'a> {
    /// One word, or what stands in brackets.
    control: &'a str,
    module: &'a str,
    arguments: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn parse(rest: &'a str) -> Option<Self> {
        let (control, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => rest.split_once(char::is_whitespace)?,
        };
        let mut words = rest.split_ascii_whitespace();
        Some(Self {
            control,
            module: words.next()?,
            arguments: words.collect(),
        })
    }

    fn is(&self, module: &str) -> bool {
        Path::new(self.module).file_name() == Some(module.as_ref())
    }

    fn is_ours(&self) -> bool {
        self.is("pam_tfa.so")
    }

    /// Whether the line verifies a password and the stack goes on if it is wrong, or the line is ours and
    /// asks for the code before another one verifies the password.
    fn goes_on_after_wrong_password(&self) -> bool {
        let verifies_password = PASSWORD_MODULES.iter().any(|module| self.is(module));
        let is_required = self.control.eq_ignore_ascii_case("required")
            || self.action_for("auth_err") == Some("bad");
        (verifies_password && is_required)
            || (self.is_ours() && self.arguments.contains(&"forward_pass"))
    }

    /// Whether the stack fails if the module refuses the session, which it does with
    /// `PAM_SESSION_ERR`.
    fn can_refuse_session(&self) -> bool {
        match self.control.to_ascii_lowercase().as_str() {
            "required" | "requisite" => true,
            _ => self
                .action_for("session_err")
                .is_some_and(|action| ["die", "bad"].contains(&action)),
        }
    }

    /// What a control in brackets does after this result of the module.
    fn action_for(&self, result: &str) -> Option<&str> {
        let actions = || self.control.split_ascii_whitespace();
        let action =
            |code: &str| actions().find_map(|word| word.strip_prefix(code)?.strip_prefix('='));
        action(result).or_else(|| action("default"))
    }
}

#[cfg(test)]
mod tests {
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
        ("loop", "@include loop\naccount required pam_tfa.so\n"),
        ("byhand.dpkg-old", "account required pam_tfa.so\n"),
    ];

    /// A folder with files, of that name.
    fn folder(name: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
        let name = format!("tfad-pam-files-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_login_is_left_to_the_session_only_with_both_lines() {
        let account = "account required pam_tfa.so enroll=account session=gate\n";
        let session = "session requisite pam_tfa.so\n";
        let both = format!("{account}{session}");
        let folder = folder(
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
            ],
        );
        let leaves = |service| leaves_to_session_in(&[&folder], service);
        assert!(leaves("sshd") && leaves("both"));
        for service in [
            "common",
            "account-only",
            "session-only",
            "no-option",
            "other-module",
            "comment",
            "absent",
        ] {
            assert!(!leaves(service), "{service}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_session_line_that_cannot_refuse_is_none() {
        for (control, expected) in [
            ("required", true),
            ("REQUISITE", true),
            ("[success=ok default=die]", true),
            ("[success=ok session_err=bad default=ignore]", true),
            ("optional", false),
            ("sufficient", false),
            ("[success=ok default=ignore]", false),
            ("[success=ok session_err=ignore default=die]", false),
            ("[success=ok session_err=1 default=die]", false),
            ("[success=die]", false),
        ] {
            let line = format!("session {control} pam_tfa.so\n");
            let folder = folder("control", &[("sshd", &line)]);
            assert_eq!(
                can_refuse_sessions(&[&folder], "sshd"),
                expected,
                "{control}"
            );
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn a_stack_that_goes_on_after_a_wrong_password_needs_the_session_line() {
        let session = "session requisite pam_tfa.so\n";
        let tfa = "auth required pam_tfa.so\n";
        let jump = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";
        for (auth, expected) in [
            (format!("auth required pam_unix.so\n{tfa}"), true),
            (
                format!("auth [success=ok default=bad] pam_unix.so\n{tfa}"),
                true,
            ),
            (
                format!("auth [success=ok auth_err=die default=bad] pam_unix.so\n{tfa}"),
                false,
            ),
            (
                format!("auth REQUIRED pam_sss.so use_first_pass\n{tfa}"),
                true,
            ),
            (
                "auth requisite pam_tfa.so forward_pass\nauth required pam_unix.so\n".into(),
                true,
            ),
            (
                "auth requisite pam_tfa.so forward_pass\nauth requisite pam_unix.so\n".into(),
                true,
            ),
            (format!("auth requisite pam_unix.so\n{tfa}"), false),
            (format!("{jump}{tfa}"), false),
            ("auth required pam_unix.so\n".into(), false),
            (format!("account required pam_unix.so\n{tfa}"), false),
        ] {
            for (file, expected) in [
                (auth.clone(), expected),
                (format!("{auth}{session}"), false),
                (format!("{auth}session optional pam_tfa.so\n"), expected),
            ] {
                let folder = folder("failed", &[("sshd", &file)]);
                let goes_on = goes_on_after_wrong_password_in(&[&folder], "sshd");
                assert!(goes_on || !expected, "{file}");
                let trusts = trusts_failed_password_in(&[&folder], "sshd");
                assert_eq!(trusts, expected, "{file}");
                fs::remove_dir_all(&folder).unwrap();
            }
        }
    }

    #[test]
    fn services_with_the_account_line_alone_are_named_unless_guarded() {
        let folder = folder("unguarded", &FILES);
        let found = |guard: &[&str]| -> Vec<String> {
            let policy = Policy {
                guard: guard.iter().map(|name| (*name).to_owned()).collect(),
                ..Policy::default()
            };
            unguarded_in(&[&folder], &policy)
        };
        assert_eq!(
            found(&tfa_core::DEFAULT_GUARD),
            ["byhand", "fingers", "loop"]
        );
        assert_eq!(
            found(&["loop", "fingers"]),
            [
                "byhand",
                "gdm-fingerprint",
                "gdm-smartcard-sssd-exclusive",
                "sshd"
            ]
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
