//! A local user sends messages to the daemon as fast as the bus accepts them. The daemon keeps
//! running within its memory limit, and other callers get replies.

use tfa_tests::Machine;

use crate::bus::run_perl;
use crate::users::{machine_with_alice_set_up, ssh_to_code_prompt};

/// The permitted growth in kilobytes.
const MAX_GROWTH: u64 = 16 << 10;

fn main_pid(machine: &Machine) -> String {
    let pid = ["systemctl", "show", "--property=MainPID", "--value", "tfad"];
    machine.succeed(pid).trim().to_owned()
}

/// The peak memory of the daemon in kilobytes.
fn peak(machine: &Machine) -> u64 {
    let status = machine.succeed(["cat", &format!("/proc/{}/status", main_pid(machine))]);
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let words = line.and_then(|line| line.split_whitespace().next());
    words.unwrap().parse().unwrap()
}

#[test]
fn a_flood_on_the_bus_costs_no_login_and_no_memory() {
    let (machine, alice) = machine_with_alice_set_up();
    let (pid, before) = (main_pid(&machine), peak(&machine));
    // Calls whose replies are not read, then calls without a reply. The bus limits only the first
    // kind.
    const FLOOD: &str = r#"
        my ($flags) = @ARGV;
        my @buses = map { Bus->new } 1 .. 8;
        my %fields = (1 => ['o', '/org/tfad/Tfa1'], 2 => ['s', 'org.tfad.Tfa1.Account'],
            3 => ['s', 'Status'], 6 => ['s', 'org.tfad.Tfa1']);
        my ($end, $calls) = (time + 4, 0);
        while (time < $end) {
            for my $bus (@buses) {
                $bus->raw(join '', map { $bus->message($flags, 1, {%fields}, '') } 1 .. 100);
                $calls += 100;
            }
            print "begun\n" if $calls == 800;
        }
        print "$calls sent\n";
        <STDIN>;
    "#;
    for flags in ["0", "1"] {
        let flood = run_perl(&machine, FLOOD, &[flags])
            .user("daemon")
            .terminal();
        flood.expect("begun");
        assert!(machine.succeed(["tfactl", "list"]).contains("alice"));
        let login = ssh_to_code_prompt(&machine, "alice");
        login.type_secret(&alice.phone.next_unused());
        login.expect("alice@host:~$");
        flood.expect(" sent");
        let growth = peak(&machine).saturating_sub(before);
        assert!(growth < MAX_GROWTH, "{growth} kB: {}", flood.transcript());
        flood.type_line("");
        assert!(flood.wait_exit().success());
    }
    assert_eq!(main_pid(&machine), pid);
    assert!(machine.succeed(["tfactl", "list"]).contains("alice"));
}

#[test]
fn on_dbus_broker_no_message_stops_the_daemon() {
    let machine = Machine::boot_with(&["dbus-broker"]);
    let service = ["systemctl", "show", "--property=Id", "--value", "dbus"];
    assert_eq!(machine.succeed(service).trim(), "dbus-broker.service");
    let pid = main_pid(&machine);
    // dbus-broker forwards header fields that are not in the specification.
    const MESSAGES: &str = r#"
        my %call = (1 => ['o', '/org/tfad/Tfa1'], 2 => ['s', 'org.tfad.Tfa1.Account'],
            3 => ['s', 'Refusal'], 6 => ['s', 'org.tfad.Tfa1']);
        my $bus = Bus->new;
        $bus->send(1, {%call, @$_}, '') for [10 => ['s', '']], [200 => ['u', 7]];
        $bus->tfa('Account', 'Refusal', '');
        print "answered\n";
    "#;
    let text = run_perl(&machine, MESSAGES, &[]).user("daemon").succeed();
    assert_eq!(text.trim(), "answered");
    assert_eq!(main_pid(&machine), pid);
}
