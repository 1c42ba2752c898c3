//! The second factors that a rule accepts, from the policy to the answer.

use tfa_core::{
    Account, Answered, AskCode, AuthPhaseResult, Authenticator, AuthenticatorKind, BackupSet,
    Client, CodeFormat, Counter, Credential, DenyReason, Dialog, Factor, FactorKind, Factors,
    FailureReason, KeyFingerprint, KeyType, Message, Mode, Next, PhaseAction, PhaseInput, Policy,
    Proof, Refusal, Requirement, Rule, RuleEffect, Secret, SshKey, ThrottleScope, Turn, Verdict,
    confirm_by_security_key,
};

use crate::host::{lea, login};
use crate::owner::{Owner, UID};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;

const SSHD: Client<'_> = Client {
    from: "192.0.2.7",
    service: "sshd",
    shows: true,
    answer: None,
};
/// The first code of the token: RFC 4226, appendix D, counter 0.
const TOKEN_CODE: &str = "755224";
const ANY_ORIGIN: ThrottleScope = ThrottleScope::UNKNOWN;

fn only(kinds: &[FactorKind]) -> Factors {
    kinds.iter().copied().collect()
}

fn key() -> SshKey {
    SshKey {
        fingerprint: KeyFingerprint([7; 32]),
        key_type: KeyType::SkEd25519,
        is_certificate: false,
    }
}

/// An owner with a phone, a token of [`TOKEN_CODE`], a security key and backup codes.
fn owner_of_all() -> Owner {
    let mut owner = Owner::new();
    let secret = Secret::new(b"12345678901234567890").unwrap();
    let token = Authenticator::hotp("token", CodeFormat::default(), secret, Counter::new(0));
    owner.account.bind(token, NOON).unwrap();
    owner
        .account
        .add_security_key("yubi", key(), Proof::Verified, NOON)
        .unwrap();
    owner
}

fn asked(account: &Account, factors: Factors) -> (Turn, Option<AskCode>) {
    let begun = AskCode::begin_with_recovery(account, factors, ANY_ORIGIN, || false, NOON);
    let dialog = begun.dialog.map(|dialog| match dialog {
        Dialog::AskCode(dialog) => dialog,
        _ => panic!("the question for a code"),
    });
    (begun.turn, dialog)
}

fn answer(account: &mut Account, factors: Factors, credential: &Credential) -> Turn {
    let (_, dialog) = asked(account, Factors::ANY);
    let answered = dialog
        .unwrap()
        .answer(Some(factors), account, credential, SSHD, NOON);
    match answered {
        Answered::Turn(turn, _) => turn,
        Answered::Rehash | Answered::DrawCodes => panic!("a turn"),
    }
}

#[test]
fn each_factor_is_accepted_exactly_where_the_rule_names_it() {
    let kinds = [FactorKind::Totp, FactorKind::Hotp, FactorKind::BackupCode];
    for accepted in kinds {
        for used in kinds {
            let mut owner = owner_of_all();
            let credential = match used {
                FactorKind::Totp => owner.code(NOON, 0),
                FactorKind::Hotp => code(TOKEN_CODE),
                FactorKind::SecurityKey | FactorKind::BackupCode => sheet::FIRST.code(0),
            };
            let turn = answer(&mut owner.account, only(&[accepted]), &credential);
            let is_verified = turn.next.verified().is_some();
            assert_eq!(is_verified, accepted == used, "{accepted:?} {used:?}");
            // What was not accepted is not used up: another login takes it.
            if accepted != used {
                let turn = answer(&mut owner.account, only(&[used]), &credential);
                assert!(turn.next.verified().is_some(), "{accepted:?} {used:?}");
            }
        }
    }
}

#[test]
fn a_code_of_another_factor_is_counted_and_a_backup_code_is_not() {
    let mut owner = owner_of_all();
    let keys = only(&[FactorKind::SecurityKey, FactorKind::Hotp]);
    let phone = owner.code(NOON, 0);
    let turn = answer(&mut owner.account, keys, &phone);
    assert_eq!(turn.says, Some(Message::Wrong));
    assert_eq!(owner.failures(ANY_ORIGIN), 1);
    let backup = sheet::FIRST.code(0);
    let turn = answer(&mut owner.account, keys, &backup);
    assert_eq!(turn.says, Some(Message::BackupCodeNotAccepted));
    assert_eq!(owner.failures(ANY_ORIGIN), 1);
    let attempts = owner.account.failed_attempts(NOON);
    let reasons: Vec<_> = attempts.map(|one| one.reason).collect();
    assert_eq!(reasons, [FailureReason::FactorNotAccepted]);
}

#[test]
fn the_question_says_what_is_accepted() {
    use FactorKind::{BackupCode, Hotp, SecurityKey, Totp};
    let account = owner_of_all().account;
    let code = |digits| Next::AskCode { digits };
    for (kinds, next) in [
        (&[Totp][..], code(6)),
        (&[Hotp, SecurityKey], code(6)),
        (&[SecurityKey, BackupCode], Next::AskBackupCode),
        (&[SecurityKey], Next::End(Verdict::Denied)),
    ] {
        let (turn, _) = asked(&account, only(kinds));
        let says = Message::AcceptedFactors(only(kinds));
        assert_eq!((turn.says, turn.next), (Some(says), next), "{kinds:?}");
    }
    let (turn, _) = asked(&account, Factors::ANY);
    assert_eq!((turn.says, turn.next), (None, code(6)));
}

#[test]
fn a_user_without_an_accepted_factor_is_asked_for_none() {
    let phone_only = Owner::new().account;
    let keys = only(&[FactorKind::SecurityKey]);
    let (turn, dialog) = asked(&phone_only, keys);
    assert_eq!(turn.next, Next::End(Verdict::Denied));
    assert!(dialog.is_none());
    let all = owner_of_all().account;
    for factors in [keys, only(&[])] {
        assert!(asked(&all, factors).1.is_none(), "{factors:?}");
    }
}

#[test]
fn a_policy_that_accepts_nothing_any_more_ends_the_question_uncounted() {
    let mut owner = Owner::new();
    let (_, dialog) = asked(&owner.account, Factors::ANY);
    let (before, code) = (owner.account.encode(), owner.code(NOON, 0));
    let keys = only(&[FactorKind::SecurityKey]);
    let answered = dialog
        .unwrap()
        .answer(Some(keys), &mut owner.account, &code, SSHD, NOON);
    let Answered::Turn(turn, None) = answered else {
        panic!("the dialog ends");
    };
    assert_eq!(turn.says, Some(Message::AcceptedFactors(keys)));
    assert_eq!(turn.next, Next::End(Verdict::Denied));
    assert_eq!(*owner.account.encode(), *before);
}

#[test]
fn the_recovery_code_of_the_host_is_accepted_under_any_rule() {
    let account = owner_of_all().account;
    let keys = only(&[FactorKind::SecurityKey]);
    let console = ThrottleScope::Console;
    let begun = AskCode::begin_with_recovery(&account, keys, console, || true, NOON);
    assert_eq!(
        (begun.turn.says, begun.turn.next),
        (Some(Message::NoUsableFactor), Next::AskRecoveryCode)
    );
    assert!(matches!(begun.dialog, Some(Dialog::AskRecoveryCode(_))));
    // A factor that the rule accepts is asked for as ever.
    let codes = only(&[FactorKind::Totp]);
    let begun = AskCode::begin_with_recovery(&account, codes, console, || panic!("asked"), NOON);
    assert!(matches!(begun.dialog, Some(Dialog::AskCode(_))));
    let remote = AskCode::begin_with_recovery(&account, keys, ANY_ORIGIN, || true, NOON);
    assert!(remote.dialog.is_none());
}

#[test]
fn a_permanent_lock_offers_no_backup_code_that_is_not_accepted() {
    let mut owner = owner_of_all();
    let console = ThrottleScope::Console;
    let now = after(owner.lock_permanently(console, NOON), 3600);
    let begin = |factors| {
        AskCode::begin_with_recovery(&owner.account, factors, console, || false, now).turn
    };
    assert_eq!(begin(Factors::ANY).says, Some(Message::BackupCodeOnly));
    let phone = begin(only(&[FactorKind::Totp]));
    assert_eq!(phone.next, Next::End(Verdict::Locked));
}

fn required(kinds: &[FactorKind], service: &str) -> Rule {
    Rule {
        services: vec![service.to_owned()],
        effect: RuleEffect {
            mode: Mode::Required,
            factors: only(kinds),
            grace: std::time::Duration::ZERO,
            ..RuleEffect::default()
        },
        ..Rule::default()
    }
}

#[test]
fn factors_take_effect_with_since_and_not_in_audit_mode() {
    let mut rule = required(&[FactorKind::SecurityKey], "sshd");
    let account = owner_of_all().account;
    let factors = |rule: &Rule, audit| {
        let policy = Policy {
            rules: vec![rule.clone()],
            audit,
            ..Policy::default()
        };
        let decision = policy.decide(&login(), Some(&account), NOON);
        (decision.asks_for(), decision)
    };
    let keys = only(&[FactorKind::SecurityKey]);
    assert_eq!(factors(&rule, false).0, Some(keys));
    let (asks_for, decision) = factors(&rule, true);
    assert_eq!(asks_for, Some(Factors::ANY));
    // Audit mode records the login that could not have met the rule, and no other.
    let auth = PhaseInput::Auth {
        account_follows: true,
    };
    let outcome = |can_meet| {
        decision.audit_outcome(auth, |factors| {
            assert_eq!(factors, keys);
            can_meet
        })
    };
    assert_eq!(outcome(true), None);
    let refused = Some(tfa_core::AuditOutcome::FactorNotAccepted);
    assert_eq!(outcome(false), refused);
    rule.effect.since = Some(after(NOON, 1));
    assert_eq!(factors(&rule, false).0, Some(Factors::ANY));
}

#[test]
fn a_login_enrolls_only_what_the_rule_accepts() {
    for (kinds, enrolls) in [
        (&[FactorKind::Totp][..], true),
        (&[FactorKind::SecurityKey, FactorKind::BackupCode], false),
    ] {
        let policy = Policy {
            rules: vec![required(kinds, "sshd")],
            enrolled_in_login: Some(AuthenticatorKind::Totp),
            ..Policy::default()
        };
        let decision = policy.decide(&login(), None, NOON);
        assert_eq!(decision.requirement, Requirement::SetUp);
        assert_eq!(decision.enrolls_in_login, enrolls, "{kinds:?}");
    }
}

#[test]
fn the_session_phase_refuses_a_factor_that_the_exact_methods_do_not_accept() {
    let account = owner_of_all().account;
    let mut rule = required(&[FactorKind::SecurityKey, FactorKind::Hotp], "sshd");
    rule.methods = vec!["publickey".to_owned()];
    let mut policy = Policy {
        rules: vec![rule],
        ..Policy::default()
    };
    policy.otherwise.mode = Mode::Required;
    assert!(policy.names_factors_by_method());
    let action = |policy: &Policy, methods: &[&str], kind| {
        let mut login = login();
        login.methods.passed = methods.iter().map(|name| (*name).to_owned()).collect();
        let phase = PhaseInput::Session {
            auth_result: AuthPhaseResult::Verified(kind),
            guarded: true,
        };
        assert_eq!(phase.action_without_policy(), None);
        let decision = policy.decide(&login, Some(&account), NOON);
        decision.action(phase)
    };
    let refused = PhaseAction::Deny(DenyReason::FactorNotAccepted);
    let kinds = FactorKind::ALL.into_iter().map(Some).chain([None]);
    for kind in kinds {
        let accepted = matches!(kind, Some(FactorKind::SecurityKey | FactorKind::Hotp));
        let expected = match accepted {
            true => PhaseAction::Verified,
            false => refused,
        };
        for methods in [&["password", "publickey"][..], &["publickey", "password"]] {
            assert_eq!(action(&policy, methods, kind), expected, "{kind:?}");
        }
        assert_eq!(action(&policy, &["password"], kind), PhaseAction::Verified);
    }
    policy.audit = true;
    let both = ["password", "publickey"];
    assert_eq!(action(&policy, &both, None), PhaseAction::Verified);

    policy.rules[0].methods = vec!["password".to_owned()];
    assert!(!policy.names_factors_by_method(), "known in the auth phase");
    policy.rules[0] = required(&FactorKind::ALL, "sshd");
    policy.rules[0].methods = vec!["publickey".to_owned()];
    assert!(!policy.names_factors_by_method());
}

#[test]
fn a_first_key_is_confirmed_only_where_keys_are_accepted() {
    for (kind, confirms) in [(FactorKind::SecurityKey, true), (FactorKind::Totp, false)] {
        let mut account = Account::new(UID);
        let codes: BackupSet = sheet::FIRST.set();
        account
            .set_up_security_key("yubi", key(), codes, NOON)
            .unwrap();
        let policy = Policy {
            rules: vec![required(&[kind], "sshd")],
            ..Policy::default()
        };
        let decision = policy.decide(&login(), Some(&account), NOON);
        let phase = PhaseInput::Account {
            auth_result: AuthPhaseResult::NotRequired,
            guarded: true,
            silent: false,
        };
        let turn = confirm_by_security_key(&mut account, &decision, phase, &[key()], NOON);
        assert_eq!(turn.is_some(), confirms, "{kind:?}");
    }
}

#[test]
fn the_last_authenticator_that_a_rule_accepts_is_not_removed() {
    let policy = Policy {
        rules: vec![
            required(&FactorKind::ALL, "sudo"),
            required(&[FactorKind::SecurityKey], "sshd"),
        ],
        ..Policy::default()
    };
    assert!(policy.names_factors() && !Policy::default().names_factors());
    let effects = policy.all_that_require_of(&lea(), NOON);
    let required: Vec<Factors> = effects.iter().map(|effect| effect.factors).collect();
    assert_eq!(required.len(), 2);
    let mut account = owner_of_all().account;
    let id_of = |account: &Account, name| account.authenticator_named(name).unwrap().id();
    let (key, token) = (id_of(&account, "yubi"), id_of(&account, "token"));
    let mut remove = |id| account.remove_authenticator(id, &required, Proof::Verified, NOON);
    assert_eq!(remove(key), Err(Refusal::LastAcceptedAuthenticator));
    assert_eq!(remove(token), Ok(()));
}

#[test]
fn a_key_verifies_no_factor_but_itself() {
    let mut owner = owner_of_all();
    let turn = tfa_core::verify_by_security_key(&mut owner.account, &[key()], SSHD, NOON).unwrap();
    let Next::End(Verdict::Verified(Factor::SecurityKey(id))) = turn.next else {
        panic!("{turn:?}");
    };
    let kind = owner.account.authenticator(id).unwrap().kind();
    assert!(only(&[FactorKind::SecurityKey]).contains(kind));
    assert!(!only(&[FactorKind::Totp, FactorKind::BackupCode]).contains(kind));
}

#[test]
fn a_move_leaves_an_authenticator_that_each_rule_accepts() {
    let mut owner = owner_of_all();
    let account = &mut owner.account;
    let id_of = |account: &Account, name| Some(account.authenticator_named(name).unwrap().id());
    let (phone, key) = (id_of(account, "phone"), id_of(account, "yubi"));
    let (totp, keys) = (only(&[FactorKind::Totp]), only(&[FactorKind::SecurityKey]));
    let (to_phone, to_key) = (AuthenticatorKind::Totp, AuthenticatorKind::SecurityKey);
    let lost = Err(Refusal::LastAcceptedAuthenticator);
    for (replaced, kind, required, allowed) in [
        (key, to_phone, &[keys][..], lost),
        (key, to_phone, &[Factors::ANY, keys], lost),
        (key, to_key, &[keys], Ok(())),
        (phone, to_key, &[totp], lost),
        (phone, to_key, &[keys], Ok(())),
        (key, to_phone, &[Factors::ANY], Ok(())),
        (key, to_phone, &[], Ok(())),
    ] {
        let may = account.may_replace(replaced, kind, required);
        assert_eq!(may, allowed, "{replaced:?} {kind:?} {required:?}");
    }
    let new = Phone::usual(3);
    account
        .move_to(key, new.authenticator_named("new"), Proof::Verified, NOON)
        .unwrap();
    assert_eq!(account.may_confirm(&[keys]), lost);
    assert_eq!(account.may_confirm(&[totp]), Ok(()));
    account
        .add(new.authenticator_named("new"), Proof::Verified, NOON)
        .unwrap();
    assert_eq!(account.may_confirm(&[keys]), Ok(()));
}
