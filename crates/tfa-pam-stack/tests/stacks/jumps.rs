//! Logins that a jump leads into a refusal, and refusals that are meant.

use tfa_pam_stack::{Phase, Release};

use crate::memory::Memory;

/// What pam-auth-update(8) writes around the modules of its profiles.
const END: &str = "auth requisite pam_deny.so\nauth required pam_permit.so\n";
const TFA: &str = "auth requisite pam_tfa.so enroll=account\n";

/// The step that jumps, in the auth phase of sshd with these lines before and in `common-auth`.
fn jump(own: &str, common: &str) -> Option<String> {
    let own = format!("{own}@include common-auth\n");
    let files = Memory::new(&[("sshd", &own), ("common-auth", common)]);
    let releases = [Release::V1_5, Release::V1_7];
    let found = releases.map(|release| {
        let service = files.read("sshd", release).unwrap();
        let (witness, jump) = service.refused_by_jump(Phase::Auth)?;
        assert!(witness.result.is_some() && witness.steps.contains(&jump));
        Some(format!("{} {}", jump.position, jump.code))
    });
    assert_eq!(found[0], found[1]);
    found[0].clone()
}

fn shipped() -> String {
    format!("auth [success=1 default=ignore] pam_unix.so nullok\n{END}{TFA}")
}

#[test]
fn jump_that_a_module_left_behind_is_found() {
    let common = shipped();
    for (condition, code) in [
        (
            "success=1 default=ignore] pam_succeed_if.so user ingroup nootp",
            "success",
        ),
        (
            "success=ignore default=1] pam_succeed_if.so user notingroup nootp",
            "auth_err",
        ),
        (
            "success=1 default=ignore] pam_access.so accessfile=/etc/security/local.conf",
            "success",
        ),
        (
            "success=1 default=ignore] pam_listfile.so item=user sense=allow file=/etc/nootp",
            "success",
        ),
        ("success=1 default=ignore] pam_localuser.so", "success"),
        ("success=1 default=ignore] pam_site.so", "success"),
        // It fails the stack itself, beyond the last line.
        (
            "success=9 default=ignore] pam_succeed_if.so user ingroup nootp",
            "success",
        ),
    ] {
        let found = jump(&format!("auth [{condition}\n"), &common);
        assert_eq!(
            found,
            Some(format!("/etc/pam.d/sshd:1 {code}")),
            "{condition}"
        );
    }
}

#[test]
fn jump_onto_a_line_that_always_refuses_is_found() {
    let common = format!(
        "auth [success=2 default=ignore] pam_unix.so\nauth [default=die] pam_faillock.so authfail\n{END}{TFA}"
    );
    let own = "auth required pam_faillock.so preauth\n\
               auth [success=1 default=ignore] pam_succeed_if.so user ingroup nootp\n";
    assert_eq!(jump(own, &common).unwrap(), "/etc/pam.d/sshd:2 success");
}

/// Users of the directory pass, so that the stack does not refuse each login.
#[test]
fn jump_of_one_of_two_password_modules_is_found() {
    let common = format!(
        "auth [success=3 default=ignore] pam_unix.so\n\
         auth [success=1 default=ignore] pam_sss.so use_first_pass\n{END}"
    );
    let found = jump("", &common).unwrap();
    assert_eq!(found, "/etc/pam.d/common-auth:1 success");
}

#[test]
fn jump_in_front_of_the_jumps_of_a_session_is_found() {
    let text = "session [success=1 default=ignore] pam_succeed_if.so quiet use_uid user = backup\n\
                session [default=1] pam_permit.so\nsession requisite pam_deny.so\n\
                session required pam_permit.so\nsession required pam_unix.so\n";
    let service = crate::memory::service(text);
    let (witness, jump) = service.refused_by_jump(Phase::Session).unwrap();
    assert_eq!(jump.position.line, 1);
    assert_eq!(witness.steps[1].module, "pam_deny.so");
}

#[test]
fn refusals_that_are_meant_are_not_found() {
    for own in [
        "",
        "auth required pam_succeed_if.so user ingroup staff\n",
        "auth requisite pam_access.so\n",
        "auth [success=ignore default=die] pam_listfile.so item=user sense=deny file=/etc/banned\n",
        "auth [success=die default=ignore] pam_succeed_if.so user ingroup banned\n",
        // A jump over the refusal lets in, and the others reach it line by line.
        "auth [success=1 default=ignore] pam_succeed_if.so user ingroup staff\nauth requisite pam_deny.so\n",
        "auth [success=2 default=ignore] pam_succeed_if.so user ingroup staff\n\
         auth [success=1 default=ignore] pam_succeed_if.so user ingroup guests\nauth requisite pam_deny.so\n",
        "auth requisite pam_nologin.so\nauth required pam_faillock.so preauth\n",
        // The jump leads where it is meant to.
        "auth [success=1 default=ignore] pam_succeed_if.so user ingroup nootp\n\
         auth required pam_google_authenticator.so nullok\n",
        "auth [success=1 default=ignore] pam_access.so accessfile=/etc/security/local.conf\n\
         auth required pam_u2f.so cue\n",
        "auth [success=ok ignore=ignore user_unknown=ignore auth_err=die default=bad] pam_securetty.so\n",
    ] {
        assert_eq!(jump(own, &shipped()), None, "{own}");
    }
}

/// The stacks of other packages: of Debian's profiles for sssd, krb5, ldap, systemd-homed, U2F and fingerprints, of
/// the manual of pam_faillock, and of authselect.
#[test]
fn stacks_of_other_packages_are_not_found() {
    let primary = |lines: &str| format!("{lines}{END}{TFA}");
    let authselect = "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\n\
        auth required pam_faillock.so preauth silent\n\
        auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n\
        auth [default=1 ignore=ignore success=ok] pam_localuser.so\n\
        auth sufficient pam_unix.so nullok\n\
        auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n\
        auth sufficient pam_sss.so forward_pass\n\
        auth required pam_faillock.so authfail\nauth required pam_deny.so\n";
    let older = "auth required pam_env.so\n\
        auth [default=1 ignore=ignore success=ok] pam_succeed_if.so uid >= 1000 quiet\n\
        auth [default=1 ignore=ignore success=ok] pam_localuser.so\n\
        auth sufficient pam_unix.so nullok try_first_pass\n\
        auth requisite pam_succeed_if.so uid >= 1000 quiet_success\n\
        auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n";
    for common in [
        primary(
            "auth [success=2 default=ignore] pam_unix.so nullok\n\
             auth [success=1 default=ignore] pam_sss.so use_first_pass\n",
        ),
        primary(
            "auth [success=3 default=ignore] pam_krb5.so minimum_uid=1000\n\
             auth [success=2 default=ignore] pam_unix.so nullok try_first_pass\n\
             auth [success=1 default=ignore] pam_ldap.so use_first_pass\n",
        ),
        primary(
            "auth [success=2 default=ignore] pam_systemd_home.so\n\
             auth [success=1 default=ignore] pam_unix.so nullok\n",
        ),
        primary(
            "auth [success=2 default=ignore] pam_fprintd.so max-tries=1 timeout=10\n\
             auth [success=1 default=ignore] pam_unix.so nullok try_first_pass\n",
        ),
        primary(
            "auth [success=2 default=ignore] pam_u2f.so cue\n\
             auth [success=1 default=ignore] pam_unix.so nullok\n",
        ),
        "auth required pam_faillock.so preauth\nauth [success=1 default=bad] pam_unix.so\n\
         auth [default=die] pam_faillock.so authfail\nauth sufficient pam_faillock.so authsucc\n\
         auth required pam_deny.so\n"
            .to_owned(),
        primary(
            "auth required pam_faillock.so preauth\nauth [success=2 default=ignore] pam_unix.so\n\
             auth [default=die] pam_faillock.so authfail\n",
        ),
        // Of gdm3: the name is known from the card only.
        "auth [success=ok user_unknown=ignore default=bad] pam_succeed_if.so user != root quiet_success\n\
         auth [success=2 default=ignore] pam_sss.so allow_missing_name try_cert_auth\n\
         auth required pam_unix.so\nauth requisite pam_nologin.so\n\
         auth optional pam_gnome_keyring.so\n"
            .to_owned(),
        authselect.to_owned(),
        older.to_owned(),
    ] {
        assert_eq!(jump("", &common), None, "{common}");
    }
}
