//! What a login tells the owner about the account, and what `tfactl show` tells an administrator about
//! attempts that failed.

use tfa_tests::{Machine, Terminal};

use crate::authenticators::{RFC_4226_KEY, add_token};
use crate::locks::after_password;
use crate::users::{
    CODE, Owner, PASSWORD, authenticate, machine_with_alice, machine_with_alice_set_up, set_policy,
    set_up, set_up_in_login, uri_in,
};

const SHELL: &str = "alice@host:~$";
const BY_KEYBOARD: &str = "PreferredAuthentications=keyboard-interactive";
const ADDED: &str = "Authenticator \"tablet\" was added on";

/// A login over SSH with this code. Returns what the terminal shows up to the shell.
#[track_caller]
fn login(machine: &Machine, code: &str) -> (Terminal, String) {
    let terminal = after_password(machine);
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect(SHELL);
    let shown = terminal.transcript();
    (terminal, shown)
}

/// Adds a tablet in the terminal of a logged-in user.
fn add_tablet(terminal: &Terminal, proof: &str) -> tfa_tests::Phone {
    terminal.type_line("tfa-enroll add tablet --qr none");
    authenticate(terminal, proof);
    terminal.expect("Code from your phone:");
    let tablet = tfa_tests::Phone::from_uri(&uri_in(&terminal.transcript()));
    terminal.type_line(&tablet.next_unused());
    terminal.expect("under the name tablet.");
    terminal.expect(SHELL);
    tablet
}

/// Puts the clocks of the daemon and of the phone so many minutes ahead.
fn later(machine: &Machine, owner: &Owner, minutes: i64) {
    machine.shift_clock(60 * minutes);
    owner.phone.shift_clock(60 * minutes);
}

#[test]
fn the_owner_learns_once_of_a_new_authenticator() {
    let (machine, alice) = machine_with_alice_set_up();
    let (terminal, shown) = login(&machine, &alice.backup_codes[0]);
    assert!(!shown.contains("was added"), "{shown}");
    add_tablet(&terminal, &alice.backup_codes[1]);

    // A wrong code shows nothing.
    let terminal = after_password(&machine);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    assert!(!terminal.transcript().contains("tablet"));
    drop(terminal);

    let (_, shown) = login(&machine, &alice.phone.next_unused());
    assert!(shown.contains(ADDED), "{shown}");
    assert!(shown.contains("If you do not know of this"), "{shown}");
    let long = shown.lines().filter(|line| line.contains("tablet"));
    assert!(
        long.map(str::trim_end).all(|line| line.len() <= 40),
        "{shown}"
    );

    later(&machine, &alice, 10);
    let (_, shown) = login(&machine, &alice.phone.next_unused());
    assert!(!shown.contains("tablet"), "{shown}");
}

#[test]
fn a_thief_who_adds_a_phone_does_not_hide_it_by_a_login_with_it() {
    let (machine, alice) = machine_with_alice_set_up();
    let (terminal, _) = login(&machine, &alice.backup_codes[0]);
    let tablet = add_tablet(&terminal, &alice.backup_codes[1]);
    let by_tablet = |minutes: i64| {
        later(&machine, &alice, minutes);
        tablet.shift_clock(60 * minutes);
        login(&machine, &tablet.next_unused()).1
    };
    let shown = by_tablet(0);
    assert!(shown.contains(ADDED), "{shown}");
    let shown = by_tablet(10);
    assert!(!shown.contains(ADDED), "{shown}");
    let (_, shown) = login(&machine, &alice.phone.next_unused());
    assert!(shown.contains(ADDED), "{shown}");
    later(&machine, &alice, 20);
    let (_, shown) = login(&machine, &alice.phone.next_unused());
    assert!(!shown.contains(ADDED), "{shown}");
}

#[test]
fn a_login_without_a_code_and_a_silent_one_use_no_notice_up() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    let (terminal, _) = login(&machine, &alice.backup_codes[0]);
    add_tablet(&terminal, &alice.backup_codes[1]);
    terminal.type_line("sudo --reset-timestamp; sudo true; echo ended with $?");
    terminal.expect("assword");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[2]);
    terminal.expect("ended with 0");
    assert!(!terminal.transcript().contains(ADDED));

    set_policy(&machine, "[policy]\nmode = \"off\"\n");
    let exempt = after_password(&machine);
    exempt.expect(SHELL);
    assert!(!exempt.transcript().contains(ADDED));
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    let (_, shown) = login(&machine, &alice.backup_codes[3]);
    assert!(shown.contains(ADDED), "{shown}");
}

#[test]
fn a_code_that_was_tried_again_is_reported_at_the_next_login() {
    let (machine, alice) = machine_with_alice_set_up();
    let used = &alice.backup_codes[0];
    drop(login(&machine, used));
    for _ in 0..2 {
        let thief = after_password(&machine);
        thief.expect(CODE);
        thief.type_secret(used);
        thief.expect("This code was already used.");
    }
    let (_, shown) = login(&machine, &alice.backup_codes[1]);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let shown = words.join(" ");
    assert!(
        shown.contains("Used codes were entered again 2 times, the last on "),
        "{shown}"
    );
    assert!(shown.contains("another person sees your codes"), "{shown}");
    let status = machine.succeed(["tfactl", "show", "alice"]);
    assert!(status.contains("a code that was already used"), "{status}");
}

#[test]
fn a_reset_and_a_token_by_an_administrator_are_reported() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("carol", PASSWORD);
    machine.add_to_group("carol", "sudo");
    let carol = set_up(&machine, "carol", PASSWORD);
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\nusers = [\"alice\"]\nmode = \"required\"\n",
    );
    let administrator = machine.ssh("carol");
    administrator.expect("Password:");
    administrator.type_secret(PASSWORD);
    administrator.expect(CODE);
    administrator.type_secret(&carol.backup_codes[0]);
    administrator.expect("carol@host:~$");
    // Without a right code, nothing changes.
    let before = crate::users::record_of(&machine, "alice");
    administrator.type_line("tfactl reset alice --yes; echo ended with $?");
    administrator.expect("Authenticating as: carol");
    administrator.expect("Password:");
    administrator.type_secret(PASSWORD);
    for _ in 0..3 {
        administrator.expect(CODE);
        administrator.type_secret(&carol.phone.wrong_code());
    }
    administrator.expect("Not allowed:");
    administrator.expect("ended with 1");
    assert_eq!(crate::users::record_of(&machine, "alice"), before);
    administrator.type_line("tfactl reset alice --yes");
    administrator.expect("Authenticating as: carol");
    administrator.expect("Password:");
    administrator.type_secret(PASSWORD);
    administrator.expect(CODE);
    administrator.type_secret(&carol.phone.next_unused());
    administrator.expect("Two-factor login of alice was reset.");
    let failed = machine.succeed(["tfactl", "show", "carol"]);
    assert!(
        failed.contains("polkit-1, from polkit-1: wrong code"),
        "{failed}"
    );

    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    let alice = set_up_in_login(&terminal);
    terminal.expect(SHELL);
    assert!(!terminal.transcript().contains("reset two-factor login"));
    let output = add_token(&machine, "token", RFC_4226_KEY, &[]);
    assert!(output.success(), "{output}");
    let (_, shown) = login(&machine, &alice.backup_codes[0]);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let shown = words.join(" ");
    assert!(
        shown.contains("An administrator reset two-factor login on "),
        "{shown}"
    );
    let added = "An administrator added authenticator \"token\" on ";
    assert!(shown.contains(added), "{shown}");
}

#[test]
fn show_says_why_the_last_attempts_failed() {
    let (machine, alice) = machine_with_alice_set_up();
    let shown = || machine.succeed(["tfactl", "show", "alice"]);
    let says = |part: &str| {
        let shown = shown();
        assert!(shown.contains(part), "{part}: {shown}");
    };
    let attempt = |typed: &str, reply: &str| {
        let terminal = after_password(&machine);
        terminal.expect(CODE);
        terminal.type_secret(typed);
        terminal.expect(reply);
        terminal.transcript()
    };
    // The login says the same of every wrong code.
    // Later than the code of the enrollment: an earlier one would be shown as used.
    let late = alice.phone.code_at(2);
    machine.shift_clock(600);
    let told = attempt(&late, "Wrong code. Enter the latest one.");
    assert!(!told.contains("minutes"), "{told}");
    says("behind this host, so one of the two is off");
    assert!(!shown().contains(&late));
    machine.shift_clock(0);
    let early = alice.phone.code_at(10);
    attempt(&early, "Wrong code. Enter the latest one.");
    let first = shown();
    assert!(!first.contains("ahead of this host"), "{first}");
    machine.shift_clock(600);
    says("ahead of this host, so one of the two is off");
    machine.shift_clock(0);
    attempt("call me", "Not a valid code.");
    says(": not a code");
    attempt("12345678", "Wrong code.");
    says("with a number of digits that no authenticator has");
    for _ in 0..2 {
        attempt(&alice.phone.wrong_code(), "code");
    }
    let terminal = after_password(&machine);
    terminal.expect("Too many wrong codes.");
    says("sshd, from ");
    says(": locked until 2");
    // The newest code of another time stands for all, and is dead by then.
    machine.shift_clock(600);
    let json = machine.succeed(["tfactl", "show", "alice", "--json"]);
    for part in ["\"reason\": \"other-time\"", "\"service\": \"sshd\""] {
        assert!(json.contains(part), "{part}: {json}");
    }
    // The owner's own status does not say it.
    let own = machine.command(["tfa-enroll", "status", "--json"]);
    let own = own.user("alice").succeed();
    assert!(own.contains("\"failed_attempts\": []"), "{own}");
}

#[test]
fn show_says_that_a_user_who_must_enroll_was_refused() {
    let machine = machine_with_alice();
    set_policy(&machine, "[policy]\nmode = \"required\"\ngrace = \"7d\"\n");
    // A login in the grace period makes the record.
    let terminal = after_password(&machine);
    terminal.expect("yes, or Enter for later:");
    terminal.type_line("");
    terminal.expect(SHELL);
    drop(terminal);
    machine.shift_clock(8 * 86_400);
    let terminal = after_password(&machine);
    terminal.expect("Press Enter to begin, or no to stop:");
    terminal.type_line("no");
    terminal.expect("Nothing was set up.");
    let shown = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        shown.contains(": the user must enroll, and has not"),
        "{shown}"
    );
}

/// The account phase and the session phase run too, and show nothing of it again.
#[test]
fn list_of_changes_is_shown_in_one_phase_and_by_sshd_as_a_banner_too() {
    let (machine, alice) = machine_with_alice_set_up();
    let (terminal, _) = login(&machine, &alice.backup_codes[0]);
    add_tablet(&terminal, &alice.backup_codes[1]);
    let by_method = "[policy]\nmode = \"required\"\n[[policy.rule]]\nmethods = [\"publickey\"]\n\
        mode = \"required\"\nfactors = [\"security-key\"]\n";
    // Logins within two minutes repeat the list.
    for (policy, level, code, times) in [
        (None, "ERROR", 2, 1),
        (None, "INFO", 3, 2),
        (Some(by_method), "ERROR", 4, 1),
        (Some(by_method), "INFO", 5, 2),
    ] {
        if let Some(policy) = policy {
            set_policy(&machine, policy);
        }
        let level = format!("LogLevel={level}");
        let terminal = machine.ssh_with("alice", &["-o", BY_KEYBOARD, "-o", &level]);
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect(CODE);
        terminal.type_secret(&alice.backup_codes[code]);
        terminal.expect(SHELL);
        let shown = terminal.transcript();
        assert_eq!(shown.matches(ADDED).count(), times, "{level}: {shown}");
    }
}

#[test]
fn sshd_sends_the_last_messages_as_a_banner_and_to_the_shell() {
    let machine = machine_with_alice();
    set_policy(&machine, "[policy]\nmode = \"required\"\ngrace = \"0\"\n");
    machine.succeed(["tfactl", "exempt", "alice", "--for=2d", "--reason=repair"]);
    let key = machine.authorize_key("alice");
    // How often a login shows why no code was asked for.
    let count = |options: &[&str]| {
        let terminal = machine.ssh_with("alice", options);
        if options.contains(&BY_KEYBOARD) {
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
        }
        terminal.expect_any(&[SHELL, "no shell"]);
        let shown = terminal.transcript();
        shown.matches("Reason: repair").count()
    };
    let banners = "LogLevel=INFO";
    let command = ["--", "echo no shell"];
    let by_keyboard = ["-o", BY_KEYBOARD, "-o", banners];
    let by_key = ["-i", &key, "-o", banners];
    let without_banners = ["-o", BY_KEYBOARD, "-o", "LogLevel=ERROR"];
    for login in [by_keyboard, by_key] {
        assert_eq!(count(&login), 2);
        assert_eq!(count(&[&login[..], &command].concat()), 1);
    }
    assert_eq!(count(&without_banners), 1);
    machine.write_file("/home/alice/.hushlogin", "");
    for login in [by_keyboard, by_key] {
        assert_eq!(count(&login), 1);
    }
    assert_eq!(count(&without_banners), 0);
}
