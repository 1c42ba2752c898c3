//! Stacks that refuse users because of what `pam_tfa` returns for them.

use tfa_pam_stack::{Phase, User};

use crate::memory::service;

/// The line at fault, with the modules on which it depends.
fn refused(text: &str, phase: Phase, user: User) -> Option<(usize, Vec<String>)> {
    let refusal = service(text).refuses_user(phase, user, true)?;
    let modules = refusal.depends_on.into_iter().collect();
    Some((refusal.line.position.line, modules))
}

const UNIX: &str = "auth requisite pam_unix.so\n";

#[test]
fn control_or_jump_that_refuses_users_of_whom_nothing_is_asked_is_found() {
    for control in [
        "[success=ok default=die]",
        "[success=ok ignore=die default=die]",
        "[success=ok ignore=bad default=ignore]",
        "[success=done default=die]",
        "[success=ok ignore=ok default=die]",
        "[success=ok ignore=9 default=die]",
    ] {
        let auth = format!("{UNIX}auth {control} pam_tfa.so\n");
        let found = refused(&auth, Phase::Auth, User::NotAsked);
        assert_eq!(found, Some((2, vec![])), "{control}");
        assert_eq!(refused(&auth, Phase::Auth, User::Verified), None);
        // Nothing is ignored with the option.
        let yes = auth.replace("pam_tfa.so", "pam_tfa.so not_required=success");
        assert_eq!(refused(&yes, Phase::Auth, User::NotAsked), None);
        // The line of the account phase stands first.
        let account = format!("account {control} pam_tfa.so\naccount required pam_unix.so\n");
        let found = refused(&account, Phase::Account, User::NotAsked);
        assert_eq!(found, Some((1, vec![])), "{control}");
    }
    let jump = format!(
        "{UNIX}auth [success=1 default=ignore] pam_tfa.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
    );
    let found = refused(&jump, Phase::Auth, User::NotAsked);
    assert_eq!(found, Some((2, vec![])));
}

#[test]
fn control_that_refuses_users_with_a_right_code_is_found() {
    for (phase, text) in [
        (
            Phase::Auth,
            format!("{UNIX}auth [ignore=ignore default=die] pam_tfa.so\n"),
        ),
        (
            Phase::Account,
            "account [ignore=ignore default=die] pam_tfa.so\naccount required pam_unix.so\n"
                .to_owned(),
        ),
    ] {
        assert!(refused(&text, phase, User::Verified).is_some(), "{text}");
        assert_eq!(refused(&text, phase, User::NotAsked), None, "{text}");
    }
}

#[test]
fn refusal_of_a_condition_is_none_of_the_module() {
    for text in [
        "auth [success=1 default=ignore] pam_tfa.so\nauth requisite pam_access.so\nauth required pam_permit.so\n",
        "auth [success=done ignore=ignore default=die] pam_tfa.so\nauth required pam_succeed_if.so user ingroup a\n",
        "auth required pam_google_authenticator.so forward_pass\nauth [success=ok ignore=ignore default=die] pam_tfa.so\n",
    ] {
        let text = format!("{UNIX}{text}");
        for user in [User::NotAsked, User::Verified] {
            assert_eq!(refused(&text, Phase::Auth, user), None, "{text}");
        }
    }
}

#[test]
fn yes_of_a_module_that_may_be_ignored_decides() {
    let stack = |end: &str| {
        format!(
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
             auth requisite pam_tfa.so\n{end}"
        )
    };
    for (end, modules) in [
        ("auth optional pam_cap.so\n", &["pam_cap.so"][..]),
        ("auth optional pam_site.so\n", &["pam_site.so"]),
        (
            "auth optional pam_cap.so\nauth optional pam_site.so\n",
            &["pam_cap.so", "pam_site.so"],
        ),
        // These decide nothing.
        ("auth [default=ignore] pam_cap.so\n", &[]),
        ("auth optional pam_group.so\n", &[]),
    ] {
        let modules = modules.iter().map(|module| (*module).to_owned()).collect();
        let found = refused(&stack(end), Phase::Auth, User::NotAsked);
        assert_eq!(found, Some((3, modules)), "{end}");
    }
    let certain = stack("auth required pam_permit.so\nauth optional pam_cap.so\n");
    assert_eq!(refused(&certain, Phase::Auth, User::NotAsked), None);
}

#[test]
fn phase_that_lets_in_only_after_another_code_refuses_everyone() {
    let passes = |text: &str, phase| service(text).can_pass(phase);
    let jump = "account [success=2 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                account requisite pam_deny.so\naccount required pam_permit.so\n\
                account [success=ignore ignore=ignore default=die] pam_tfa.so\n";
    assert!(!passes(jump, Phase::Account));
    assert!(passes(
        &jump.replace("success=2", "success=1"),
        Phase::Account
    ));
    assert!(!passes(
        "auth [success=die default=ok] pam_unix.so\n",
        Phase::Auth
    ));
    // A user of the second source passes, and one whom another module identifies.
    for text in [
        "auth [success=die default=ignore] pam_unix.so\nauth required pam_ldap.so\n",
        "auth sufficient pam_u2f.so\nauth [success=die default=die] pam_unix.so\n",
        "auth sufficient pam_site.so\nauth [success=die default=die] pam_unix.so\n",
        "auth required pam_unix.so\nauth required pam_ldap.so use_first_pass\n",
    ] {
        assert!(passes(text, Phase::Auth), "{text}");
    }
}
