//! Logins on the console.

use crate::users::{
    CODE, PASSWORD, begin_a_time_step, console_on, console_on_tty1, enter_password,
    machine_with_alice, record_of, set_policy, set_up,
};

#[test]
fn the_console_asks_for_the_password_and_a_code_or_backup_code() {
    let machine = machine_with_alice();
    let alice = set_up(&machine, "alice", PASSWORD);
    begin_a_time_step(&machine, &alice.phone, 5);
    let console = machine.console();

    enter_password(console, "alice");
    console.expect(CODE);
    // Skips the oldest code, which leaves the window first.
    let _ = alice.phone.next_unused();
    let code = alice.phone.next_unused();
    console.type_secret(&code);
    console.expect("alice@host:~$");
    console.type_line("exit");

    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&code);
    console.expect("This code was already used. Each code works only once: enter a new one.");
    console.expect(CODE);
    console.type_secret(&alice.backup_codes[0].to_lowercase());
    console.expect("Backup code used, 9 left.");
    console.expect("alice@host:~$");
    console.type_line("exit");

    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.backup_codes[0]);
    console.expect("This code was already used.");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("alice@host:~$");
    assert!(!console.transcript().contains(&code));
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a backup code (service login, from ",
    );
}

#[test]
fn the_console_refuses_after_three_wrong_codes_or_an_empty_answer() {
    let machine = machine_with_alice();
    let alice = set_up(&machine, "alice", PASSWORD);
    let console = console_on_tty1(&machine);

    enter_password(console, "alice");
    for _ in 0..3 {
        console.expect(CODE);
        console.type_secret(&alice.phone.wrong_code());
        console.expect("Wrong code. Enter the latest one.");
    }
    console.expect("Login incorrect");
    machine.expect_in_journal(
        "tfad",
        "alice: denied: no right code (service login, from /dev/tty1)",
    );
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"console_failures\": 3"), "{record}");
    assert!(record.contains("\"failures\": 0"), "{record}");

    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret("");
    console.expect("Login incorrect");

    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("alice@host:~$");
}

#[test]
fn the_console_reveals_no_enrollment_to_a_wrong_password() {
    let machine = machine_with_alice();
    machine.add_user("bob", PASSWORD);
    set_up(&machine, "alice", PASSWORD);
    let journal = machine.journal("tfad");
    let console = machine.console();

    let mut stories = Vec::new();
    for user in ["alice", "bob"] {
        console.expect("host login:");
        console.type_line(user);
        console.expect("Password:");
        let before = console.transcript().len();
        console.type_secret("battery staple");
        console.expect("Login incorrect");
        let story = console.transcript()[before..].to_owned();
        let end = story.find("Login incorrect");
        stories.push(story[..end.expect("it was shown")].to_owned());
    }
    assert_eq!(stories[0], stories[1]);

    enter_password(console, "bob");
    console.expect("bob@host:~$");
    assert!(!console.transcript().contains("code"));
    assert_eq!(machine.journal("tfad"), journal);
}

#[test]
fn a_serial_line_is_a_console_if_the_kernel_or_the_policy_says_so() {
    let machine = machine_with_alice();
    let alice = set_up(&machine, "alice", PASSWORD);
    let console = console_on(&machine, "ttymxc0");
    let guess = || {
        enter_password(console, "alice");
        console.expect(CODE);
        console.type_secret(&alice.phone.wrong_code());
        console.expect("Wrong code.");
        console.expect(CODE);
        console.type_secret("");
        console.expect("Login incorrect");
        let record = record_of(&machine, "alice");
        let at_console = (0..4).find(|n| record.contains(&format!("\"console_failures\": {n}")));
        let remote = (0..4).find(|n| record.contains(&format!("\"failures\": {n}")));
        (at_console, remote)
    };
    assert_eq!(guess(), (Some(0), Some(1)));

    // The kernel's list of consoles, as seen in the daemon's sandbox.
    const ACTIVE: &str = "/sys/class/tty/console/active";
    machine.succeed(["cat", ACTIVE]);
    machine.write_file("/root/active", "tty0 ttymxc0\n");
    machine.succeed(["mount", "--bind", "/root/active", ACTIVE]);
    machine.succeed(["systemctl", "restart", "tfad"]);
    assert_eq!(guess(), (Some(1), Some(1)));
    machine.succeed(["umount", ACTIVE]);

    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\nconsoles = [\"default\", \"ttymxc0\"]\n",
    );
    assert_eq!(guess(), (Some(2), Some(1)));
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\nconsoles = [\"default\"]\n",
    );
    assert_eq!(guess(), (Some(2), Some(2)));
}
