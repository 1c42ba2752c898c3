//! Logins that the session phase decides, because only there sshd names its method.

use tfa_core::Account;
use tfa_proto::{Context, HypotheticalLogin, PUBLICKEY_METHOD, Phase};

use crate::accounts::{self, AccountState, DeviceState, LockedPlace};
use crate::host::Host;
use crate::logins::{ADDRESS, Key, TestLogin};
use crate::seen::Seen;

const POLICIES: [&str; 3] = [
    "[policy]\nmode = \"required\"\ngrace = \"0\"\nguard = [\"sshd\"]\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\nmethods = [\"gssapi-with-mic\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"optional\"\nguard = [\"sshd\"]\n[[policy.rule]]\nmethods = [\"hostbased\"]\nmode = \"required\"\ngrace = \"0\"\n",
];

/// The session phase of a login by one method alone, with the key if it is by one.
fn login(method: &str, key: Option<Key>) -> TestLogin {
    let line = key.map(Key::line);
    let named = line.as_deref().unwrap_or("alice@EXAMPLE.ORG");
    TestLogin {
        hypothetical: HypotheticalLogin {
            service: "sshd".to_owned(),
            from: ADDRESS.to_owned(),
            method: Some(method.to_owned()),
            key: line.clone(),
            ..HypotheticalLogin::default()
        },
        context: Context {
            phase: Phase::Session,
            service: "sshd".to_owned(),
            rhost: ADDRESS.to_owned(),
            tty: "ssh".to_owned(),
            ssh_auth_info: format!("{method} {named}\n"),
            ..Context::default()
        },
        is_own: false,
    }
}

#[test]
fn the_explanation_has_the_outcome_of_the_session_phase() {
    let logins = [
        login(PUBLICKEY_METHOD, Some(Key::Plain)),
        login(PUBLICKEY_METHOD, Some(Key::Hardware)),
        login("gssapi-with-mic", None),
        login("hostbased", None),
    ];
    let states = [
        AccountState::None,
        AccountState::PhoneAndKey,
        AccountState::Exempt,
    ];
    let (mut refused, mut go_on) = (0, 0);
    for policy in POLICIES {
        let host = Host::new(policy).with_session_phase();
        for state in states {
            let account: Option<Account> =
                accounts::account(state, DeviceState::None, LockedPlace::Nowhere);
            for login in &logins {
                host.store(account.as_ref());
                let explanation = host.explain(login, account.as_ref());
                let case = format!("{policy}\n{state:?}\n{login:#?}\n{explanation:#?}");
                assert_eq!(explanation.phase, Some(Phase::Session.into()), "{case}");
                let seen = host.log_in(login);
                assert_eq!(Seen::explained(&explanation), seen, "{case}");
                match seen {
                    Seen::Refused => refused += 1,
                    _ => go_on += 1,
                }
            }
        }
    }
    assert!(refused > 4 && go_on > 4, "{refused} {go_on}");
}
