//! What the auth phase verified beside a wrong password lets no user in who goes on with a key. sshd keeps
//! one PAM transaction for its method `password` and the methods that follow.

use tfa_tests::{Machine, Terminal};

use crate::security_keys::{authorize, make_key};
use crate::users::{
    CODE, Owner, PASSWORD, begin_a_time_step, machine_with_alice_set_up, set_policy,
};

const SHELL: &str = "alice@host:~$";
const ADDRESS: &str = "192.0.2.7";
const KEY_ALONE: &str = "An SSH key alone is not enough.";
/// A stack that goes on after a wrong password.
const PASSWORD_FIRST: &str = "auth required pam_unix.so\nauth required pam_tfa.so enroll=account\n";
/// Another one, as far as is known: the module has a name of its own, and may verify the password.
const OTHER_MODULE: &str = "auth required pam_site.so\nauth required pam_tfa.so enroll=account\n";
/// A stack that asks for both in one answer.
const ONE_ANSWER: &str = "auth required pam_tfa.so forward_pass enroll=account\n\
                          auth required pam_unix.so try_first_pass\n";

/// Alice, who has enrolled, and her key, on a machine with this stack.
fn machine_with(stack: &str, remember: &str) -> (Machine, Owner, String) {
    let (machine, alice) = machine_with_alice_set_up();
    set_policy(
        &machine,
        &format!("[policy]\nmode = \"required\"\n{remember}"),
    );
    machine.write_file("/etc/pam.d/common-auth", stack);
    machine.configure_sshd("00-methods", "PasswordAuthentication yes");
    machine.add_address(ADDRESS);
    let key = make_key(&machine, "plain", "ed25519", &[]);
    let _ = authorize(&machine, "alice", &key, "");
    (machine, alice, key)
}

/// Begins a login of alice by these methods, in their order.
fn ssh(machine: &Machine, key: &str, methods: &str) -> Terminal {
    let methods = format!("PreferredAuthentications={methods}");
    let options = ["-b", ADDRESS, "-i", key, "-o", "IdentitiesOnly=yes", "-o"];
    let more = [
        &*methods,
        "-o",
        "NumberOfPasswordPrompts=1",
        "-o",
        "LogLevel=INFO",
    ];
    machine.ssh_with("alice", &[&options[..], &more].concat())
}

#[track_caller]
fn is_refused(terminal: &Terminal) {
    terminal.expect(KEY_ALONE);
    terminal.wait_exit();
    assert!(!terminal.transcript().contains(SHELL));
}

#[test]
fn no_address_is_remembered_after_a_module_that_may_verify_the_password() {
    let remember = "[remember]\nminutes = 60\nby = [\"address\"]\n";
    let (machine, alice, key) = machine_with(OTHER_MODULE, remember);
    let copy = "cd /usr/lib/*-linux-gnu*/security && cp pam_unix.so pam_site.so";
    machine.succeed(["sh", "-c", copy]);
    let owner = ssh(&machine, &key, "keyboard-interactive");
    give_code(&owner, PASSWORD, &alice);
    owner.expect(SHELL);

    // The address adds nothing to a key, with a wrong password or without one.
    is_refused(&ssh(&machine, &key, "publickey"));
    let thief = ssh(&machine, &key, "password,publickey");
    thief.expect("password:");
    thief.type_secret("battery staple");
    thief.expect("No correct code was entered");
    thief.wait_exit();
    assert!(!thief.transcript().contains(SHELL));

    // The owner gives a code in each login.
    begin_a_time_step(&machine, &alice.phone, 5);
    let owner = ssh(&machine, &key, "keyboard-interactive");
    give_code(&owner, PASSWORD, &alice);
    owner.expect(SHELL);
}

/// Gives this password and a right code.
#[track_caller]
fn give_code(terminal: &Terminal, password: &str, alice: &Owner) {
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
}

#[test]
fn a_right_code_after_a_wrong_password_has_no_device_remembered() {
    let remember = "[remember]\ndays = 30\nminutes = 60\nby = [\"address\"]\n";
    let (machine, alice, key) = machine_with(PASSWORD_FIRST, remember);
    let thief = ssh(&machine, &key, "keyboard-interactive");
    give_code(&thief, "battery staple", &alice);
    thief.expect("Permission denied");
    thief.wait_exit();
    assert!(!thief.transcript().contains("Remember this device"));

    // Nor after a right one: the daemon does not know whether it was.
    for minutes in [5, 10] {
        begin_a_time_step(&machine, &alice.phone, minutes);
        let owner = ssh(&machine, &key, "keyboard-interactive");
        give_code(&owner, PASSWORD, &alice);
        owner.expect(SHELL);
    }
    assert!(!machine.journal("tfad").contains("remembered"));
}

#[test]
fn a_right_code_after_a_wrong_password_serves_no_sudo() {
    let rule = "[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"optional\"\n";
    let remember = format!("{rule}[remember]\nsession_minutes = 10\n");
    let (machine, alice, key) = machine_with(PASSWORD_FIRST, &remember);
    machine.add_to_group("alice", "sudo");
    let thief = ssh(&machine, &key, "keyboard-interactive,publickey");
    give_code(&thief, "battery staple", &alice);
    thief.expect(SHELL);
    thief.type_line("sudo -k id -un");
    thief.expect("[sudo] password for alice:");
    thief.type_secret(PASSWORD);
    assert_eq!(thief.expect_any(&[CODE, "\nroot"]), 0, "{}", thief.screen());
}

#[test]
fn a_right_code_and_a_wrong_password_do_not_add_to_a_key() {
    let (machine, alice, key) = machine_with(ONE_ANSWER, "");
    let thief = ssh(&machine, &key, "password,publickey");
    thief.expect("password:");
    thief.type_secret(&format!("battery staple{}", alice.phone.next_unused()));
    is_refused(&thief);
    let owner = ssh(&machine, &key, "password");
    owner.expect("password:");
    owner.type_secret(&format!("{PASSWORD}{}", alice.phone.next_unused()));
    owner.expect(SHELL);
}

#[test]
fn a_key_that_is_exempt_is_let_in_after_a_wrong_password() {
    let rule = "[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n";
    let remember = "[remember]\nminutes = 60\nby = [\"address\"]\n";
    let (machine, alice, key) = machine_with(ONE_ANSWER, &format!("{rule}{remember}"));
    let terminal = ssh(&machine, &key, "password,publickey");
    terminal.expect("password:");
    terminal.type_secret(&format!("battery staple{}", alice.phone.next_unused()));
    terminal.expect(SHELL);
}
