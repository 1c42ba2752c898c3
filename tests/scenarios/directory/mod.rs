//! Users of a directory instead of the files: slapd on the machine itself, with nslcd for names and
//! groups and `pam_ldap` for passwords, as Debian configures them; and the same users with sssd.

mod failures;
mod hanging;
mod lists;
mod logins;
mod machines;
mod policy;

use tfa_tests::{Machine, Phone, Terminal};

use crate::locks::ssh_with_messages;
use crate::users::{CODE, Owner, PASSWORD, backup_codes_in, ssh_to_code_prompt, uri_in};

/// Required for all users.
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// The question before enrollment in the login.
const ASK_TO_BEGIN: &str = "or no to stop:";

fn shell_of(user: &str) -> String {
    let sign = if user == "root" { '#' } else { '$' };
    format!("{user}@host:~{sign}")
}

/// Required of members of these groups, optional for others.
fn required_of(groups: &str) -> String {
    format!(
        "[policy]\nmode = \"optional\"\n\n\
         [[policy.rule]]\ngroups = [{groups}]\nmode = \"required\"\ngrace = \"0\"\n"
    )
}

/// Off for members of these groups, required of others.
fn required_but_of(groups: &str) -> String {
    format!("{REQUIRED}\n[[policy.rule]]\ngroups = [{groups}]\nmode = \"off\"\n")
}

#[track_caller]
fn set_policy(machine: &Machine, config: &str) {
    machine.write_file("/etc/tfa/tfad.toml", config);
    machine.succeed(["systemctl", "reload", "tfad.service"]);
}

/// A login over SSH that has entered the password.
#[track_caller]
fn after_password_of(machine: &Machine, user: &str) -> Terminal {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login over SSH with the right password succeeds, and no code is asked for.
#[track_caller]
fn logs_in_without_code(machine: &Machine, user: &str) {
    let terminal = after_password_of(machine, user);
    terminal.expect(&shell_of(user));
    assert!(!terminal.transcript().contains(CODE));
}

/// A login over SSH with password and code succeeds.
#[track_caller]
fn logs_in_with_code(machine: &Machine, user: &str, code: &str) {
    let terminal = ssh_to_code_prompt(machine, user);
    terminal.type_secret(code);
    terminal.expect(&shell_of(user));
}

/// A login over SSH requires enrollment, completes it, and succeeds.
#[track_caller]
fn logs_in_with_enrollment(machine: &Machine, user: &str) -> Owner {
    let terminal = after_password_of(machine, user);
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

/// The login on this terminal, which has answered all questions, is refused. sshd asks from the
/// start, or hangs up if the account phase has refused.
#[track_caller]
fn is_refused(terminal: &Terminal, user: &str) {
    terminal.expect_any(&["Password:", "Connection closed by"]);
    let transcript = terminal.transcript();
    assert!(!transcript.contains(&shell_of(user)), "{transcript}");
}

/// A login over SSH with the right password is refused with this message, and without a question.
#[track_caller]
fn is_refused_with_message(machine: &Machine, user: &str, text: &str) {
    let terminal = after_password_of(machine, user);
    terminal.expect(text);
    is_refused(&terminal, user);
    let transcript = terminal.transcript();
    for question in [CODE, ASK_TO_BEGIN] {
        assert!(!transcript.contains(question), "{transcript}");
    }
}
