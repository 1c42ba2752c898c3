//! Rules that name the second factors which they accept, over the real sshd, sudo and console.

use tfa_tests::Machine;

use crate::security_keys::{add, ask_for_keys, authorize, make_key, new_key, ssh};
use crate::users::{
    CODE, Owner, PASSWORD, console_on_tty1, enter_password, machine_with_alice_set_up, set_policy,
};

const SHELL: &str = "alice@host:~$";
const REFUSED: &str = "The policy accepts no second factor that this login can use.";
const ONLY_KEYS: &str = "This login accepts only: a security key.";

/// The policy: over SSH these factors, elsewhere any.
fn accept_over_ssh(machine: &Machine, factors: &str) {
    set_policy(
        machine,
        &format!(
            "[policy]\nmode = \"required\"\n[[policy.rule]]\nservices = [\"sshd\"]\nmode = \"required\"\n\
             factors = [{factors}]"
        ),
    );
}

/// Alice with a phone and a security key, which ssh shows before the password.
fn alice_with_key() -> (Machine, Owner, String) {
    let (machine, alice) = machine_with_alice_set_up();
    ask_for_keys(&machine);
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.phone.next_unused());
    (machine, alice, key)
}

/// A plain key that may log in as alice.
fn plain_key(machine: &Machine) -> String {
    new_key(machine, "plain", "ed25519").0
}

/// The policy: a security key over SSH, after a grace period, and elsewhere nothing of users who have
/// not enrolled.
fn accept_over_ssh_alone(machine: &Machine) {
    set_policy(
        machine,
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\nservices = [\"sshd\"]\nmode = \"required\"\n\
         grace = \"7d\"\nfactors = [\"security-key\"]",
    );
}

#[test]
fn where_a_rule_accepts_security_keys_a_code_is_not_asked_for() {
    let (machine, alice, key) = alice_with_key();
    let plain = plain_key(&machine);
    accept_over_ssh(&machine, "\"security-key\"");
    ssh(&machine, &key).expect(SHELL);
    // With banners: sshd gives the reason of a refusal in one.
    let terminal = machine.ssh_with(
        "alice",
        &[
            "-i",
            &plain,
            "-o",
            "LogLevel=INFO",
            "-o",
            "NumberOfPasswordPrompts=1",
        ],
    );
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(ONLY_KEYS);
    terminal.wait_exit();
    let said = terminal.transcript();
    assert!(!said.contains(CODE) && !said.contains(SHELL), "{said}");
    machine.expect_in_journal(
        "tfad",
        "alice: denied: this login can use no second factor that the rule accepts",
    );
    let shown = machine.succeed(["tfactl", "show", "alice"]);
    let reason = "a second factor that the rule of that login does not accept";
    assert!(shown.contains(reason), "{shown}");
    // Elsewhere the rule does not apply.
    let terminal = console_on_tty1(&machine);
    enter_password(terminal, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
}

#[test]
fn a_backup_code_is_accepted_only_where_the_rule_names_it() {
    let (machine, alice, _) = alice_with_key();
    let plain = plain_key(&machine);
    let code = &alice.backup_codes[0];
    accept_over_ssh(&machine, "\"totp\", \"security-key\"");
    let terminal = ssh(&machine, &plain);
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect("Backup codes are not accepted for this login.");
    // It is not used up.
    accept_over_ssh(&machine, "\"backup-code\", \"security-key\"");
    let terminal = ssh(&machine, &plain);
    terminal.expect("Backup code:");
    terminal.type_secret(code);
    terminal.expect(SHELL);
}

#[test]
fn a_remembered_device_replaces_no_factor_that_a_rule_names() {
    let (machine, alice, _) = alice_with_key();
    let plain = plain_key(&machine);
    let policy = |factors: &str| {
        format!(
            "[policy]\nmode = \"required\"\n[[policy.rule]]\nservices = [\"sshd\"]\nmode = \"required\"\n\
             {factors}"
        )
    };
    set_policy(&machine, &policy("[remember]\nminutes = 60"));
    let log_in = |code: Option<String>| {
        let terminal = ssh(&machine, &plain);
        if let Some(code) = code {
            terminal.expect(CODE);
            terminal.type_secret(&code);
        }
        terminal.expect(SHELL);
    };
    log_in(Some(alice.phone.next_unused()));
    log_in(None);
    set_policy(
        &machine,
        &policy("factors = [\"totp\"]\n[remember]\nminutes = 60\ndays = 30"),
    );
    // Nor is it asked whether to remember the device.
    log_in(Some(alice.phone.next_unused()));
}

#[test]
fn the_last_authenticator_that_a_rule_accepts_stays() {
    let (machine, _, _) = alice_with_key();
    accept_over_ssh(&machine, "\"security-key\"");
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "remove", "blue"]);
    terminal.expect("type yes");
    terminal.type_line("yes");
    terminal.expect("The policy of this host accepts none of your other authenticators.");
    assert!(!terminal.wait_exit().success());
    let list = machine.succeed(["tfactl", "authenticator", "list", "alice"]);
    assert!(list.contains("blue"), "{list}");
}

#[test]
fn a_rule_on_keys_holds_in_both_orders_of_the_methods() {
    let (machine, alice, key) = alice_with_key();
    let plain = plain_key(&machine);
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\n[[policy.rule]]\nmethods = [\"publickey\"]\n\
         mode = \"required\"\nfactors = [\"security-key\"]\n",
    );
    machine.configure_sshd(
        "00-methods",
        "AuthenticationMethods keyboard-interactive,publickey publickey,keyboard-interactive \
         keyboard-interactive",
    );
    let login = |key: &str, methods: &str| {
        let methods = format!("PreferredAuthentications={methods}");
        let options = ["-i", key, "-o", "IdentitiesOnly=yes", "-o", &methods];
        let terminal =
            machine.ssh_with("alice", &[&options[..], &["-o", "LogLevel=INFO"]].concat());
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal
    };
    // The key comes before the password: it is known in the auth phase.
    login(&key, "publickey,keyboard-interactive").expect(SHELL);
    login(&plain, "publickey,keyboard-interactive").expect(ONLY_KEYS);

    // Without a key, any factor is accepted.
    let terminal = login(&plain, "keyboard-interactive");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);

    // The key comes after the code.
    machine.configure_sshd(
        "00-methods",
        "AuthenticationMethods keyboard-interactive,publickey",
    );
    let key_last = |key: &str| {
        let terminal = login(key, "keyboard-interactive,publickey");
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.next_unused());
        terminal
    };
    let terminal = key_last(&plain);
    terminal.expect(REFUSED);
    terminal.wait_exit();
    assert!(!terminal.transcript().contains(SHELL));
    machine.expect_in_journal(
        "tfad",
        "alice: denied: this login can use no second factor that the rule accepts",
    );
    key_last(&key).expect(SHELL);
}

#[test]
fn a_user_in_the_grace_period_is_led_to_what_the_rule_accepts() {
    let (machine, _, _) = alice_with_key();
    accept_over_ssh_alone(&machine);
    machine.add_user("bob", PASSWORD);
    let plain = make_key(&machine, "bobs", "ed25519", &[]);
    authorize(&machine, "bob", &plain, "");
    let terminal = machine.ssh_with("bob", &["-i", &plain, "-o", "LogLevel=INFO"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("tfa-enroll setup --security-key FILE");
    terminal.expect("bob@host:~$");
    // A phone would be refused after the grace period.
    terminal.type_line("tfa-enroll setup");
    terminal.expect("does not accept such an authenticator");
}
