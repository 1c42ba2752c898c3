//! People who are in no file of the machine but in a directory: slapd on the machine itself, with
//! nslcd for names and groups and `pam_ldap` for passwords, as Debian wires them; and the same
//! people through sssd.

mod failures;
mod hanging;
mod logins;
mod machines;
mod policy;

use tfa_tests::{Machine, Phone, Terminal};

use crate::locks::at_the_door;
use crate::people::{CODE, Owner, PASSWORD, backup_codes_in, ssh_as_far_as_the_code, uri_in};

/// Everybody must.
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// The question before the set-up in the login.
const ASK_TO_BEGIN: &str = "or no to stop:";

fn shell_of(user: &str) -> String {
    let sign = if user == "root" { '#' } else { '$' };
    format!("{user}@host:~{sign}")
}

/// Whoever is in one of these groups must, everybody else may.
fn required_of(groups: &str) -> String {
    format!(
        "[policy]\nmode = \"optional\"\n\n\
         [[policy.rule]]\ngroups = [{groups}]\nmode = \"required\"\ngrace = \"0\"\n"
    )
}

/// Whoever is in one of these groups is let off, everybody else must.
fn required_but_of(groups: &str) -> String {
    format!("{REQUIRED}\n[[policy.rule]]\ngroups = [{groups}]\nmode = \"off\"\n")
}

/// From now on this is the policy.
#[track_caller]
fn decree(machine: &Machine, config: &str) {
    machine.write_file("/etc/tfa/tfad.toml", config);
    machine.succeed(["systemctl", "reload", "tfad.service"]);
}

/// Past the password at sshd's door.
#[track_caller]
fn past_the_password_of(machine: &Machine, user: &str) -> Terminal {
    let terminal = at_the_door(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login over SSH with the right password gets in and is asked for no code.
#[track_caller]
fn gets_in_without(machine: &Machine, user: &str) {
    let terminal = past_the_password_of(machine, user);
    terminal.expect(&shell_of(user));
    assert!(!terminal.transcript().contains(CODE));
}

/// A login over SSH with password and code gets in.
#[track_caller]
fn gets_in_with(machine: &Machine, user: &str, code: &str) {
    let terminal = ssh_as_far_as_the_code(machine, user);
    terminal.type_secret(code);
    terminal.expect(&shell_of(user));
}

/// A login over SSH has to set up, does so, and gets in.
#[track_caller]
fn gets_in_by_setting_up(machine: &Machine, user: &str) -> Owner {
    let terminal = past_the_password_of(machine, user);
    terminal.expect(ASK_TO_BEGIN);
    terminal.type_line("");
    terminal.expect("Scan it with the app, then press Enter:");
    terminal.type_line("");
    terminal.expect("Code from your phone:");
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let backup_codes = backup_codes_in(&terminal.screen());
    assert_eq!(backup_codes.len(), 10, "{}", terminal.screen());
    terminal.type_line("");
    terminal.expect(&shell_of(user));
    Owner {
        phone,
        backup_codes,
    }
}

/// The login on this terminal, which has given all that was asked, comes to nothing: sshd asks
/// from the start, or hangs up where the account phase has refused.
#[track_caller]
fn is_refused(terminal: &Terminal, user: &str) {
    terminal.expect_any(&["Password:", "Connection closed by"]);
    let transcript = terminal.transcript();
    assert!(!transcript.contains(&shell_of(user)), "{transcript}");
}

/// A login over SSH with the right password is told this, and neither asked nor let in.
#[track_caller]
fn is_told_and_refused(machine: &Machine, user: &str, text: &str) {
    let terminal = past_the_password_of(machine, user);
    terminal.expect(text);
    is_refused(&terminal, user);
    let transcript = terminal.transcript();
    for question in [CODE, ASK_TO_BEGIN] {
        assert!(!transcript.contains(question), "{transcript}");
    }
}
