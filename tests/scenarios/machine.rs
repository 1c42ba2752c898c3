//! The bare machine: it boots, users log in, and its clock can be moved.

use std::thread;

use tfa_tests::{Machine, Phone, read_qr};

#[test]
fn it_boots_without_failed_units() {
    let machine = Machine::boot_bare();
    assert_eq!(
        machine.succeed(["systemctl", "is-system-running"]).trim(),
        "running"
    );
}

#[test]
fn a_user_logs_in_over_ssh_with_the_password() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", "correct horse");
    machine.offer_questions();

    let terminal = machine.ssh("alice");
    terminal.expect("(alice@localhost) Password:");
    terminal.type_secret("battery staple");
    terminal.expect("(alice@localhost) Password:");
    terminal.type_secret("correct horse");
    terminal.expect("alice@host:~$");
    terminal.type_line(
        "loginctl show-session --value -p Service -p Remote $XDG_SESSION_ID | cat; exit",
    );
    terminal.expect("yes\nsshd");
    assert!(terminal.wait_exit().success());

    assert!(
        machine
            .journal("sshd")
            .contains("Accepted keyboard-interactive/pam for alice")
    );
    assert!(!terminal.transcript().contains("horse"));
}

#[test]
fn a_user_logs_in_over_ssh_with_a_key_and_another_address() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", "correct horse");
    machine.add_address("198.51.100.7");
    let key = machine.authorize_key("alice");

    let options = [
        "-i",
        &key,
        "-b",
        "198.51.100.7",
        "--",
        "echo",
        "$SSH_CONNECTION",
    ];
    let terminal = machine.ssh_with("alice", &options);
    terminal.expect("198.51.100.7 ");
    assert!(terminal.wait_exit().success());
}

#[test]
fn a_user_logs_in_on_the_console() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", "correct horse");

    let console = machine.console();
    console.expect("host login:");
    console.type_line("alice");
    console.expect("Password:");
    console.type_secret("correct horse");
    console.expect("alice@host:~$");
    console.type_line("tty");
    console.expect("/dev/");
    console.type_line("exit");
    console.expect("host login:");
}

#[test]
fn su_and_sudo_ask_for_the_password() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", "correct horse");
    machine.add_user("bob", "tractor");
    machine.add_to_group("alice", "sudo");

    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret("correct horse");
    terminal.expect("alice@host:~$");
    terminal.type_line("sudo -i");
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret("correct horse");
    terminal.expect("root@host:~#");

    let output = machine
        .command(["sudo", "-S", "id", "-un"])
        .user("alice")
        .stdin("wrong\n")
        .fail();
    assert!(
        output.stderr.contains("no password was provided"),
        "{output}"
    );
    assert_eq!(
        machine.run_as("bob", ["sudo", "-n", "true"]).code(),
        Some(1)
    );
}

#[test]
fn a_reboot_and_a_power_cut_keep_the_disk() {
    let mut machine = Machine::boot_bare();
    machine.write_file("/var/lib/test/file", "one");
    machine.write_file("/run/gone", "");

    machine.reboot();
    assert_eq!(machine.read_file("/var/lib/test/file"), "one");
    assert!(!machine.has_file("/run/gone"));
    machine.console().expect("host login:");

    machine.power_cut();
    assert_eq!(machine.read_file("/var/lib/test/file"), "one");
    machine.console().expect("host login:");
}

#[test]
fn two_machines_are_isolated() {
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(Machine::boot_bare);
        let other = scope.spawn(Machine::boot_bare);
        (one.join().unwrap(), other.join().unwrap())
    });
    one.add_user("alice", "correct horse");
    assert!(other.run(["id", "alice"]).code() == Some(1));
    one.succeed(["systemctl", "stop", "ssh.service"]);
    assert_eq!(
        other
            .succeed(["systemctl", "is-active", "ssh.service"])
            .trim(),
        "active"
    );
    assert_ne!(
        one.read_file("/etc/machine-id"),
        other.read_file("/etc/machine-id")
    );
}

#[test]
fn a_login_from_another_machine() {
    let (laptop, server) = (Machine::boot_bare(), Machine::boot_bare());
    laptop.connect("192.0.2.1", &server, "192.0.2.2");
    server.add_user("alice", "correct horse");

    let terminal = laptop.ssh_to("192.0.2.2", "alice", &["--", "echo $SSH_CONNECTION"]);
    terminal.expect("alice@192.0.2.2's password:");
    terminal.type_secret("correct horse");
    terminal.expect("192.0.2.1 ");
    assert!(terminal.wait_exit().success());
    assert!(
        server
            .journal("sshd")
            .contains("Accepted password for alice from 192.0.2.1")
    );
}

#[test]
fn a_services_clock_is_shifted_without_a_restart() {
    let machine = Machine::boot_bare();
    machine.write_file("/usr/local/bin/probe", PROBE);
    machine.write_file("/etc/systemd/system/probe.service", SANDBOXED);
    machine.succeed(["systemctl", "start", "probe.service"]);
    machine.expect_in_journal("probe", "wall clock +0 s, steady clock +0 s");

    machine.shift_clock_of("probe.service", 90);
    machine.expect_in_journal("probe", "wall clock +90 s, steady clock +0 s");
    let process = [
        "systemctl",
        "show",
        "--value",
        "--property=MainPID",
        "probe.service",
    ];
    let before = machine.succeed(process);

    machine.shift_clock_of("probe.service", 2_592_000);
    machine.expect_in_journal("probe", "wall clock +2592000 s, steady clock +0 s");
    machine.shift_clock_of("probe.service", -60);
    machine.expect_in_journal("probe", "wall clock -60 s, steady clock +0 s");
    assert_eq!(machine.succeed(process), before);
}

/// Prints the offset of its clocks from those of the machine whenever it changes. `date` without a
/// preloaded library and the kernel's uptime give the clocks of the machine.
const PROBE: &str = r#"#!/usr/bin/perl
use Time::HiRes qw(clock_gettime CLOCK_REALTIME CLOCK_MONOTONIC sleep);
$| = 1;
my $message = "";
while (1) {
    my $wall = clock_gettime(CLOCK_REALTIME) - `env -u LD_PRELOAD date +%s.%N`;
    open my $uptime, "<", "/proc/uptime" or die;
    my $steady = clock_gettime(CLOCK_MONOTONIC) - (split " ", <$uptime>)[0];
    my $now = sprintf "wall clock %+.0f s, steady clock %+.0f s\n", $wall, $steady;
    $now =~ s/-0 /+0 /g;
    print $now if $now ne $message;
    $message = $now;
    sleep 0.01;
}
"#;

/// A service with a sandbox like that of the daemon.
const SANDBOXED: &str = "[Service]
ExecStart=/usr/bin/perl /usr/local/bin/probe
ProtectSystem=strict
ProtectHome=yes
ProtectProc=default
PrivateTmp=yes
PrivateDevices=yes
PrivateNetwork=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
SystemCallFilter=@system-service
RestrictAddressFamilies=AF_UNIX
";

#[test]
fn a_machine_can_have_further_debian_packages() {
    let machine = Machine::boot_bare_with(&["libpam-oath"]);
    machine.succeed(["sh", "-c", "ls /usr/lib/*/security/pam_oath.so"]);
    assert_eq!(
        machine.succeed(["systemctl", "is-system-running"]).trim(),
        "running"
    );
}

#[test]
fn a_terminal_continues_after_the_last_match() {
    let machine = Machine::boot_bare();
    let story = "printf 'one \\033[31mtwo\\033[0m one\\n'; read answer; stty size; exit 3";
    let terminal = machine.terminal(["bash", "-c", story]);
    terminal.expect("one two");
    terminal.expect("one");
    terminal.resize(40, 100);
    terminal.type_line("and on");
    assert_eq!(terminal.expect_any(&["24 80", "40 100"]), 1);
    assert_eq!(terminal.wait_exit().code(), Some(3));
    assert_eq!(terminal.screen(), "one two one\nand on\n40 100");
}

#[test]
fn a_user_has_a_terminal_of_the_machine() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", "correct horse");
    let terminal =
        machine.terminal_as("alice", ["sh", "-c", "stat -c '%U %n' $(tty); pwd; id -un"]);
    terminal.expect("alice /dev/pts/");
    terminal.expect("/home/alice\nalice");
    assert!(terminal.wait_exit().success());
}

#[test]
fn a_camera_reads_a_qr_code_on_a_terminal() {
    let machine = Machine::boot_bare();
    machine.write_file("/root/blocks", QR_CODE);
    machine.write_file("/root/signs", in_ascii(QR_CODE));
    let picture = machine.scratch().join("screen.png");
    let uri = "otpauth://totp/host:alice?secret=JBSWY3DPEHPK3PXP";

    let terminal = machine.terminal(["cat", "blocks"]);
    terminal.wait_exit();
    terminal.screenshot(&picture);
    assert_eq!(read_qr(&picture), uri);

    let terminal = machine.terminal(["sh", "-c", "read size; cat signs"]);
    terminal.resize(50, 120);
    terminal.type_line("");
    terminal.wait_exit();
    terminal.screenshot(&picture);
    assert_eq!(read_qr(&picture), uri);

    let phone = Phone::from_picture(&picture);
    assert_eq!(
        (phone.label(), phone.secret()),
        ("host:alice", "JBSWY3DPEHPK3PXP")
    );
}

/// The same code in `##` and two spaces. A module is two columns wide and one row high.
fn in_ascii(blocks: &str) -> String {
    let row = |line: &str, lower: bool| {
        let signs = line.chars().map(|block| match (block, lower) {
            ('█', _) | ('▀', false) | ('▄', true) => "##",
            _ => "  ",
        });
        signs.collect::<String>() + "\n"
    };
    blocks
        .lines()
        .map(|line| row(line, false) + &row(line, true))
        .collect()
}

/// A QR code in half blocks. Light modules have the terminal's light colour.
const QR_CODE: &str = "\
█████████████████████████████████
██ ▄▄▄▄▄ █▀▄█▀ █▄▄  ▄▄██ ▄▄▄▄▄ ██
██ █   █ █▄   ▄ ▄ ▄▄▀█▄█ █   █ ██
██ █▄▄▄█ █ ▀█▀█▄█  ▀▄▀██ █▄▄▄█ ██
██▄▄▄▄▄▄▄█ ▀▄█ ▀ █ ▀ █▄█▄▄▄▄▄▄▄██
██▄ █▄▀█▄▄▀█ ▀█  ▀▄▀██▀█ ▄▄▀▄ ▀██
██▄▀▄▀▀█▄▀█▄▄██ █ ██▀▄  █ ▀█  ███
███▄ ▀▀▄▄█▄█▀▀ ▄ █ ▄  █▄▄██ ██▄██
██  ▄█  ▄▄▄ ▀█ ▀▀▀▀▀▀▀▀▀▄▄▄▄█ ▄██
██▄▀█▄▄█▄▀▄  ▄▄█ ▄▄▄▀▄█▀▀ ██▀▄▀██
██▄██▄ █▄▀▀██▀▄█▄▀▄  ▀█▄█▄▀▀▄▄▄██
██▄██▄▄█▄█▀ █▄█▄ █▀▀██ ▄▄▄ ▀  ▀██
██ ▄▄▄▄▄ █▄ ▄▀▀▄ ▀ █▀█ █▄█   ▄███
██ █   █ █▀▀▀▄▄▄▀█▄ █▀ ▄   ▄▀▀▄██
██ █▄▄▄█ █▀█▄ ▄ ██▄▀   ▀▀▄ ▀▄▀▄██
██▄▄▄▄▄▄▄█▄▄▄▄▄█▄█▄▄██▄██▄█▄█▄███
█████████████████████████████████
";
