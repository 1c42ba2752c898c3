//! What an explanation adds to the outcome.

use tfa_proto::{Error, Explanation, HypotheticalLogin, Phase, Reason};

use crate::accounts::{self, AccountState, DeviceState, LockedPlace};
use crate::host::Host;
use crate::logins::{ADDRESS, Key, TestLogin};
use crate::seen::Seen;

const OPTIONAL: &str = "[policy]\nmode = \"optional\"\n";
const SESSION: &str = "[remember]\nsession_minutes = 10\n";
const DAYS: &str = "[remember]\ndays = 30\n";

fn explained(
    more: &str,
    state: AccountState,
    device: DeviceState,
    locked: LockedPlace,
    login: &HypotheticalLogin,
) -> Explanation {
    let host = Host::new(&format!("{OPTIONAL}{more}"));
    let account = accounts::account(state, device, locked);
    host.explanation(login, account.as_ref()).unwrap()
}

fn login(service: &str, from: &str) -> HypotheticalLogin {
    HypotheticalLogin {
        service: service.to_owned(),
        from: from.to_owned(),
        ..HypotheticalLogin::default()
    }
}

fn by_key(key: Key) -> HypotheticalLogin {
    HypotheticalLogin {
        key: Some(key.line()),
        ..login("sshd", ADDRESS)
    }
}

/// What refuses or lets in a login by a key alone depends on the user: the guard follows what is required.
#[test]
fn a_key_alone_has_the_reason_of_its_user() {
    let by_key = HypotheticalLogin {
        method: Some("publickey".to_owned()),
        ..login("sshd", ADDRESS)
    };
    let reason = |policy: &str, state| {
        let host = Host::new(policy);
        let account = accounts::account(state, DeviceState::None, LockedPlace::Nowhere);
        let explanation = host.explanation(&by_key, account.as_ref()).unwrap();
        explanation.reason.map(|reason| reason.name().to_owned())
    };
    const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
    let rule = format!("{REQUIRED}[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n");
    let open = format!("{REQUIRED}guard = []\n");
    let off = "[policy]\nmode = \"off\"\n";
    let (none, phone) = (AccountState::None, AccountState::Phone);
    for (policy, state, expected) in [
        (REQUIRED, none, Reason::MustEnroll),
        (REQUIRED, phone, Reason::NotVerified),
        (&rule, none, Reason::RuleOff),
        (&rule, phone, Reason::RuleOff),
        (off, phone, Reason::Off),
        (OPTIONAL, none, Reason::NotSetUp),
        (OPTIONAL, phone, Reason::NotRequired),
        (&open, none, Reason::NotGuarded),
        (&open, phone, Reason::NotGuarded),
    ] {
        let found = reason(policy, state);
        assert_eq!(
            found.as_deref(),
            Some(expected.name()),
            "{policy} {state:?}"
        );
    }
}

#[test]
fn a_code_of_the_session_may_serve_sudo_and_su_alone_and_no_lock() {
    let minutes = |more, locked, login: &HypotheticalLogin| {
        let phone = AccountState::Phone;
        let explanation = explained(more, phone, DeviceState::None, locked, login);
        explanation.session_minutes
    };
    let inside = |service| HypotheticalLogin {
        session: Some(true),
        ..login(service, "")
    };
    let nowhere = LockedPlace::Nowhere;
    assert_eq!(minutes(SESSION, nowhere, &inside("sudo")), Some(10));
    assert_eq!(minutes(SESSION, nowhere, &inside("su-l")), Some(10));
    assert_eq!(minutes(SESSION, nowhere, &inside("polkit-1")), None);
    assert_eq!(minutes(SESSION, nowhere, &login("login", "")), None);
    assert_eq!(minutes("", nowhere, &inside("sudo")), None);
    assert_eq!(
        minutes(SESSION, LockedPlace::Session, &inside("sudo")),
        None
    );
}

#[test]
fn the_recovery_code_is_accepted_of_administrators_at_an_open_console() {
    let accepted_on = |host: &Host, locked, login: &HypotheticalLogin| {
        let account = accounts::account(AccountState::Phone, DeviceState::None, locked);
        let explanation = host.explanation(login, account.as_ref()).unwrap();
        explanation.recovery_code
    };
    let console = login("login", "");
    // The host has no user alice, so she is in no group of administrators.
    assert!(!accepted_on(
        &Host::new(OPTIONAL),
        LockedPlace::Nowhere,
        &console
    ));
    let of_root = Host::new(OPTIONAL).of_root();
    let accepted = |locked, login: &HypotheticalLogin| accepted_on(&of_root, locked, login);
    assert!(accepted(LockedPlace::Nowhere, &console));
    assert!(accepted(LockedPlace::ConsoleForEver, &console));
    assert!(!accepted(LockedPlace::Console, &console));
    assert!(!accepted(LockedPlace::Nowhere, &login("sshd", ADDRESS)));
    let sudo = HypotheticalLogin {
        session: Some(true),
        ..login("sudo", "")
    };
    assert!(!accepted(LockedPlace::Nowhere, &sudo));
}

#[test]
fn the_recovery_code_is_asked_for_in_place_of_a_refusal_at_the_console() {
    const LATE: &str = "[policy]\nmode = \"required\"\nsince = 2020-01-01\ngrace = \"1d\"\nafter_grace = \"deny\"\n";
    const INVITED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\ninvitation = true\n";
    for (policy, reason) in [(LATE, Reason::TooLate), (INVITED, Reason::NotInvited)] {
        let explained = |host: Host, login: &HypotheticalLogin| {
            let explanation = host.explanation(login, None).unwrap();
            assert_eq!(explanation.reason, Some(reason.into()));
            explanation.recovery_code
        };
        let console = login("login", "");
        assert!(explained(Host::new(policy).of_root(), &console));
        assert!(!explained(Host::new(policy), &console));
        let ssh = login("sshd", ADDRESS);
        assert!(!explained(Host::new(policy).of_root(), &ssh));
        // The module is not asked for jobs of cron.
        let cron = Host::new(policy)
            .of_root()
            .explanation(&login("cron", ""), None);
        assert!(!cron.unwrap().recovery_code);
    }
}

#[test]
fn the_recovery_code_is_asked_for_where_no_factor_can_be_used() {
    let explained = |host: Host, login: &HypotheticalLogin| {
        let state = AccountState::KeyWithoutBackupCodes;
        let account = accounts::account(state, DeviceState::None, LockedPlace::Nowhere);
        let explanation = host.explanation(login, account.as_ref()).unwrap();
        assert_eq!(explanation.reason, Some(Reason::FactorNotAccepted.into()));
        let asks = explanation.shown.ends_with("\nRecovery code of this host:");
        assert_eq!(asks, explanation.recovery_code, "{explanation:?}");
        asks
    };
    let console = login("login", "");
    assert!(explained(Host::new(OPTIONAL).of_root(), &console));
    assert!(!explained(Host::new(OPTIONAL), &console));
    let ssh = login("sshd", ADDRESS);
    assert!(!explained(Host::new(OPTIONAL).of_root(), &ssh));
}

#[test]
fn audit_mode_records_the_logins_that_the_rule_on_factors_refuses() {
    const RULE: &str = "mode = \"optional\"\n[[policy.rule]]\nservices = [\"sshd\", \"login\", \"sudo\"]\n\
                        mode = \"required\"\nfactors = [\"security-key\"]\n";
    let phone_and_key = AccountState::PhoneAndKey;
    let account = accounts::account(phone_and_key, DeviceState::None, LockedPlace::Nowhere);
    let mut logins = TestLogin::all();
    logins.retain(|login| !login.is_own);
    logins.push(TestLogin::by_key_in_place_of_the_password());
    let mut refused = 0;
    for login in logins {
        let strict = Host::new(&format!("[policy]\n{RULE}"));
        strict.store(account.as_ref());
        let is_refused = strict.log_in(&login) == Seen::Refused;
        let audited = Host::new(&format!("[policy]\naudit = true\n{RULE}"));
        audited.store(account.as_ref());
        audited.log_in(&login);
        if login.context.phase == Phase::Auth {
            assert_eq!(audited.has_audit_record(), is_refused, "{login:#?}");
        }
        refused += usize::from(is_refused);
    }
    assert!(refused > 2, "{refused}");
}

#[test]
fn a_device_is_named_with_its_end_and_its_key() {
    let (phone, nowhere) = (AccountState::Phone, LockedPlace::Nowhere);
    let login = by_key(Key::Plain);
    let explanation = explained(DAYS, phone, DeviceState::Key, nowhere, &login);
    let fingerprint = Key::Plain.key().fingerprint.to_string();
    assert_eq!(explanation.key, Some(fingerprint));
    assert_eq!(explanation.device, Some(1));
    let now = tfad::host::clock::now().as_secs();
    let left = explanation.device_until.unwrap() - now;
    // It was remembered for 30 days, a day ago.
    assert!((28 * 86_400..=29 * 86_400).contains(&left), "{left}");
    assert_eq!(explanation.lock_scope, None);
    let later = HypotheticalLogin {
        key: Some(Key::OtherPlain.line()),
        ..login
    };
    let explanation = explained(DAYS, phone, DeviceState::Key, nowhere, &later);
    assert_eq!((explanation.device, explanation.device_until), (None, None));
    assert!(explanation.lock_scope.is_some());
}

#[test]
fn the_first_security_key_is_confirmed_and_the_users_own_stays_the_users() {
    let reason = |state, key| {
        let (device, locked) = (DeviceState::None, LockedPlace::Nowhere);
        let explanation = explained("", state, device, locked, &by_key(key));
        (explanation.reason, explanation.shown.replace('\n', " "))
    };
    let (confirmed, shown) = reason(AccountState::PendingKey, Key::Hardware);
    assert_eq!(confirmed, Some(Reason::SecurityKeyConfirmed.into()));
    assert!(
        shown.starts_with("Your security key is active now."),
        "{shown}"
    );
    let (other, _) = reason(AccountState::PendingKey, Key::OtherHardware);
    assert_eq!(other, Some(Reason::NotSetUp.into()));
    let (alone, shown) = reason(AccountState::KeyWithoutBackupCodes, Key::OtherHardware);
    assert_eq!(alone, Some(Reason::FactorNotAccepted.into()));
    assert!(shown.contains("You have no backup codes left."), "{shown}");
    let (asked, shown) = reason(AccountState::KeyAlone, Key::OtherHardware);
    assert_eq!(asked, None);
    assert!(shown.ends_with("Backup code:"), "{shown}");
}

#[test]
fn a_key_that_is_none_and_a_login_without_keys_are_refused() {
    let host = Host::new(OPTIONAL);
    let refused = |login: HypotheticalLogin| match host.explanation(&login, None) {
        Err(Error::InvalidArgument(text)) => text,
        other => panic!("{other:?}"),
    };
    for text in [
        "",
        "SHA256:",
        "SHA256:AAAA",
        "MD5:00",
        "ssh-ed25519",
        "alice",
    ] {
        let bad = HypotheticalLogin {
            key: Some(text.to_owned()),
            ..login("sshd", ADDRESS)
        };
        assert!(refused(bad).starts_with("The key is neither"), "{text}");
    }
    for service in ["sudo", "login"] {
        let by_key = HypotheticalLogin {
            key: Some(Key::Hardware.line()),
            ..login(service, "")
        };
        let by_enrolled = HypotheticalLogin {
            security_key: Some(true),
            ..login(service, "")
        };
        let text = format!("A login by the service {service} has no SSH key.");
        assert!(refused(by_key).starts_with(&text));
        assert!(refused(by_enrolled).starts_with(&text));
    }
    let by_method = HypotheticalLogin {
        method: Some("hostbased".to_owned()),
        ..by_key(Key::Plain)
    };
    assert!(refused(by_method).contains("by the method hostbased does not tell its key"));
    let twice = HypotheticalLogin {
        security_key: Some(true),
        ..by_key(Key::Plain)
    };
    assert!(refused(twice).starts_with("The login has either a key"));
}
