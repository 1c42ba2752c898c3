//! The table of modules, with the modules of this host.

use std::fs;
use std::process::Command;

use tfa_pam_stack::{Code, Codes, Phase, possible_codes};

use crate::memory::service;

const FUNCTIONS: [(Phase, &str); 4] = [
    (Phase::Auth, "pam_sm_authenticate"),
    (Phase::Account, "pam_sm_acct_mgmt"),
    (Phase::Session, "pam_sm_open_session"),
    (Phase::Password, "pam_sm_chauthtok"),
];

#[test]
fn module_counts_as_without_a_phase_only_if_it_has_no_function() {
    let mut checked = 0;
    for folder in [
        "/usr/lib/x86_64-linux-gnu/security",
        "/usr/lib/aarch64-linux-gnu/security",
    ] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let module = path.file_name().unwrap().to_str().unwrap();
            let symbols = Command::new("nm")
                .args(["-D", "--defined-only"])
                .arg(&path)
                .output();
            let symbols = String::from_utf8(symbols.unwrap().stdout).unwrap();
            let service = service(&format!("auth required {module}\n"));
            let line = &service.stack(Phase::Auth).lines[0];
            for (phase, function) in FUNCTIONS {
                let codes = possible_codes(line, phase, "service");
                let is_without = codes == Codes::of(&[Code::MODULE_UNKNOWN]);
                let has_function = symbols.split_whitespace().any(|symbol| symbol == function);
                assert!(!(is_without && has_function), "{module}: {function}");
                checked += usize::from(is_without);
            }
        }
    }
    assert!(checked > 20, "only {checked} were checked");
}

#[test]
fn condition_on_the_service_has_one_answer() {
    for (condition, expected) in [
        ("service in crond:cron:atd", true),
        ("quiet service in cron", true),
        ("service notin sshd:login", true),
        ("service = cron", true),
        ("service != cron", false),
        ("service in crond:atd", false),
        ("service notin sshd:cron", false),
        ("uid >= 1000", true),
        ("service in crond:atd uid >= 1000", true),
    ] {
        let service = service(&format!("account required pam_succeed_if.so {condition}\n"));
        let line = &service.stack(Phase::Account).lines[0];
        let codes = possible_codes(line, Phase::Account, "cron");
        assert_eq!(codes.contains(Code::SUCCESS), expected, "{condition}");
        assert!(codes.contains(Code::AUTH_ERR), "{condition}");
    }
}
