//! Each usual mistake has a run that shows it.

use tfa_pam_stack::{Code, Phase, Release, Service, User, Witness};

use crate::memory::{Memory, service};

const UNIX: &str = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";

/// The numbers of the lines, and what they returned.
fn lines(witness: Option<Witness>) -> Option<Vec<(usize, Code)>> {
    let steps = witness?.steps.into_iter();
    Some(steps.map(|step| (step.position.line, step.code)).collect())
}

fn bypass(auth: &str) -> Option<Vec<(usize, Code)>> {
    lines(service(auth).bypass(Phase::Auth))
}

#[test]
fn password_alone_suffices_before_the_module() {
    for control in ["sufficient", "[success=done default=ignore]", "SUFFICIENT"] {
        let auth = format!("auth {control} pam_unix.so\nauth required pam_tfa.so\n");
        assert_eq!(bypass(&auth), Some(vec![(1, Code::SUCCESS)]), "{control}");
    }
    let substack = "auth substack /etc/pam.d/other\nauth required pam_tfa.so\n";
    let files = [
        ("service", substack),
        ("other", "auth sufficient pam_unix.so\n"),
    ];
    let host = crate::memory::Memory::new(&files);
    let service = host.read("service", tfa_pam_stack::Release::V1_5).unwrap();
    assert_eq!(service.bypass(Phase::Auth), None);
    let host = crate::memory::Memory::new(&[
        ("service", &substack.replace("substack", "include")),
        files[1],
    ]);
    let service = host.read("service", tfa_pam_stack::Release::V1_5).unwrap();
    assert_eq!(
        lines(service.bypass(Phase::Auth)),
        Some(vec![(1, Code::SUCCESS)])
    );
}

#[test]
fn ignored_refusal_is_a_bypass() {
    for control in ["optional", "sufficient", "[success=ok default=ignore]"] {
        let auth = format!("{UNIX}auth required pam_permit.so\nauth {control} pam_tfa.so\n");
        let refused = vec![(1, Code::SUCCESS), (3, Code::SUCCESS), (4, Code::AUTH_ERR)];
        assert_eq!(bypass(&auth), Some(refused.clone()), "{control}");
        let swallowed = service(&auth).refusal_swallowed(Phase::Auth);
        assert_eq!(lines(swallowed), Some(refused), "{control}");
    }
}

#[test]
fn ignored_absence_of_the_daemon_is_a_bypass() {
    let control = "[success=ok authinfo_unavail=ignore default=die]";
    let auth = format!("{UNIX}auth required pam_permit.so\nauth {control} pam_tfa.so\n");
    let steps = bypass(&auth).unwrap();
    assert_eq!(steps.last(), Some(&(4, Code::AUTHINFO_UNAVAIL)));
}

#[test]
fn jump_over_the_module_is_a_bypass() {
    let auth = "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
                auth required pam_tfa.so\nauth required pam_permit.so\n";
    assert_eq!(
        bypass(auth),
        Some(vec![(1, Code::SUCCESS), (4, Code::SUCCESS)])
    );
    let condition = "auth [success=1 default=ignore] pam_succeed_if.so user ingroup admins\n\
                     auth requisite pam_tfa.so\nauth required pam_permit.so\n";
    assert_eq!(
        bypass(condition),
        Some(vec![(1, Code::SUCCESS), (3, Code::SUCCESS)])
    );
    // A jump over the end of the stack fails.
    assert_eq!(bypass(&auth.replace("success=2", "success=3")), None);
}

#[test]
fn missing_include_behind_an_optional_line_is_a_bypass() {
    let files = [
        (
            "service",
            "auth include common\nauth required pam_permit.so\n",
        ),
        ("common", "auth optional pam_cap.so\n@include tfa\n"),
    ];
    let host = crate::memory::Memory::new(&files);
    let service = host.read("service", tfa_pam_stack::Release::V1_5).unwrap();
    assert_eq!(lines(service.bypass(Phase::Auth)).unwrap().len(), 3);
}

#[test]
fn changed_password_counts_as_passed_in_the_account_phase() {
    let account = "account [success=ok new_authtok_reqd=done default=bad] pam_unix.so\n\
                   account required pam_tfa.so\n";
    let steps = lines(service(account).bypass(Phase::Account));
    assert_eq!(steps, Some(vec![(1, Code::NEW_AUTHTOK_REQD)]));
    let before = "account requisite pam_tfa.so\naccount required pam_unix.so\n";
    assert_eq!(service(before).bypass(Phase::Account), None);
}

#[test]
fn stack_without_the_module_is_a_bypass_unless_it_refuses_all() {
    assert!(bypass("auth required pam_unix.so\n").is_some());
    assert!(bypass("auth required pam_unix.so\nauth required pam_deny.so\n").is_none());
    assert!(bypass("auth required pam_absent.so\n").is_none());
    assert!(bypass("auth required pam_unknown.so\nauth required pam_tfa.so\n").is_none());
}

#[test]
fn wrong_password_that_goes_on_is_found() {
    let tfa = "auth required pam_tfa.so\n";
    for (auth, expected) in [
        (format!("auth required pam_unix.so\n{tfa}"), true),
        (
            format!("auth [success=ok default=bad] pam_unix.so\n{tfa}"),
            true,
        ),
        (
            format!("auth [success=ok auth_err=die default=bad] pam_unix.so\n{tfa}"),
            true,
        ),
        (format!("auth optional pam_sss.so\n{tfa}"), true),
        (format!("auth requisite pam_unix.so\n{tfa}"), false),
        (format!("{UNIX}{tfa}"), false),
        (
            format!("auth required pam_unix.so\nauth requisite pam_deny.so\n{tfa}"),
            false,
        ),
        ("auth required pam_unix.so\n".to_owned(), false),
        (format!("{tfa}auth required pam_unix.so\n"), false),
        // A module that is not known may verify the password.
        (format!("auth required pam_radius_auth.so\n{tfa}"), true),
        (format!("auth requisite pam_radius_auth.so\n{tfa}"), false),
        (
            format!("auth required pam_exec.so expose_authtok /bin/verify\n{tfa}"),
            true,
        ),
        (format!("auth required pam_exec.so /bin/log\n{tfa}"), false),
        (format!("auth required pam_site.so\n{UNIX}{tfa}"), false),
        (
            format!("auth requisite pam_site.so\nauth required pam_unix.so\n{tfa}"),
            true,
        ),
    ] {
        let found = service(&auth).goes_on_after_wrong_password();
        assert_eq!(found.is_some(), expected, "{auth}");
    }
}

#[test]
fn code_before_the_password_is_found() {
    let found = |auth: &str| lines(service(auth).before_password());
    let first = "auth requisite pam_tfa.so\nauth required pam_unix.so\n";
    assert_eq!(found(first), Some(vec![(1, Code::SUCCESS)]));
    let skipped = "auth [success=1 default=ignore] pam_rootok.so\n\
                   auth requisite pam_unix.so\nauth required pam_tfa.so\n";
    let steps = vec![(1, Code::SUCCESS), (3, Code::SUCCESS)];
    assert_eq!(found(skipped), Some(steps));
    assert_eq!(
        found("auth requisite pam_unix.so\nauth required pam_tfa.so\n"),
        None
    );
    assert_eq!(found("auth required pam_tfa.so\n"), None);
    let unknown = "auth required pam_radius_auth.so\nauth required pam_tfa.so\n";
    let steps = vec![(1, Code::IGNORE), (2, Code::SUCCESS)];
    assert_eq!(found(unknown), Some(steps));
    let behind = "auth requisite pam_tfa.so\nauth optional pam_gnome_keyring.so\n";
    assert_eq!(found(behind), None);
}

#[test]
fn line_that_asks_after_a_public_key_only_is_no_second_factor_of_other_logins() {
    let found = |auth: &str| lines(service(auth).bypass(Phase::Auth));
    let key = "auth [success=done ignore=ignore default=die] pam_tfa.so after_publickey\n";
    let tfa = "auth requisite pam_tfa.so\n";
    let (yes, ignored) = (Code::SUCCESS, Code::IGNORE);
    let permit = "auth required pam_permit.so\n";
    let alone = format!("{UNIX}{permit}auth requisite pam_tfa.so after_publickey\n");
    let path = vec![(1, yes), (3, yes), (4, ignored)];
    assert_eq!(found(&alone), Some(path));
    let around = format!("{key}auth sufficient pam_unix.so\n{tfa}");
    assert_eq!(found(&around), Some(vec![(1, ignored), (2, yes)]));
    let documented = service(&format!("{key}{UNIX}{tfa}"));
    assert_eq!(documented.bypass(Phase::Auth), None);
    // The key stands for the password, and only there.
    assert_eq!(documented.by_code_alone(), None);
    let open = service(&format!("{key}{tfa}"));
    assert_eq!(
        lines(open.by_code_alone()),
        Some(vec![(1, ignored), (2, yes)])
    );
}

#[test]
fn login_without_a_password_is_found() {
    let found = |auth: &str| lines(service(auth).by_code_alone());
    let (yes, no) = (Code::SUCCESS, Code::AUTH_ERR);
    let tfa = "auth requisite pam_tfa.so\n";
    let permit = "auth required pam_permit.so\n";
    for (auth, expected) in [
        // The user of a wrong password is exempt.
        (
            format!("auth [success=ok default=ignore] pam_unix.so\n{tfa}{permit}"),
            Some(vec![(1, no), (2, yes), (3, yes)]),
        ),
        (
            format!("auth sufficient pam_tfa.so forward_pass\n{UNIX}"),
            Some(vec![(1, yes)]),
        ),
        (tfa.to_owned(), Some(vec![(1, yes)])),
        (format!("{UNIX}{tfa}"), None),
        (format!("auth required pam_unix.so\n{tfa}"), None),
        (format!("{tfa}{UNIX}{permit}"), None),
        // Other modules identify the user.
        (format!("auth requisite pam_fprintd.so\n{tfa}"), None),
        (format!("auth requisite pam_unknown.so\n{tfa}"), None),
        (format!("auth requisite pam_sss.so\n{tfa}"), None),
        (
            format!("auth requisite pam_sss.so ignore_unknown_user\n{tfa}"),
            Some(vec![(1, Code::IGNORE), (2, yes)]),
        ),
    ] {
        assert_eq!(found(&auth), expected, "{auth}");
    }
    // With a jump around pam_tfa, a code is not needed either.
    let skipped = service(&format!("auth sufficient pam_permit.so\n{UNIX}{tfa}"));
    assert!(skipped.without_password().is_some());
    assert_eq!(skipped.by_code_alone(), None);
    // Modules that show a text ask for nothing.
    let texts =
        "auth required pam_warn.so\nauth required pam_issue.so\nauth required pam_echo.so\n";
    assert!(found(&format!("{texts}auth sufficient pam_tfa.so\n{UNIX}")).is_some());
    let wrong = format!("{tfa}auth optional pam_unix.so\nauth requisite pam_warn.so\n");
    assert!(found(&wrong).is_some());
    // A user without a file of the old module is asked for nothing by it.
    let old = |option: &str| {
        format!("auth required pam_google_authenticator.so{option}\nauth requisite pam_tfa.so\n")
    };
    assert!(found(&old(" nullok")).is_some());
    assert_eq!(found(&old("")), None);
}

#[test]
fn only_programs_that_keep_the_real_uid_refuse_users_by_pam_rootok() {
    let auth = format!("auth sufficient pam_rootok.so\n{UNIX}auth requisite pam_tfa.so\n");
    let names = [
        "su",
        "su-l",
        "sudo",
        "sudo-i",
        "sshd",
        "login",
        "gdm-password",
        "polkit-1",
    ];
    let host = crate::memory::Memory::new(&names.map(|name| (name, auth.as_str())));
    for name in names {
        let service = host.read(name, tfa_pam_stack::Release::V1_5).unwrap();
        let keeps = name.starts_with("su");
        let found = lines(service.bypass_of_user(Phase::Auth));
        let expected = (!keeps).then(|| vec![(1, Code::SUCCESS)]);
        assert_eq!(found, expected, "{name}");
        assert!(service.bypass(Phase::Auth).is_some(), "{name}");
    }
}

#[test]
fn refusal_that_pam_cap_replaces_is_found() {
    let auth =
        format!("{UNIX}auth [success=ok default=ignore] pam_tfa.so\nauth optional pam_cap.so\n");
    let refused = vec![(1, Code::SUCCESS), (3, Code::AUTH_ERR), (4, Code::SUCCESS)];
    assert_eq!(
        lines(service(&auth).refusal_swallowed(Phase::Auth)),
        Some(refused)
    );
}

#[test]
fn session_that_opens_against_the_module_is_found() {
    let opens = |session: &str| lines(service(session).session_undecided());
    let refused = Code::SESSION_ERR;
    for (control, expected) in [
        ("required", None),
        ("REQUISITE", None),
        ("[success=ok default=die]", None),
        (
            "[success=ok session_err=bad abort=bad default=ignore]",
            None,
        ),
        ("optional", Some(refused)),
        ("sufficient", Some(refused)),
        ("[success=ok default=ignore]", Some(refused)),
        ("[success=ok session_err=ignore default=die]", Some(refused)),
        (
            "[success=ok session_err=bad default=ignore]",
            Some(Code::ABORT),
        ),
        // It never opens.
        ("[success=die]", None),
    ] {
        let session = format!("session {control} pam_tfa.so\nsession required pam_permit.so\n");
        let expected = expected.map(|code| vec![(1, code), (2, Code::SUCCESS)]);
        assert_eq!(opens(&session), expected, "{control}");
    }
    assert!(opens("session required pam_unix.so\n").is_some());
}

#[test]
fn session_line_that_some_sessions_skip_is_found() {
    let opens = |session: &str| lines(service(session).session_undecided());
    let tfa = "session requisite pam_tfa.so\n";
    let permit = "session required pam_permit.so\n";
    for before in [
        "[success=1 default=ignore] pam_succeed_if.so user ingroup exempt",
        "[default=1] pam_exec.so /usr/bin/true",
        "[user_unknown=1 default=ignore] pam_unknown.so",
    ] {
        let found = opens(&format!("session {before}\n{tfa}{permit}")).unwrap();
        assert_eq!(found.last(), Some(&(3, Code::SUCCESS)), "{before}");
    }
    assert!(opens(&format!("session sufficient pam_permit.so\n{tfa}")).is_some());
    // The first line refuses, and the second finds a login that is decided.
    let twice = format!("session optional pam_tfa.so\n{tfa}");
    let steps = vec![(1, Code::SESSION_ERR), (2, Code::SUCCESS)];
    assert_eq!(opens(&twice), Some(steps));
    // A jump to a line that fails opens nothing.
    let jump = "session [success=1 default=ignore] pam_succeed_if.so user ingroup exempt\n";
    assert_eq!(
        opens(&format!("{jump}{tfa}session required pam_deny.so\n")),
        None
    );
    assert_eq!(opens(&format!("{jump}{tfa}")), None);
}

#[test]
fn service_without_lines_of_a_phase_uses_those_of_other() {
    let files = [
        ("service", "auth required pam_tfa.so\n"),
        (
            "other",
            "account required pam_permit.so\nauth required pam_permit.so\n",
        ),
    ];
    let host = crate::memory::Memory::new(&files);
    let service: Service = host.read("service", tfa_pam_stack::Release::V1_5).unwrap();
    assert_eq!(service.bypass(Phase::Auth), None);
    assert!(service.bypass(Phase::Account).is_some());
    assert_eq!(service.bypass(Phase::Session), None);
}

#[test]
fn stack_without_a_yes_refuses_users_of_whom_nothing_is_required() {
    let found = |auth: &str| {
        let refused = service(auth).refuses_user(Phase::Auth, User::NotAsked, true)?;
        lines(Some(refused.witness))
    };
    let tfa = "auth requisite pam_tfa.so enroll=account\n";
    let (yes, ignored) = (Code::SUCCESS, Code::IGNORE);
    assert_eq!(
        found(&format!("{UNIX}{tfa}")),
        Some(vec![(1, yes), (3, ignored)])
    );
    let old = "auth required pam_google_authenticator.so nullok\n";
    let both = vec![(1, yes), (3, ignored), (4, ignored)];
    assert_eq!(found(&format!("{UNIX}{old}{tfa}")), Some(both));
    for auth in [
        format!("{UNIX}auth required pam_permit.so\n{tfa}"),
        format!("{UNIX}auth requisite pam_tfa.so not_required=success\n"),
        format!("auth requisite pam_unix.so\n{tfa}"),
        format!("auth sufficient pam_unix.so\n{tfa}"),
        format!(
            "auth required pam_faillock.so preauth\nauth [success=1 default=ignore] pam_unix.so\n\
             auth [default=die] pam_faillock.so authfail\n{tfa}"
        ),
        // Nothing of the user was verified.
        format!("auth required pam_google_authenticator.so nullok\n{tfa}"),
        "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n".to_owned(),
    ] {
        assert_eq!(found(&auth), None, "{auth}");
    }
}

/// A directory may want the password changed, and pam_tfa refuse behind it.
#[test]
fn lines_of_other_count_once() {
    let account = "account [success=ok new_authtok_reqd=done ignore=ignore default=die] pam_tfa.so\n\
                   account [default=bad success=ok user_unknown=ignore] pam_sss.so\n";
    let other = Memory::new(&[("other", account)])
        .read("other", Release::V1_5)
        .unwrap();
    assert_eq!(other.stack(Phase::Account).lines.len(), 2);
    assert_eq!(other.refusal_swallowed(Phase::Account), None);
}
