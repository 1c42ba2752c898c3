//! What PAM knows about a login, in the terms of the policy.

use tfa_core::{
    AuthPhaseResult, Client, FactorKind, HostName, Login, LoginOrigin, Methods, OwnMethod,
    PhaseInput, Policy, RemoteOrigin, SshKey, Subject, ThrottleScope,
};
use tfa_proto::{
    CERTIFICATE_METHOD, Context, INSIDE_SESSIONS, KEY_METHODS, KEYBOARD_INTERACTIVE,
    PASSWORD_METHOD, PUBLICKEY_METHOD, Phase, SECURITY_KEY_METHOD, SSH_METHODS, Verdict,
    methods_in,
};

use crate::caller::Caller;
use crate::host::facts::HostFacts;
use crate::login::ssh_keys;

/// The login that a context describes.
#[must_use]
pub fn login(
    context: &Context,
    subject: Subject,
    host: Option<HostName>,
    origin: LoginOrigin,
) -> Login {
    let keys = ssh_keys::accepted(&context.ssh_auth_info);
    login_by_keys(context, keys, subject, host, origin)
}

/// The login that a context describes, in which sshd has accepted these keys. Other services have none.
#[must_use]
pub fn login_by_keys(
    context: &Context,
    keys: Vec<SshKey>,
    subject: Subject,
    host: Option<HostName>,
    origin: LoginOrigin,
) -> Login {
    let keys = if context.is_ssh() { keys } else { Vec::new() };
    Login {
        subject,
        host,
        service: context.service.clone(),
        origin,
        methods: methods(context, &keys),
        keys,
        host_requires: None,
    }
}

/// Whether a login is known to come from inside a session: by its program, or because the program runs
/// as the user. Such a program takes the name from the uid, so the name by which the session was opened
/// may be another.
#[must_use]
pub fn is_inside_session(is_root: bool, service: &str) -> bool {
    !is_root || INSIDE_SESSIONS.contains(&service)
}

/// The phase that a context describes.
#[must_use]
pub fn phase(host: &dyn HostFacts, context: &Context, policy: &Policy) -> PhaseInput {
    let by = |kind| AuthPhaseResult::Verified(Some(kind));
    let auth_result = match context.auth_result {
        None => AuthPhaseResult::NotRun,
        Some(Verdict::Verified | Verdict::Remembered | Verdict::CodeOfSession) => {
            AuthPhaseResult::Verified(None)
        }
        Some(Verdict::VerifiedByTotp) => by(FactorKind::Totp),
        Some(Verdict::VerifiedByHotp) => by(FactorKind::Hotp),
        Some(Verdict::VerifiedBySecurityKey) => by(FactorKind::SecurityKey),
        Some(Verdict::VerifiedByBackupCode) => by(FactorKind::BackupCode),
        Some(Verdict::Recovered) => AuthPhaseResult::Recovered,
        Some(Verdict::NotRequired) => AuthPhaseResult::NotRequired,
        Some(
            Verdict::LeftToSession
            | Verdict::Denied
            | Verdict::MustEnroll
            | Verdict::Locked
            | Verdict::UnknownUser,
        ) => AuthPhaseResult::Denied,
    };
    let guarded = guards(policy, context) || host.floor().is_some_and(|floor| floor.guarded);
    match context.phase {
        Phase::Auth => PhaseInput::Auth {
            account_follows: context.can_enroll,
        },
        Phase::Account => PhaseInput::Account {
            auth_result,
            guarded,
            silent: context.silent,
        },
        Phase::Session => PhaseInput::Session {
            auth_result,
            guarded,
        },
    }
}

/// Whether a policy guards the service of a login.
#[must_use]
pub fn guards(policy: &Policy, context: &Context) -> bool {
    policy.guards(&context.service) || (context.is_ssh() && policy.guards("sshd"))
}

/// What a wrong code is counted on. A caller who is not root runs a program of their own, and where it
/// runs is not known.
#[must_use]
pub fn throttle_scope(is_root: bool, login: &Login) -> ThrottleScope {
    if is_root {
        scope_of_origin(&login.origin, &login.keys)
    } else {
        ThrottleScope::OwnProgram
    }
}

/// The scope of a login through a program of root's. The name of a host is no address: reverse DNS is
/// in the hands of the host's owner. Of several keys the first one identifies the login.
#[must_use]
pub fn scope_of_origin(origin: &LoginOrigin, keys: &[SshKey]) -> ThrottleScope {
    let key = keys.first().map(|key| key.fingerprint);
    let remote = |address| ThrottleScope::Remote(RemoteOrigin::new(key, address));
    match origin {
        LoginOrigin::Local => ThrottleScope::Console,
        LoginOrigin::Session => ThrottleScope::Session,
        LoginOrigin::Address(address) => remote(Some(*address)),
        LoginOrigin::Name(_) | LoginOrigin::Unknown => remote(None),
    }
}

fn methods(context: &Context, keys: &[SshKey]) -> Methods {
    if !context.is_ssh() {
        return Methods::default();
    }
    let named = methods_in(&context.ssh_auth_info);
    let methods = if context.phase == Phase::Session {
        methods_of_session(named)
    } else {
        methods_before_session(context, named)
    };
    with_kinds_of_keys(methods, keys)
}

/// The methods of a login by one method, or one kind of key, that is known.
#[must_use]
pub fn methods_named(method: &str) -> Methods {
    let mut passed = vec![method.to_owned()];
    if KEY_METHODS.contains(&method) {
        passed.push(PUBLICKEY_METHOD.to_owned());
    }
    Methods {
        passed,
        ..Methods::default()
    }
}

/// The same with the kinds of the keys that sshd has accepted.
fn with_kinds_of_keys(mut methods: Methods, keys: &[SshKey]) -> Methods {
    let by_key = methods.passed.iter();
    let by_key = by_key.filter(|method| *method == PUBLICKEY_METHOD).count();
    methods.has_unknown_key = by_key > keys.len();
    if keys.iter().any(|key| key.key_type.is_security_key()) {
        methods.passed.push(SECURITY_KEY_METHOD.to_owned());
    }
    if keys.iter().any(|key| key.is_certificate) {
        methods.passed.push(CERTIFICATE_METHOD.to_owned());
    }
    methods
}

fn methods_before_session<'a>(context: &Context, named: impl Iterator<Item = &'a str>) -> Methods {
    let mut passed: Vec<String> = named
        .filter(|method| *method != KEYBOARD_INTERACTIVE)
        .map(str::to_owned)
        .collect();
    let own = if context.phase == Phase::Auth || context.auth_result.is_some() {
        passed.push(PASSWORD_METHOD.to_owned());
        OwnMethod::Known
    } else if context.session_follows {
        OwnMethod::Unknown
    } else {
        OwnMethod::OneOfTheHost
    };
    Methods {
        passed,
        own,
        ..Methods::default()
    }
}

/// The methods of the session phase, which sshd names completely. If it names none, or one that is not
/// known here, the method is unknown.
fn methods_of_session<'a>(named: impl Iterator<Item = &'a str>) -> Methods {
    let passed: Vec<String> = named
        .map(|method| match method {
            KEYBOARD_INTERACTIVE => PASSWORD_METHOD,
            other => other,
        })
        .map(str::to_owned)
        .collect();
    let is_known = |method: &String| SSH_METHODS.contains(&method.as_str());
    let own = if !passed.is_empty() && passed.iter().all(is_known) {
        OwnMethod::Known
    } else {
        OwnMethod::Unknown
    };
    Methods {
        passed,
        own,
        ..Methods::default()
    }
}

/// The program that carries a login's dialog, as far as the user hears of it.
#[must_use]
pub fn client<'a>(caller: &Caller, context: &'a Context) -> Client<'a> {
    // The service names a daemon of root's that knows neither host nor terminal, such as polkit's.
    let service = if caller.is_root() {
        &*context.service
    } else {
        ""
    };
    let known = [&*context.rhost, &*context.tty, service];
    Client {
        from: known
            .into_iter()
            .find(|known| !known.is_empty())
            .unwrap_or(""),
        service,
        shows: caller.is_root() && !context.silent,
        answer: None,
    }
}

#[cfg(test)]
mod tests {
    use tfa_proto::Consoles;

    use super::*;
    use crate::host::facts::LocalHost;
    use crate::host::time_limit::CallsFor;

    fn of(context: &Context) -> Methods {
        methods(context, &ssh_keys::accepted(&context.ssh_auth_info))
    }

    fn ssh(phase: Phase, auth_result: Option<Verdict>, info: &str) -> Methods {
        of(&Context {
            phase,
            auth_result,
            service: "sshd".to_owned(),
            ssh_auth_info: info.to_owned(),
            ..Context::default()
        })
    }

    #[test]
    fn a_login_that_pam_was_never_asked_about_came_by_a_method_of_sshds_own() {
        let own = ssh(Phase::Account, None, "");
        assert_eq!(own.own, OwnMethod::OneOfTheHost);
        assert!(own.passed.is_empty());
        for (phase, auth_result) in [
            (Phase::Auth, None),
            (Phase::Account, Some(Verdict::NotRequired)),
        ] {
            let asked = ssh(phase, auth_result, "publickey ssh-ed25519 AAAA\n");
            assert_eq!(asked.own, OwnMethod::Known);
            assert_eq!(asked.passed, ["publickey", PASSWORD_METHOD]);
        }
    }

    #[test]
    fn a_method_that_the_session_phase_will_know_is_unknown_before() {
        let context = Context {
            phase: Phase::Account,
            service: "sshd".to_owned(),
            session_follows: true,
            ..Context::default()
        };
        assert_eq!(of(&context).own, OwnMethod::Unknown);
    }

    #[test]
    fn the_session_phase_knows_exactly_the_methods_that_sshd_names() {
        for (info, expected) in [
            ("publickey ssh-ed25519 AAAA\n", &["publickey"][..]),
            ("gssapi-with-mic alice@EXAMPLE\n", &["gssapi-with-mic"]),
            ("hostbased ssh-ed25519 AAAA\n", &["hostbased"]),
            (
                "publickey ssh-ed25519 AAAA\ngssapi-keyex\n",
                &["publickey", "gssapi-keyex"],
            ),
            ("keyboard-interactive/pam\n", &["password"]),
        ] {
            let known = ssh(Phase::Session, None, info);
            assert_eq!(known.passed, expected, "{info}");
            assert_eq!(known.own, OwnMethod::Known, "{info}");
        }
        for info in [
            "",
            "\n",
            "none\n",
            "publickeys ssh-ed25519 AAAA\n",
            "publickey ssh-ed25519 AAAA\nnew-method x\n",
        ] {
            assert_eq!(
                ssh(Phase::Session, None, info).own,
                OwnMethod::Unknown,
                "{info}"
            );
        }
    }

    #[test]
    fn kinds_of_keys_are_methods_in_every_phase_that_names_the_key() {
        const KEY: &str =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgcfQXp8iJEA7x0SCWfkeeHupir+wEQjQq3YQ4AGBfA";
        const SECURITY_KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIHCxbkM/JMbN7S9IxNFPB97oSby9IM0joiXF7GfGFGccAAAABHNzaDo=";
        for phase in [Phase::Auth, Phase::Session] {
            let plain = ssh(phase, None, &format!("publickey {KEY}\n"));
            assert!(!plain.passed.iter().any(|method| method.contains(':')));
            assert!(!plain.has_unknown_key);
            let in_hardware = ssh(phase, None, &format!("publickey {SECURITY_KEY}\n"));
            let kind = SECURITY_KEY_METHOD.to_owned();
            assert!(in_hardware.passed.contains(&kind), "{phase:?}");
            assert_eq!(in_hardware.own, OwnMethod::Known);
            let later = ssh(phase, None, "publickey sk-mldsa44@openssh.com AAAA\n");
            assert!(later.has_unknown_key && later.passed[0] == PUBLICKEY_METHOD);
        }
        let no_ssh = Context {
            service: "su".to_owned(),
            ssh_auth_info: format!("publickey {SECURITY_KEY}\n"),
            ..Context::default()
        };
        assert_eq!(of(&no_ssh), Methods::default());
    }

    #[test]
    fn other_names_of_a_program_are_guarded_with_it() {
        let guarded = |service: &str, tty: &str, guard: &[&str]| {
            let policy = Policy {
                guard: guard.iter().map(|name| (*name).to_owned()).collect(),
                ..Policy::default()
            };
            let context = Context {
                phase: Phase::Account,
                service: service.to_owned(),
                tty: tty.to_owned(),
                ..Context::default()
            };
            matches!(
                phase(&LocalHost(CallsFor::Logins), &context, &policy),
                PhaseInput::Account { guarded: true, .. }
            )
        };
        assert!(guarded("sshd-extern", "ssh", &["sshd"]));
        assert!(!guarded("sshd-extern", "ssh", &[]));
        assert!(!guarded("su", "pts/0", &["sshd"]));
        for (program, shell) in [("sudo", "sudo-i"), ("su", "su-l")] {
            assert!(guarded(shell, "pts/0", &[program]));
            assert!(guarded(shell, "pts/0", &[shell]));
            assert!(!guarded(program, "pts/0", &[shell]));
        }
        assert!(!guarded("sudo-x", "pts/0", &["sudo"]));
    }

    fn caller(uid: u32) -> Caller {
        Caller {
            name: ":1.7".to_owned(),
            uid,
            pid: None,
            host: None,
        }
    }

    #[test]
    fn only_root_states_the_origin_of_a_login() {
        const KEY: &str = "publickey ssh-ed25519 \
            AAAAC3NzaC1lZDI1NTE5AAAAIHgcfQXp8iJEA7x0SCWfkeeHupir+wEQjQq3YQ4AGBfA\n";
        let [key] = ssh_keys::accepted(KEY)[..] else {
            panic!("not one key");
        };
        let key = Some(key.fingerprint);
        let address = Some([192, 0, 2, 7].into());
        let remote = |key, address| ThrottleScope::Remote(RemoteOrigin::new(key, address));
        for (service, tty, rhost, expected) in [
            ("login", "tty1", "", ThrottleScope::Console),
            ("sshd", "ssh", "192.0.2.7", remote(key, address)),
            ("sshd", "ssh", "laptop.example", remote(key, None)),
            ("vsftpd", "", "192.0.2.7", remote(None, address)),
            ("screen", "pts/0", "", ThrottleScope::UNKNOWN),
            ("sudo", "pts/0", "", ThrottleScope::Session),
            ("polkit-1", "", "", ThrottleScope::Session),
            ("sudo", "tty1", "", ThrottleScope::Console),
        ] {
            let context = Context {
                service: service.to_owned(),
                tty: tty.to_owned(),
                rhost: rhost.to_owned(),
                ssh_auth_info: KEY.to_owned(),
                ..Context::default()
            };
            for is_root in [true, false] {
                let inside_session = is_inside_session(is_root, service);
                let at_console = context.at_console(&Consoles::default());
                let origin = LoginOrigin::new(&context.rhost, at_console, inside_session);
                let subject = Subject {
                    uid: 1000,
                    canonical: tfa_core::Identity {
                        name: "alice".to_owned(),
                        groups: tfa_core::Groups::default(),
                    },
                    aliases: Vec::new(),
                };
                let scope = throttle_scope(is_root, &login(&context, subject, None, origin));
                let expected = if is_root {
                    expected
                } else {
                    ThrottleScope::OwnProgram
                };
                assert_eq!(scope, expected, "{service} {rhost}");
            }
        }
    }

    #[test]
    fn programs_of_a_session_are_known_by_their_service_or_their_uid() {
        for (is_root, service, expected) in [
            (true, "sudo", true),
            (true, "polkit-1", true),
            (true, "sshd", false),
            (true, "saslauthd", false),
            (true, "", false),
            (false, "i3lock", true),
        ] {
            assert_eq!(is_inside_session(is_root, service), expected, "{service}");
        }
    }

    #[test]
    fn words_are_shown_by_programs_of_root_that_want_them() {
        let context = Context {
            tty: "pts/0".to_owned(),
            ..Context::default()
        };
        let silent = Context {
            silent: true,
            rhost: "192.0.2.7".to_owned(),
            ..context.clone()
        };
        let (shown, hidden) = (client(&caller(0), &context), client(&caller(0), &silent));
        assert_eq!((shown.from, shown.shows), ("pts/0", true));
        assert_eq!((hidden.from, hidden.shows), ("192.0.2.7", false));
        assert!(!client(&caller(1000), &context).shows);
    }

    #[test]
    fn a_service_of_roots_without_host_and_terminal_is_named() {
        let context = Context {
            service: "polkit-1".to_owned(),
            ..Context::default()
        };
        assert_eq!(client(&caller(0), &context).from, "polkit-1");
        assert_eq!(client(&caller(1000), &context).from, "");
    }

    #[test]
    fn no_other_service_has_methods() {
        let su = Context {
            service: "su".to_owned(),
            ssh_auth_info: "publickey ssh-ed25519 AAAA".to_owned(),
            ..Context::default()
        };
        assert_eq!(of(&su), Methods::default());
    }
}
