//! The doctor and a stack in which the old module asks for the password too: nothing asks once its line is gone.

use tfa_tests::{Machine, Phone, Suite, Terminal};

use crate::doctor::{findings, mend};
use crate::import::{commands_of_the_page, file_of, import, machine_with_google_authenticator_on};
use crate::users::{CODE, PASSWORD};

const FILE: &str = "/etc/pam.d/sshd";
const OLD: &str = "auth required pam_google_authenticator.so forward_pass";
const BOTH: &str = "Password & verification code: ";
const SHELL: &str = "alice@host:~$";
const BREAKS: &str = "moving-breaks";
const NOT_ASKED: &str = "pam-password-not-asked";

/// The findings of this id.
#[track_caller]
fn found(machine: &Machine, id: &str) -> Vec<serde_json::Value> {
    let output = machine.run(["tfactl", "doctor", "--json", "--only", id]);
    findings(&output.stdout)
}

/// A login with the password and the code in one answer, up to the next question.
#[track_caller]
fn answer_both(machine: &Machine, code: &str) -> Terminal {
    let terminal = machine.ssh("alice");
    terminal.expect(BOTH);
    terminal.type_secret(&format!("{PASSWORD}{code}"));
    terminal
}

#[track_caller]
fn logs_in_side_by_side(machine: &Machine, phone: &Phone) {
    let code = phone.next_unused();
    let terminal = answer_both(machine, &code);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(SHELL);
}

#[test]
fn stack_is_mended_before_the_module_goes_that_asks_for_the_password() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let machine = machine_with_google_authenticator_on(suite);
        let phone = Phone::from_secret(&file_of(&machine, "alice")[0]);
        let own = format!(
            "{OLD}\nauth requisite pam_unix.so use_first_pass\n\
             auth requisite pam_tfa.so enroll=account\n"
        );
        let text = machine.read_file(FILE);
        let kept = text.lines().filter(|line| !line.starts_with("auth "));
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        let text = text.replace("@include common-auth\n", &own);
        machine.write_file(FILE, text.clone());
        let first = answer_both(&machine, &phone.next_unused());
        first.expect(SHELL);
        assert!(import(&machine, &["--homes", "--apply"]).success());
        logs_in_side_by_side(&machine, &phone);

        let breaks = found(&machine, BREAKS);
        assert_eq!(breaks.len(), 1, "{breaks:?}");
        assert_eq!(breaks[0]["severity"], "risk");
        let what = breaks[0]["what"].as_str().unwrap();
        assert!(
            what.starts_with("Without the lines of pam_google_authenticator, logins are refused: "),
            "{what}"
        );
        assert_eq!(found(&machine, NOT_ASKED).len(), 0);

        // What it warns of, and what it says then.
        machine.write_file(FILE, text.replace(&format!("{OLD}\n"), ""));
        let refused = machine.ssh("alice");
        refused.expect("Permission denied");
        assert!(!refused.transcript().contains("assword:"));
        let lost = found(&machine, NOT_ASKED);
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!(lost[0]["severity"], "lock-out");
        machine.write_file(FILE, text);

        // As the page says: mend, remove the line, log in. Nothing changes before the line is gone.
        mend(&machine, &breaks[0]);
        assert_eq!(found(&machine, BREAKS).len(), 0);
        logs_in_side_by_side(&machine, &phone);
        let commands = commands_of_the_page(&["[ -e /root/pam.d.before ]", "grep -lZ"]);
        machine.succeed(["sh", "-ec", &commands]);
        assert!(!machine.read_file(FILE).contains("google"));
        for id in [BREAKS, NOT_ASKED] {
            assert_eq!(found(&machine, id).len(), 0, "{id}");
        }
        let after = machine.ssh("alice");
        after.expect("Password:");
        after.type_secret(PASSWORD);
        after.expect(CODE);
        after.type_secret(&phone.next_unused());
        after.expect(SHELL);
    }
}

#[test]
fn stack_that_only_a_code_passes_is_found_and_mended() {
    let (machine, _alice) = crate::doctor::host_of_the_readme(Suite::Bookworm);
    machine.add_user("bob", PASSWORD);
    let own = "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n\
               auth requisite pam_tfa.so enroll=account\n";
    let text = machine.read_file(FILE);
    machine.write_file(FILE, text.replace("@include common-auth\n", own));
    let login = || {
        let terminal = machine.ssh("bob");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal
    };
    // bob has not enrolled, and need not. He is asked again.
    login().expect("Password:");
    let refused = found(&machine, "pam-exempt-refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    mend(&machine, &refused[0]);
    assert_eq!(found(&machine, "pam-exempt-refused").len(), 0);
    login().expect("bob@host:~$");
}

#[test]
fn code_that_is_taken_from_the_password_is_found_and_mended() {
    let (machine, alice) = crate::doctor::host_of_the_readme(Suite::Bookworm);
    let own = "auth optional pam_issue.so\nauth requisite pam_unix.so\n\
               auth requisite pam_tfa.so use_first_pass enroll=account\n";
    let text = machine.read_file(FILE);
    machine.write_file(FILE, text.replace("@include common-auth\n", own));
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Password:");
    let taken = found(&machine, NOT_ASKED);
    assert_eq!(taken.len(), 1, "{taken:?}");
    mend(&machine, &taken[0]);
    assert_eq!(found(&machine, NOT_ASKED).len(), 0);
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
}
