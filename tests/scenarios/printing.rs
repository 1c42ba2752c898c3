//! Backup codes on paper, through CUPS.

use std::path::Path;

use tfa_tests::Machine;

use crate::enroll::{SHELL, fetch, logged_in_with, text_of_pdf};
use crate::users::{
    Owner, PASSWORD, authenticate, backup_codes_in, machine_with_alice_set_up, set_up,
    ssh_to_code_prompt,
};

/// CUPS with a default printer whose pages become files.
fn machine_with_printer() -> (Machine, Owner) {
    const CREATE: &str = "
        model=$(lpinfo -m | grep -m1 -o '^[^ ]*CUPS-PDF[^ ]*')
        lpadmin -p PDF -v cups-pdf:/ -m \"$model\" -E && lpadmin -d PDF";
    let machine = Machine::boot_with(&["cups", "printer-driver-cups-pdf"]);
    machine.succeed(["bash", "-c", CREATE]);
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    let owner = set_up(&machine, "alice", PASSWORD);
    (machine, owner)
}

/// Waits for the only page that the printer has made for alice, and returns its text.
fn printed_page(machine: &Machine) -> String {
    const WAIT: &str =
        "until [ -z \"$(lpstat -o)\" ] && ls /home/alice/PDF/*.pdf; do sleep 0.2; done";
    let path = machine.succeed(["bash", "-c", WAIT]);
    text_of_pdf(&fetch(machine, Path::new(path.trim())))
}

#[test]
fn backup_codes_are_printed_and_not_shown() {
    let (machine, alice) = machine_with_printer();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("tfa-enroll codes --print");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("The backup codes were sent to the printer PDF. Fetch the page now.");
    terminal.expect(SHELL);
    assert_eq!(backup_codes_in(&terminal.transcript()), [""; 0]);
    let page = printed_page(&machine);
    let new = backup_codes_in(&page);
    assert_eq!(new.len(), 10, "{page}");
    for part in ["alice", "host", "Created:", "Each works once"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&new[9]);
    login.expect("Backup code used, 9 left.");
}

#[test]
fn print_at_the_question_prints_the_codes_on_the_screen() {
    let (machine, alice) = machine_with_printer();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("tfa-enroll codes");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let shown = backup_codes_in(&terminal.screen());
    terminal.type_line("print");
    terminal.expect("The backup codes were sent to the printer PDF.");
    terminal.expect("Press Enter to finish:");
    assert_eq!(backup_codes_in(&printed_page(&machine)), shown);
}

#[test]
fn without_a_printer_no_code_is_asked_for() {
    let (machine, alice) = machine_with_printer();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    let refused = |reason: &str| {
        terminal.type_line("tfa-enroll codes --print");
        terminal.expect(reason);
        terminal.expect("tfa-enroll codes --pdf FILE");
        terminal.expect(SHELL);
    };
    machine.succeed(["lpadmin", "-x", "PDF"]);
    refused("This host has no default printer.");
    machine.succeed([
        "systemctl",
        "mask",
        "--now",
        "cups.socket",
        "cups.path",
        "cups.service",
    ]);
    refused("The print service of this host is not running.");
    assert_eq!(backup_codes_in(&terminal.transcript()), [""; 0]);
    terminal.type_line("tfa-enroll status");
    terminal.expect("Backup codes left: 10");
}

#[test]
fn a_host_without_cups_names_the_missing_program() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("tfa-enroll codes --print");
    terminal.expect("This host cannot print: the program lpstat is not installed.");
    terminal.expect(SHELL);
}

#[test]
fn a_printer_that_refuses_the_page_leaves_the_codes_on_the_screen() {
    let (machine, alice) = machine_with_printer();
    machine.succeed(["cupsreject", "-r", "no paper", "PDF"]);
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("tfa-enroll codes --print");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("The backup codes were not printed on PDF:");
    terminal.expect("Press Enter when you have saved them:");
    assert_eq!(backup_codes_in(&terminal.screen()).len(), 10);
}
