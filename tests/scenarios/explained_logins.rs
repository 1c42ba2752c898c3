//! `tfactl explain` and the login that it explains, where something replaces the code: a remembered device,
//! a security key, a code of the session, the recovery code.

use tfa_tests::Machine;

use crate::devices::{
    DAY, MONTH, another_key, fingerprint, guess, is_asked, is_not_asked, machine_under, remember,
    ssh_with_key, with_password,
};
use crate::known_places::explained;
use crate::security_keys::{
    add, ask_for_keys, install, is_asked_for_a_code, logs_in_without_a_code, machine_with_keys,
    new_key,
};
use crate::users::{PASSWORD, machine_with_alice, machine_with_alice_set_up, set_policy};

/// The address of the logins by key.
const FROM: [&str; 2] = ["--from", "192.0.2.7"];

/// Outcome and reason that are explained, with these options.
fn outcome(machine: &Machine, options: &[&str]) -> (String, String) {
    let options = [&FROM, options].concat();
    let of = |key| explained(machine, key, &options);
    (of("outcome"), of("reason"))
}

/// The same for a login with this key and the password.
fn outcome_with(machine: &Machine, key: &str) -> (String, String) {
    outcome(machine, &["--key", &format!("{key}.pub")])
}

fn is(outcome: &str, reason: &str) -> (String, String) {
    (outcome.to_owned(), reason.to_owned())
}

#[test]
fn the_explanation_of_a_remembered_device_is_that_of_the_login() {
    let (machine, alice, key) = machine_under(MONTH);
    let other = another_key(&machine);
    let (code, device) = (is("code", "null"), is("nothing", "remembered-device"));
    assert_eq!(outcome_with(&machine, &key), code);
    remember(&machine, &alice, &key);

    assert_eq!(outcome_with(&machine, &key), device);
    is_not_asked(&ssh_with_key(&machine, &key));
    let print = fingerprint(&machine, &key);
    assert_eq!(outcome(&machine, &["--key", &print]), device);
    let text = machine.succeed(["tfactl", "explain", "alice", "--key", &print]);
    for line in [
        "\nMethod: an SSH key, then the password\n",
        "\nOutcome: asked for nothing\n",
        "\nReason: the login comes from a remembered device, beside the password\n",
        "\nDevice: 1, remembered until ",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(outcome_with(&machine, &other), code);
    is_asked(&ssh_with_key(&machine, &other));
    assert_eq!(outcome(&machine, &[]), code);
    is_asked(&with_password(machine.ssh_from("192.0.2.7", "alice")));

    // After its end, also as it is explained before.
    let at_the_end = ["--key", &print, "--at", "+30d"];
    assert_eq!(outcome(&machine, &at_the_end), code);
    machine.shift_clock(30 * DAY);
    assert_eq!(outcome_with(&machine, &key), code);
    is_asked(&ssh_with_key(&machine, &key));
    machine.shift_clock(0);

    // A lock on the key.
    let public = machine.read_file(&format!("{key}.pub"));
    let auth_info = format!("publickey {public}");
    machine.shift_clock(3000);
    guess(
        &machine,
        "sshd-other",
        &auth_info,
        &alice.phone.wrong_code(),
    );
    machine.shift_clock(0);
    assert_eq!(outcome_with(&machine, &key), is("refused", "locked"));
    ssh_with_key(&machine, &key).expect("Permission denied");
    machine.succeed(["tfactl", "unlock", "alice"]);
    assert_eq!(outcome_with(&machine, &key), device);
    is_not_asked(&ssh_with_key(&machine, &key));

    // In a service that is not listed, and after it was forgotten.
    let draft = format!("{MONTH}services = [\"login\"]\n");
    machine.write_file("/root/new.toml", draft);
    let under_draft = ["--key", &print, "--policy", "/root/new.toml"];
    assert_eq!(outcome(&machine, &under_draft), code);
    machine.succeed(["tfactl", "devices", "forget", "alice", "1"]);
    assert_eq!(outcome_with(&machine, &key), code);
    is_asked(&ssh_with_key(&machine, &key));
}

#[test]
fn the_explanation_of_a_security_key_is_that_of_the_login() {
    let (machine, alice) = machine_with_keys();
    let (code, by_key) = (is("code", "null"), is("nothing", "security-key"));
    let (blue, public) = new_key(&machine, "blue", "ed25519-sk");
    let (red, _) = new_key(&machine, "red", "ed25519-sk");
    let none = machine.fail(["tfactl", "explain", "alice", "--security-key"]);
    let says = "alice has enrolled no security key.";
    assert!(none.stderr.contains(says), "{none}");
    assert_eq!(outcome_with(&machine, &blue), code);
    is_asked_for_a_code(&machine, &blue);
    add(&machine, &public, "blue", &alice.phone.next_unused());
    assert_eq!(outcome_with(&machine, &blue), by_key);
    assert_eq!(outcome(&machine, &["--security-key"]), by_key);
    logs_in_without_a_code(&machine, &blue);
    assert_eq!(outcome_with(&machine, &red), code);
    is_asked_for_a_code(&machine, &red);

    // It passes a lock.
    machine.shift_clock(3000);
    guess(&machine, "sshd", "", &alice.phone.wrong_code());
    machine.shift_clock(0);
    assert_eq!(outcome(&machine, &[]), is("refused", "locked"));
    assert_eq!(outcome_with(&machine, &red), is("refused", "locked"));
    assert_eq!(outcome_with(&machine, &blue), by_key);
    logs_in_without_a_code(&machine, &blue);
}

#[test]
fn the_explanation_of_a_key_alone_follows_its_kind() {
    let machine = machine_with_alice();
    machine.configure_sshd("00-methods", "AuthenticationMethods publickey");
    install(&machine);
    let (red, _) = new_key(&machine, "red", "ed25519-sk");
    let (plain, _) = new_key(&machine, "plain", "ed25519");
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
         [[policy.rule]]\nmethods = [\"publickey:sk\"]\nmode = \"off\"\n",
    );
    let alone = |key: &str| {
        let public = format!("{key}.pub");
        outcome(&machine, &["--method", "publickey", "--key", &public])
    };
    let log_in = |key: &str| machine.ssh_with("alice", &["-i", key, "-o", "IdentitiesOnly=yes"]);
    assert_eq!(alone(&red), is("nothing", "rule-off"));
    log_in(&red).expect("alice@host:~$");
    assert_eq!(alone(&plain).0, "refused");
    let refused = log_in(&plain);
    assert!(!refused.wait_exit().success());
    assert!(!refused.transcript().contains("alice@host:~$"));
}

#[test]
fn the_explanation_of_a_first_security_key_is_that_of_the_login() {
    let machine = machine_with_alice();
    ask_for_keys(&machine);
    let (blue, public) = new_key(&machine, "blue", "ed25519-sk");
    let words = ["tfa-enroll", "add", "--security-key", &public, "blue"];
    let terminal = machine.terminal_as("alice", words);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter when you have saved them:");
    terminal.type_line("");
    assert!(terminal.wait_exit().success());
    let confirmed = is("nothing", "security-key-confirmed");
    assert_eq!(outcome_with(&machine, &blue), confirmed);
    logs_in_without_a_code(&machine, &blue);
    let by_key = is("nothing", "security-key");
    assert_eq!(outcome_with(&machine, &blue), by_key);
    logs_in_without_a_code(&machine, &blue);
}

#[test]
fn the_codes_of_the_session_and_of_the_host_are_possible_and_not_claimed() {
    let (machine, _alice) = machine_with_alice_set_up();
    let at = |service: &str, key| explained(&machine, key, &["--service", service]);
    assert_eq!(at("sudo", "session_minutes"), "null");
    assert_eq!(at("login", "recovery_code"), "false");
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n[remember]\nsession_minutes = 10\n",
    );
    machine.succeed(["tfactl", "recovery", "create"]);
    assert_eq!(at("sudo", "session_minutes"), "10");
    assert_eq!(at("sudo", "outcome"), "code");
    assert_eq!(at("login", "session_minutes"), "null");
    // Alice is no administrator yet.
    assert_eq!(at("login", "recovery_code"), "false");
    machine.add_to_group("alice", "sudo");
    assert_eq!(at("login", "recovery_code"), "true");
    assert_eq!(at("login", "outcome"), "code");
    assert_eq!(at("sshd", "recovery_code"), "false");
}
