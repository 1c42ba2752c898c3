//! Security keys as the second factor, over the real sshd. The keys are made and used by a security key
//! in software (`tests/security-key`), which ssh loads.

use std::path::PathBuf;

use tfa_tests::{Machine, Terminal};

use crate::bus::{run_perl, shown, try_codes};
use crate::users::{
    CODE, Owner, PASSWORD, authenticate, backup_codes_in, console_on_tty1, enter_password,
    machine_with_alice, machine_with_alice_set_up, set_policy, set_up,
};

const SHELL: &str = "alice@host:~$";
/// Where ssh finds the security key.
const PROVIDER: &str = "/usr/local/lib/security-key.so";
/// Password after key: what a host with security keys asks for.
const KEY_THEN_PASSWORD: &str = "AuthenticationMethods publickey,keyboard-interactive";
/// The question of a user without an authenticator that computes codes.
const BACKUP_CODE: &str = "Backup code:";

/// The security key, which cargo builds beside this program.
fn provider() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.with_file_name("libtfa_test_security_key.so")
}

/// Alice, who has enrolled a phone, on a machine on which sshd asks for a key and then for the password.
pub(crate) fn machine_with_keys() -> (Machine, Owner) {
    let (machine, alice) = machine_with_alice_set_up();
    ask_for_keys(&machine);
    (machine, alice)
}

pub(crate) fn ask_for_keys(machine: &Machine) {
    machine.configure_sshd("00-methods", KEY_THEN_PASSWORD);
    install(machine);
}

/// Plugs the security key in: the client of each user loads it.
pub(crate) fn install(machine: &Machine) {
    machine.write_file(PROVIDER, std::fs::read(provider()).unwrap());
    machine.write_file(
        "/etc/ssh/ssh_config.d/security-key.conf",
        format!("SecurityKeyProvider {PROVIDER}\n"),
    );
}

/// Makes a key of root's client in `/root/.ssh`, and returns its path.
pub(crate) fn make_key(machine: &Machine, name: &str, key_type: &str, options: &[&str]) -> String {
    let path = format!("/root/.ssh/{name}");
    machine.succeed(["mkdir", "-p", "/root/.ssh"]);
    let words = ["ssh-keygen", "-q", "-t", key_type, "-N", "", "-f", &path];
    let of_provider: &[&str] = if key_type.ends_with("-sk") {
        &["-w", PROVIDER]
    } else {
        &[]
    };
    machine.succeed(words.iter().chain(of_provider).chain(options));
    path
}

/// Lets the key log in as the user, with these options of `authorized_keys`, and gives the user a copy of
/// its public part, whose path is returned.
pub(crate) fn authorize(machine: &Machine, user: &str, key: &str, options: &str) -> String {
    const AUTHORIZE: &str = r#"
        set -e
        user=$1 key=$2 options=$3
        install -d -m 700 -o "$user" -g "$user" "/home/$user/.ssh"
        printf '%s %s\n' "$options" "$(cat "$key.pub")" >>"/home/$user/.ssh/authorized_keys"
        chown "$user:" "/home/$user/.ssh/authorized_keys"
        install -m 644 -o "$user" "$key.pub" "/home/$user/$(basename "$key").pub"
        echo "/home/$user/$(basename "$key").pub""#;
    machine
        .succeed(["sh", "-c", AUTHORIZE, "sh", user, key, options])
        .trim()
        .to_owned()
}

/// A new security key that may log in as alice, and its public part.
pub(crate) fn new_key(machine: &Machine, name: &str, key_type: &str) -> (String, String) {
    let key = make_key(machine, name, key_type, &[]);
    let public = authorize(machine, "alice", &key, "");
    (key, public)
}

/// Begins a login of alice with this key, up to the password.
pub(crate) fn ssh(machine: &Machine, key: &str) -> Terminal {
    let options = ["-i", key, "-o", "IdentitiesOnly=yes"];
    let terminal = machine.ssh_with("alice", &options);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[track_caller]
pub(crate) fn logs_in_without_a_code(machine: &Machine, key: &str) {
    let terminal = ssh(machine, key);
    terminal.expect(SHELL);
    assert!(!terminal.transcript().contains(CODE));
}

#[track_caller]
pub(crate) fn is_asked_for_a_code(machine: &Machine, key: &str) {
    ssh(machine, key).expect(CODE);
}

/// Alice adds this security key, in a terminal of her own.
#[track_caller]
pub(crate) fn add(machine: &Machine, public: &str, name: &str, code: &str) {
    let words = ["tfa-enroll", "add", name, "--security-key", public];
    let terminal = machine.terminal_as("alice", words);
    authenticate(&terminal, code);
    terminal.expect(&format!(
        "The security key is active, under the name {name}."
    ));
    assert!(terminal.wait_exit().success());
}

#[test]
fn an_enrolled_security_key_needs_the_password_and_no_code() {
    let (machine, alice) = machine_with_keys();
    for (key_type, name) in [("ed25519-sk", "blue"), ("ecdsa-sk", "red")] {
        let (key, public) = new_key(&machine, name, key_type);
        is_asked_for_a_code(&machine, &key);
        add(&machine, &public, name, &alice.phone.next_unused());
        machine.expect_in_journal(
            "tfad",
            &format!("alice: a security key was added and is active: {name} (by uid"),
        );
        logs_in_without_a_code(&machine, &key);
        machine.expect_in_journal(
            "tfad",
            &format!("alice: verified by the security key {name} (service sshd, from "),
        );
    }
    let field = machine.succeed(["journalctl", "--output=export", "TFA_AUTHENTICATOR=blue"]);
    assert!(field.contains("TFA_FACTOR=security-key\n"), "{field}");
    let list = machine.succeed(["tfactl", "authenticator", "list", "alice", "--json"]);
    let print = machine.succeed(["ssh-keygen", "-l", "-f", "/root/.ssh/blue.pub"]);
    let print = print.split_whitespace().nth(1).unwrap();
    assert!(
        list.contains(&format!("\"fingerprint\": \"{print}\"")),
        "{list}"
    );
    assert!(!list.contains("\"last_accepted\": null"), "{list}");

    let explained = machine.succeed(["tfactl", "explain", "alice", "--security-key"]);
    assert!(
        explained.contains("\nOutcome: asked for nothing\n"),
        "{explained}"
    );
    assert!(
        explained.contains("sshd has accepted a security key"),
        "{explained}"
    );

    // A wrong password stays wrong.
    let terminal = machine.ssh_with("alice", &["-i", "/root/.ssh/blue"]);
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Password:");
    assert!(!terminal.transcript().contains(SHELL));

    // After its removal the code is asked for again.
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "remove", "blue"]);
    terminal.expect("To remove it, type yes.");
    terminal.type_line("yes");
    authenticate(&terminal, &alice.backup_codes[0]);
    terminal.expect("The security key blue was removed.");
    is_asked_for_a_code(&machine, "/root/.ssh/blue");
    logs_in_without_a_code(&machine, "/root/.ssh/red");
}

#[test]
fn a_certificate_of_an_enrolled_key_is_accepted_and_one_can_be_enrolled() {
    let (machine, alice) = machine_with_keys();
    let authority = make_key(&machine, "authority", "ed25519", &[]);
    let pub_of_authority = machine.succeed(["cat", &format!("{authority}.pub")]);
    machine.write_file("/etc/ssh/authority.pub", pub_of_authority);
    machine.configure_sshd("01-authority", "TrustedUserCAKeys /etc/ssh/authority.pub");
    let certify = |name: &str, key_type: &str| {
        let key = make_key(&machine, name, key_type, &[]);
        let public = format!("{key}.pub");
        let words = [
            "ssh-keygen",
            "-q",
            "-s",
            &authority,
            "-I",
            name,
            "-n",
            "alice",
        ];
        machine.succeed(words.iter().chain(&[public.as_str()]));
        let copy = format!("/home/alice/{name}");
        for (from, to) in [(&public, ".pub"), (&format!("{key}-cert.pub"), "-cert.pub")] {
            machine.succeed(["install", "-m", "644", from, &format!("{copy}{to}")]);
        }
        (key, copy)
    };
    let (key, copy) = certify("blue", "ed25519-sk");
    is_asked_for_a_code(&machine, &key);
    add(
        &machine,
        &format!("{copy}.pub"),
        "blue",
        &alice.backup_codes[0],
    );
    logs_in_without_a_code(&machine, &key);
    let (key, copy) = certify("red", "ecdsa-sk");
    add(
        &machine,
        &format!("{copy}-cert.pub"),
        "red",
        &alice.backup_codes[1],
    );
    logs_in_without_a_code(&machine, &key);
}

#[test]
fn no_other_key_replaces_the_code() {
    let (machine, alice) = machine_with_keys();
    let (_, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.phone.next_unused());
    let (not_enrolled, _) = new_key(&machine, "red", "ed25519-sk");
    let (plain, _) = new_key(&machine, "plain", "ed25519");
    // That of bob, who has enrolled it, and may log in as alice.
    machine.configure_sshd("00-methods", "");
    machine.add_user("bob", PASSWORD);
    let bob = set_up(&machine, "bob", PASSWORD);
    machine.configure_sshd("00-methods", KEY_THEN_PASSWORD);
    let of_bob = make_key(&machine, "bob", "ed25519-sk", &[]);
    let public = authorize(&machine, "bob", &of_bob, "");
    let words = ["tfa-enroll", "add", "mine", "--security-key", &public];
    let terminal = machine.terminal_as("bob", words);
    authenticate(&terminal, &bob.backup_codes[0]);
    terminal.expect("under the name mine.");
    let _ = authorize(&machine, "alice", &of_bob, "");
    for key in [not_enrolled, plain, of_bob] {
        is_asked_for_a_code(&machine, &key);
    }
}

#[test]
fn only_root_can_say_which_key_sshd_has_accepted() {
    let (machine, alice) = machine_with_keys();
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.phone.next_unused());
    let line = machine.succeed(["cat", &format!("{key}.pub")]);
    let line = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    const BEGIN: &str = r#"
        my ($line, $service, $given) = @ARGV;
        for my $bus (Bus->own, Bus->new) {
            my ($dialog, $turn) = $bus->begin('alice', service => $service, rhost => '192.0.2.66',
                'password-given' => ['b', $given], 'ssh-auth-info' => "publickey $line\n");
            print Bus::words($turn), "\n";
        }"#;
    let said = run_perl(&machine, BEGIN, &[&line, "sshd", "1"]).succeed();
    assert_eq!(said.matches("verdict: verified").count(), 2, "{said}");
    for (user, service, given) in [
        ("alice", "sshd", "1"),
        ("root", "su", "1"),
        ("root", "sshd", "0"),
    ] {
        let said = run_perl(&machine, BEGIN, &[&line, service, given])
            .user(user)
            .succeed();
        assert!(!said.contains("verified"), "{user}, {service}: {said}");
        assert_eq!(said.matches(CODE).count(), 2, "{user}, {service}: {said}");
    }
}

#[test]
fn a_security_key_that_replaces_the_password_does_not_replace_the_code() {
    let (machine, alice) = machine_with_keys();
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.backup_codes[0]);
    let line = "auth  [success=done ignore=ignore default=die] \
                pam_tfa.so after_publickey enroll=account\n";
    let stack = machine.read_file("/etc/pam.d/sshd");
    let lines = format!("{line}@include common-auth");
    machine.write_file(
        "/etc/pam.d/sshd",
        stack.replacen("@include common-auth", &lines, 1),
    );
    let options = ["-i", &key, "-o", "IdentitiesOnly=yes"];
    let terminal = machine.ssh_with("alice", &options);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
    assert!(!terminal.transcript().contains("Password:"));
    // A rule can let the key be enough, as for any login by key.
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\n\
         [[policy.rule]]\nmethods = [\"publickey:sk\"]\nmode = \"off\"\n",
    );
    logs_in_without_a_code(&machine, &key);
}

#[test]
fn a_rule_on_security_keys_matches_where_sshd_names_the_key() {
    let (machine, _) = machine_with_keys();
    let (key, _) = new_key(&machine, "blue", "ed25519-sk");
    let (plain, _) = new_key(&machine, "plain", "ed25519");
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
         [[policy.rule]]\nmethods = [\"publickey:sk\"]\nmode = \"off\"\n",
    );
    // Beside the password, also a key that is not enrolled.
    logs_in_without_a_code(&machine, &key);
    is_asked_for_a_code(&machine, &plain);
    // Alone, in the session phase.
    machine.configure_sshd("00-methods", "");
    let alone = |key: &str| {
        let options = ["-i", key, "-o", "IdentitiesOnly=yes", "-o", "LogLevel=INFO"];
        machine.ssh_with("alice", &options)
    };
    alone(&key).expect(SHELL);
    machine.expect_in_journal("tfad", "alice: not asked: the policy's mode is off");
    let terminal = alone(&plain);
    terminal.expect("Two-factor login is required on host. An SSH key alone is not enough.");
    terminal.wait_exit();
    // Without the session line the kind of key is not known.
    let stack = machine.read_file("/etc/pam.d/common-session");
    let without: Vec<&str> = stack
        .lines()
        .filter(|line| !line.contains("pam_tfa"))
        .collect();
    machine.write_file(
        "/etc/pam.d/common-session",
        format!("{}\n", without.join("\n")),
    );
    machine.succeed(["systemctl", "restart", "tfad"]);
    alone(&key).expect("An SSH key alone is not enough.");
}

#[test]
fn a_key_without_touch_is_accepted_unless_sshd_requires_touch() {
    let (machine, alice) = machine_with_keys();
    let key = make_key(&machine, "lazy", "ed25519-sk", &["-O", "no-touch-required"]);
    let public = authorize(&machine, "alice", &key, "no-touch-required");
    add(&machine, &public, "lazy", &alice.phone.next_unused());
    logs_in_without_a_code(&machine, &key);

    machine.configure_sshd("01-touch", "PubkeyAuthOptions touch-required");
    let options = [
        "-i",
        &key,
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
    ];
    let terminal = machine.ssh_with("alice", &options);
    terminal.expect("Permission denied (publickey");
    let (touched, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.backup_codes[0]);
    logs_in_without_a_code(&machine, &touched);
}

#[test]
fn wrong_codes_of_others_do_not_lock_the_owner_of_a_key_out() {
    let (machine, alice) = machine_with_keys();
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    add(&machine, &public, "blue", &alice.phone.next_unused());
    let locked = try_codes(&machine, "", &alice.phone.wrong_code(), 6);
    assert!(locked.contains("verdict: locked"), "{locked}");
    let terminal = ssh(&machine, &key);
    terminal.expect("5 wrong codes");
    terminal.expect(SHELL);
    assert_eq!(shown(&machine, "failures"), "5");
}

#[test]
fn a_first_security_key_is_confirmed_by_a_login_that_used_it() {
    let machine = machine_with_alice();
    ask_for_keys(&machine);
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    let (other, _) = new_key(&machine, "red", "ed25519-sk");
    // With `add` as with `setup`.
    let words = ["tfa-enroll", "add", "--security-key", &public, "blue"];
    let terminal = machine.terminal_as("alice", words);
    terminal.expect("Setting up two-factor login for alice with a security key.");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("They become active together with the security key.");
    terminal.expect("Press Enter when you have saved them:");
    let backup_codes = backup_codes_in(&terminal.screen());
    assert_eq!(backup_codes.len(), 10);
    terminal.type_line("");
    terminal.expect("Two-factor login is not on yet for alice.");
    assert!(terminal.wait_exit().success());
    machine.expect_in_journal(
        "tfad",
        "alice: a first security key waits for a login that uses it: blue (by uid",
    );
    let status = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        status.contains("the security key waits for its first SSH login"),
        "{status}"
    );
    assert_eq!(shown(&machine, "pending_kind"), "\"security-key\"");

    // A setup that is cancelled at the password leaves the key as it is.
    let terminal = machine.terminal_as("alice", ["tfa-enroll"]);
    terminal.expect("Start over? [y/N]");
    terminal.type_line("y");
    terminal.expect("Password:");
    terminal.send(b"\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    assert!(!terminal.wait_exit().success());
    assert_eq!(shown(&machine, "pending_kind"), "\"security-key\"");

    // Another key confirms nothing: the user must enroll.
    set_policy(&machine, "[policy]\nmode = \"required\"\ngrace = \"0\"\n");
    ssh(&machine, &other).expect("Press Enter to begin");
    assert_eq!(shown(&machine, "state"), "\"pending\"");
    // Nor does a wrong password.
    let terminal = machine.ssh_with("alice", &["-i", &key, "-o", "IdentitiesOnly=yes"]);
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Password:");
    assert_eq!(shown(&machine, "state"), "\"pending\"");

    let terminal = ssh(&machine, &key);
    terminal.expect("Your security key is active now.");
    terminal.expect(SHELL);
    machine.expect_in_journal(
        "tfad",
        "alice: an authenticator was enrolled in the login and is active: blue",
    );
    assert_eq!(shown(&machine, "state"), "\"enabled\"");
    assert_eq!(shown(&machine, "backup_codes_left"), "10");
    logs_in_without_a_code(&machine, &key);

    // Another key, now: a backup code.
    let terminal = ssh(&machine, &other);
    terminal.expect("this login has not used it");
    terminal.expect(BACKUP_CODE);
    terminal.type_secret(&backup_codes[0]);
    terminal.expect(SHELL);
}

#[test]
fn a_key_alone_confirms_no_first_security_key() {
    let machine = machine_with_alice();
    ask_for_keys(&machine);
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    let words = ["tfa-enroll", "setup", "--security-key", &public];
    let terminal = machine.terminal_as("alice", words);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter when you have saved them:");
    terminal.type_line("");
    assert!(terminal.wait_exit().success());
    machine.configure_sshd("00-methods", "");
    let options = ["-i", &key, "-o", "IdentitiesOnly=yes"];
    machine.ssh_with("alice", &options).expect(SHELL);
    assert_eq!(shown(&machine, "state"), "\"pending\"");
    // A user of whom nothing is required is let in as before, and the key becomes active.
    machine.configure_sshd("00-methods", KEY_THEN_PASSWORD);
    ssh(&machine, &key).expect(SHELL);
    assert_eq!(shown(&machine, "state"), "\"enabled\"");
}

#[test]
fn a_user_with_a_security_key_alone_uses_backup_codes_at_the_console() {
    let (machine, alice) = machine_with_keys();
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    let words = [
        "tfa-enroll",
        "move",
        "--security-key",
        &public,
        "--name",
        "blue",
    ];
    let terminal = machine.terminal_as("alice", words);
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("The security key is active, under the name blue.");
    machine.expect_in_journal("tfad", "is active: blue, in place of phone (by uid");
    logs_in_without_a_code(&machine, &key);

    let console = console_on_tty1(&machine);
    for (place, code) in alice.backup_codes.iter().enumerate() {
        enter_password(console, "alice");
        console.expect("Your second factor is a security key");
        console.expect(BACKUP_CODE);
        console.type_secret(code);
        console.expect(SHELL);
        console.type_line("exit");
        assert_eq!(
            shown(&machine, "backup_codes_left"),
            (9 - place).to_string()
        );
    }
    enter_password(console, "alice");
    console.expect("or ask your");
    console.expect("administrator (tfactl reset).");
    console.expect("Login incorrect");
    // And with the key as before.
    logs_in_without_a_code(&machine, &key);
}

#[test]
fn a_file_without_a_security_key_is_refused_before_the_password() {
    let (machine, _) = machine_with_keys();
    let (_, plain) = new_key(&machine, "plain", "ed25519");
    let (_, blue) = new_key(&machine, "blue", "ed25519-sk");
    let several = "/home/alice/several";
    let options = "/home/alice/options";
    machine.succeed(["sh", "-c", &format!("cat {blue} {blue} >{several}")]);
    machine.succeed([
        "sh",
        "-c",
        &format!("echo no-touch-required $(cat {blue}) >{options}"),
    ]);
    machine.succeed(["sh", "-c", "cp /root/.ssh/blue /home/alice/private"]);
    machine.succeed(["chmod", "644", "/home/alice/private"]);
    machine.succeed(["chmod", "700", "/root"]);
    for (file, said) in [
        (&*plain, "is not in a security key"),
        (several, "has several lines with keys"),
        (options, "has options before the key"),
        (
            "/home/alice/private",
            "is a private key, which was not sent",
        ),
        ("/root/.ssh/blue.pub", "Permission denied"),
        ("/home/alice/none.pub", "No such file"),
        ("/dev/zero", "is too large for a public key"),
        ("/home/alice", "Is a directory"),
    ] {
        let words = ["tfa-enroll", "add", "--security-key", file];
        let terminal = machine.terminal_as("alice", words);
        terminal.expect(said);
        assert_eq!(terminal.wait_exit().code(), Some(1), "{file}");
        assert!(!terminal.transcript().contains("Password:"), "{file}");
    }
    // One that only looks like a key reaches the daemon.
    machine.write_file(
        "/home/alice/forged.pub",
        "sk-ssh-ed25519@openssh.com AAAA x\n",
    );
    let words = [
        "tfa-enroll",
        "add",
        "--security-key",
        "/home/alice/forged.pub",
    ];
    let terminal = machine.terminal_as("alice", words);
    terminal.expect("Not the public key of a security key.");
}

#[test]
fn an_administrator_enrolls_the_security_key_of_a_user() {
    let machine = machine_with_alice();
    ask_for_keys(&machine);
    let (key, public) = new_key(&machine, "blue", "ed25519-sk");
    let (_, plain) = new_key(&machine, "plain", "ed25519");
    let add = |from: &str, options: &[&str]| {
        let words = ["tfactl", "authenticator", "add", "alice", "--kind"];
        let file = ["security-key", "--key-file", from];
        let words = words.iter().chain(&file).chain(options);
        machine.command(words).stdin(machine.read_file(&public))
    };
    assert!(add(&plain, &[]).fail().stderr.contains("security key"));
    add(&public, &[]).user("alice").fail();
    assert!(!machine.journal("tfad").contains("added an authenticator"));

    set_policy(&machine, "[policy]\nmode = \"required\"\ngrace = \"0\"\n");
    let said = add("-", &["--name", "blue", "--json"]).succeed();
    assert!(said.contains("\"kind\": \"security-key\""), "{said}");
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator added an authenticator: blue (by uid 0)",
    );
    let taken = add(&public, &[]).fail();
    assert!(
        taken.stderr.contains("is this security key already"),
        "{taken}"
    );

    let terminal = ssh(&machine, &key);
    terminal.expect("An administrator added authenticator\n\"blue\" on ");
    terminal.expect(SHELL);
    assert!(!terminal.transcript().contains(CODE));
    machine.expect_in_journal("tfad", "alice: verified by the security key blue (service");
    // Elsewhere there is nothing to enter.
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect("administrator (tfactl reset).");
    console.expect("Login incorrect");
}
