//! The advice in the log after a question without an answer, and the manual's stacks for programs
//! that cannot ask.

use tfa_tests::Machine;

use crate::users::{CODE, PASSWORD, begin_a_time_step, set_policy, set_up};

const MODULE: &str = include_str!("../../man/pam_tfa.8");
/// The advice for sshd.
const OF_SSHD: &str = "KbdInteractiveAuthentication";

/// The block of the manual that begins with this line.
fn block(first: &str) -> String {
    let lines = MODULE.lines().skip_while(|line| *line != first);
    let block: Vec<&str> = lines.take_while(|line| *line != ".Ed").collect();
    assert!(!block.is_empty(), "the manual has no {first:?}");
    block.join("\n") + "\n"
}

#[test]
fn sudo_without_an_answer_gets_no_advice_about_sshd() {
    let machine = Machine::boot();
    machine.add_user("alice", PASSWORD);
    machine.add_to_group("alice", "sudo");
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id"]);
    terminal.expect("password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.interrupt_to_end();
    let message = machine.expect_in_journal("sudo", "the question got no answer");
    assert!(message.contains("The user cancelled"), "{message}");
    assert!(!machine.journal("sudo").contains(OF_SSHD));
}

/// The whole file of i3lock and swaylock in Debian.
const AS_SHIPPED: &str = "auth include login\n";

#[test]
fn a_screen_locker_needs_the_stack_of_the_manual() {
    let machine = Machine::boot_with(&["pamtester"]);
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    let alice = set_up(&machine, "alice", PASSWORD);
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    // Screen lockers run as the user. These answer all questions alike.
    let unlock = |service: &str, answer: &str| {
        let words = ["pamtester", service, "alice", "authenticate"];
        let answers = format!("{answer}\n{answer}\n");
        machine.command(words).user("alice").stdin(answers).run()
    };
    machine.write_file("/etc/pam.d/i3lock", AS_SHIPPED);
    assert!(!unlock("i3lock", PASSWORD).success());
    let message =
        machine.expect_in_journal("pamtester", "the answer was the password, not the code");
    assert!(message.contains("This screen locker"), "{message}");
    assert!(!machine.journal("pamtester").contains(OF_SSHD));

    machine.write_file(
        "/etc/pam.d/i3lock",
        block("# /etc/pam.d/i3lock: password and code in one answer"),
    );
    begin_a_time_step(&machine, &alice.phone, 5);
    let joint = |code: &str| format!("{PASSWORD}{code}");
    assert!(!unlock("i3lock", &joint(&alice.phone.wrong_code())).success());
    let output = unlock("i3lock", &joint(&alice.phone.next_unused()));
    assert!(output.success(), "{output}");

    machine.write_file(
        "/etc/pam.d/swaylock",
        block("# /etc/pam.d/swaylock: the password alone"),
    );
    assert!(!unlock("swaylock", "battery staple").success());
    let output = unlock("swaylock", PASSWORD);
    assert!(output.success(), "{output}");
}

#[test]
fn a_file_server_is_advised_to_use_its_own_stack() {
    let machine = Machine::boot_with(&["pamtester"]);
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    // As in Debian's vsftpd.
    machine.write_file(
        "/etc/pam.d/vsftpd",
        "@include common-account\n@include common-session\n@include common-auth\n",
    );
    let login = machine.command(["pamtester", "vsftpd", "alice", "authenticate"]);
    let output = login.stdin(format!("{PASSWORD}\n{PASSWORD}\n")).run();
    assert!(!output.success(), "{output}");
    let message =
        machine.expect_in_journal("pamtester", "the answer was the password, not the code");
    assert!(message.contains("a stack of its own"), "{message}");
    assert!(!machine.journal("pamtester").contains(OF_SSHD));
}
