//! Stacks in which a line takes the password of an earlier module, and none has asked for it.

use crate::memory::service;

/// The lines that refuse each login of their users, with the modules on which that depends.
fn found(text: &str) -> Vec<(usize, Vec<String>)> {
    let found = service(text).password_not_asked().into_iter();
    let found = found.map(|refusal| {
        let modules = refusal.depends_on.into_iter().collect();
        (refusal.line.position.line, modules)
    });
    found.collect()
}

/// Those that refuse whatever holds.
fn refusing(text: &str) -> Vec<usize> {
    let certain = found(text)
        .into_iter()
        .filter(|(_, modules)| modules.is_empty());
    certain.map(|(line, _)| line).collect()
}

/// What pam-auth-update(8) writes behind the modules that verify passwords.
const END: &str = "auth requisite pam_deny.so\nauth required pam_permit.so\n";
const TFA: &str = "auth requisite pam_tfa.so enroll=account\n";

/// The lines, with what follows them.
fn stack(text: &str) -> String {
    let is_block = text.lines().any(|line| {
        line.contains("[success=1 default=ignore] pam_") && !line.contains("succeed_if")
    });
    format!("{text}{}{TFA}", if is_block { END } else { "" })
}

#[test]
fn line_without_a_module_that_asks_before_it_refuses() {
    for (text, expected) in [
        ("auth required pam_unix.so use_first_pass\n", &[1][..]),
        // As pam-auth-update writes them, after another module was taken out.
        (
            "auth [success=2 default=ignore] pam_unix.so nullok use_first_pass\n\
             auth [success=1 default=ignore] pam_sss.so use_first_pass\n",
            &[1, 2],
        ),
        // Only the users of the directory are asked.
        (
            "auth [success=2 default=ignore] pam_unix.so use_first_pass\n\
             auth [success=1 default=ignore] pam_ldap.so\n",
            &[1],
        ),
        // These ask, and keep the password for themselves.
        (
            "auth [success=2 default=ignore] pam_sss.so\n\
             auth [success=1 default=ignore] pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth required pam_google_authenticator.so\nauth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth required pam_oath.so window=5\nauth required pam_winbind.so use_first_pass\n",
            &[2],
        ),
        (
            "auth required pam_krb5.so no_prompt\nauth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth required pam_krb5.so force_first_pass\nauth required pam_permit.so\n",
            &[1],
        ),
        // A user without a file, one who has not enrolled, and one of a group.
        (
            "auth required pam_google_authenticator.so forward_pass nullok\n\
             auth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth requisite pam_tfa.so forward_pass\nauth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth [success=1 default=ignore] pam_succeed_if.so user ingroup nootp\n\
             auth required pam_google_authenticator.so forward_pass\n\
             auth required pam_unix.so use_first_pass\n",
            &[3],
        ),
        // The first module returns for some users before it asks.
        (
            "auth [success=2 default=ignore] pam_ldap.so minimum_uid=1000\n\
             auth [success=1 default=ignore] pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth [success=2 default=ignore] pam_krb5.so minimum_uid=1000\n\
             auth [success=1 default=ignore] pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth [success=2 default=ignore] pam_sss.so forward_pass\n\
             auth [success=1 default=ignore] pam_unix.so use_first_pass\n",
            &[2],
        ),
        // These ask nothing.
        (
            "auth required pam_issue.so\nauth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        (
            "auth required pam_warn.so\nauth required pam_unix.so use_first_pass\n",
            &[2],
        ),
        // A code is taken as well, and a password that was verified is none.
        (
            "auth requisite pam_unix.so\nauth required pam_tfa.so use_first_pass\n",
            &[2],
        ),
        (
            "auth requisite pam_unix.so\nauth required pam_tfa.so forward_pass use_first_pass\n",
            &[2],
        ),
        ("auth required pam_tfa.so use_first_pass\n", &[1]),
        (
            "auth required pam_oath.so use_first_pass\nauth required pam_unix.so\n",
            &[1],
        ),
        (
            "auth required pam_google_authenticator.so try_first_pass use_first_pass\n",
            &[1],
        ),
    ] {
        assert_eq!(refusing(&stack(text)), expected, "{text}");
    }
}

#[test]
fn line_behind_a_module_that_asks_does_not() {
    for text in [
        "auth required pam_unix.so\n",
        "auth required pam_unix.so try_first_pass\n",
        // Debian's own.
        "auth [success=2 default=ignore] pam_unix.so nullok\n\
         auth [success=1 default=ignore] pam_sss.so use_first_pass\n",
        "auth [success=3 default=ignore] pam_krb5.so minimum_uid=1000\n\
         auth [success=2 default=ignore] pam_unix.so nullok try_first_pass\n\
         auth [success=1 default=ignore] pam_winbind.so use_first_pass\n",
        // It asks where there is none.
        "auth sufficient pam_krb5.so use_first_pass\n",
        "auth required pam_google_authenticator.so forward_pass\n\
         auth required pam_unix.so use_first_pass\n",
        "auth required pam_oath.so digits=6\nauth required pam_unix.so use_first_pass\n",
        "auth [success=2 default=ignore] pam_sss.so forward_pass\n\
         auth [success=1 default=ignore] pam_unix.so try_first_pass\n",
        "auth required pam_google_authenticator.so use_first_pass try_first_pass\n",
        "auth requisite pam_unix.so\nauth required pam_tfa.so try_first_pass\n",
        "auth required pam_site.so\nauth required pam_tfa.so use_first_pass\n",
        // A module that is not known may ask.
        "auth required pam_site.so\nauth required pam_unix.so use_first_pass\n",
        "auth optional pam_exec.so expose_authtok /bin/true\nauth required pam_unix.so use_first_pass\n",
        // No login depends on it.
        "auth required pam_u2f.so\nauth optional pam_sss.so use_first_pass\n",
        "auth sufficient pam_unix.so use_first_pass\nauth required pam_unix.so\n",
        // Each login is refused before or behind it.
        "auth requisite pam_deny.so\nauth required pam_unix.so use_first_pass\n",
        "auth sufficient pam_fprintd.so\nauth required pam_deny.so\nauth required pam_unix.so use_first_pass\n",
        // No login comes to it.
        "auth sufficient pam_permit.so\nauth required pam_unix.so use_first_pass\n",
        "auth [default=1] pam_permit.so\nauth required pam_unix.so use_first_pass\n",
    ] {
        assert_eq!(refusing(&stack(text)), [0; 0], "{text}");
    }
}

#[test]
fn line_behind_a_module_that_may_ask_depends_on_it() {
    let tfa = "auth requisite pam_tfa.so enroll=account\n";
    let unix = format!("auth required pam_unix.so use_first_pass\n{tfa}");
    for (text, line, modules) in [
        (
            format!("auth required pam_site.so\n{unix}"),
            2,
            &["pam_site.so"][..],
        ),
        (
            format!("auth optional pam_krb5.so try_pkinit\n{unix}"),
            2,
            &["pam_krb5.so"],
        ),
        (
            format!("auth optional pam_site.so\nauth optional pam_other.so\n{unix}"),
            3,
            &["pam_other.so", "pam_site.so"],
        ),
        (
            "auth required pam_site.so\nauth required pam_tfa.so use_first_pass\n".to_owned(),
            2,
            &["pam_site.so"],
        ),
    ] {
        let modules = modules.iter().map(|module| (*module).to_owned()).collect();
        assert_eq!(found(&text), [(line, modules)], "{text}");
    }
}

#[test]
fn modules_ask_as_their_manuals_say() {
    let unix = "auth required pam_unix.so use_first_pass\nauth requisite pam_tfa.so\n";
    for (line, asks) in [
        ("auth optional pam_sss_gss.so", false),
        ("auth optional pam_krb5.so use_pkinit", false),
        ("auth optional pam_pwquality.so", false),
        ("auth optional pam_filter.so run1 /bin/cat", false),
        ("auth optional pam_krb5.so ignore_root", false),
        ("auth optional pam_krb5.so ignore_k5login", true),
        ("auth optional pam_ldap.so ignore_unknown_user", true),
        ("auth optional pam_ldap.so ignore_authinfo_unavail", true),
        ("auth optional pam_userdb.so db=/etc/users", true),
        ("auth sufficient pam_ftp.so", true),
    ] {
        let expected = if asks { vec![] } else { vec![(2, vec![])] };
        assert_eq!(found(&format!("{line}\n{unix}")), expected, "{line}");
    }
}
