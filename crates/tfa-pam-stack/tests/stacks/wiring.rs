//! The files of Debian 12 and 13, with the lines that the package adds.

use std::fs;
use std::path::Path;

use tfa_pam_stack::{Call, Code, Phase, Release, Service, run};

use crate::memory::Memory;

const LOGIN: &str = include_str!("debian/login-12");
const SU: &str = include_str!("debian/su-12");

/// The sshd of a release.
fn sshd(release: Release) -> &'static str {
    match release {
        Release::V1_5 => include_str!("debian/sshd-12"),
        Release::V1_7 => include_str!("debian/sshd-13"),
    }
}

/// The lines of a section of the package's profile, as pam-auth-update(8) writes them.
fn profile(section: &str, kind: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/pam/tfa");
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .skip_while(|line| *line != format!("{section}:"));
    let lines = lines.skip(1).take_while(|line| line.starts_with('\t'));
    let lines: String = lines.map(|line| format!("{kind}{line}\n")).collect();
    assert!(lines.contains("pam_tfa.so"), "{section}");
    lines
}

/// The files of a host with these lines of `pam_tfa`.
fn host(release: Release, auth: &str, account: &str, session: &str) -> Memory {
    let auth = format!(
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n\
         auth required pam_permit.so\n{auth}auth optional pam_cap.so\n"
    );
    let account = format!(
        "{account}account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
         account requisite pam_deny.so\naccount required pam_permit.so\n"
    );
    let session = format!(
        "session [default=1] pam_permit.so\nsession requisite pam_deny.so\n\
         session required pam_permit.so\n{session}session required pam_unix.so\n\
         session optional pam_systemd.so\n"
    );
    Memory::new(&[
        ("common-auth", &auth),
        ("common-account", &account),
        ("common-session", &session),
        ("common-password", ""),
        ("sshd", sshd(release)),
        ("login", LOGIN),
        ("su", SU),
        ("cron", "@include common-auth\n@include common-account\n"),
    ])
}

fn shipped(release: Release) -> Memory {
    let [auth, account, session] = [
        ("Auth", "auth"),
        ("Account", "account"),
        ("Session", "session"),
    ]
    .map(|(section, kind)| profile(section, kind));
    host(release, &auth, &account, &session)
}

fn shipped_services() -> Vec<(&'static str, Service)> {
    let releases = [Release::V1_5, Release::V1_7].into_iter();
    let services = releases.flat_map(|release| {
        let host = shipped(release);
        ["sshd", "login", "su"].map(|name| (name, host.read(name, release).unwrap()))
    });
    services.collect()
}

#[test]
fn shipped_wiring_has_no_bypass() {
    for (name, service) in shipped_services() {
        assert_eq!(service.problems, [], "{name}");
        for phase in [Phase::Account, Phase::Session] {
            assert_eq!(service.bypass(phase), None, "{name}");
            assert_eq!(service.refusal_swallowed(phase), None, "{name}");
        }
        assert_eq!(service.refusal_swallowed(Phase::Auth), None, "{name}");
        assert_eq!(service.session_undecided(), None, "{name}");
        if name == "su" {
            continue;
        }
        assert_eq!(service.bypass(Phase::Auth), None, "{name}");
        assert_eq!(service.before_password(), None, "{name}");
        assert_eq!(service.goes_on_after_wrong_password(), None, "{name}");
        assert_eq!(service.without_password(), None, "{name}");
    }
}

#[test]
fn shipped_wiring_lets_a_right_password_and_code_in() {
    for (name, service) in shipped_services() {
        for phase in [Phase::Auth, Phase::Account, Phase::Session] {
            let codes = |line: &tfa_pam_stack::Line| match line.calls("pam_succeed_if.so") {
                true => Code::AUTH_ERR,
                false => Code::SUCCESS,
            };
            let run = run(service.stack(phase), codes);
            assert_eq!(run.result, Code::SUCCESS, "{name}, {phase:?}");
            let lines = &service.stack(phase).lines;
            let calls_tfa = |(index, _): &(usize, Code)| lines[*index].is_tfa();
            let is_su_auth = name == "su" && phase == Phase::Auth;
            assert_eq!(
                run.lines.iter().any(calls_tfa),
                !is_su_auth,
                "{name}, {phase:?}"
            );
        }
    }
}

#[test]
fn root_changes_the_user_without_a_code() {
    let service = shipped(Release::V1_5).read("su", Release::V1_5).unwrap();
    let bypass = service.bypass(Phase::Auth).unwrap();
    assert_eq!(
        bypass.to_string(),
        "/etc/pam.d/su:1 pam_rootok.so success\n"
    );
    assert_eq!(bypass.result, Some(Code::SUCCESS));
}

#[test]
fn services_without_a_person_skip_the_account_line() {
    let service = shipped(Release::V1_5).read("cron", Release::V1_5).unwrap();
    let bypass = service.bypass(Phase::Account).unwrap().to_string();
    let first = bypass.lines().next();
    assert_eq!(
        first,
        Some("/etc/pam.d/common-account:1 pam_succeed_if.so success")
    );
    assert_eq!(service.bypass(Phase::Auth), None);
}

#[test]
fn removed_module_locks_the_host_rather_than_opening_it() {
    let [auth, account, session] = [
        ("Auth", "auth"),
        ("Account", "account"),
        ("Session", "session"),
    ]
    .map(|(section, kind)| profile(section, kind).replace("pam_tfa.so", "pam_absent.so"));
    let host = host(Release::V1_5, &auth, &account, &session);
    let service = host.read("sshd", Release::V1_5).unwrap();
    for phase in [Phase::Auth, Phase::Account, Phase::Session] {
        let lines = &service.stack(phase).lines;
        assert!(lines.iter().any(|line| line.call == Call::MissingModule));
        assert_eq!(service.bypass(phase), None);
    }
}
