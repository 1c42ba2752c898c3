//! Programs that call the daemon over the machine's bus in ways no command of the package does,
//! such as hundreds of dialogs, or calls without answers. They are written in Perl, with `bus.pm`.

use tfa_tests::{Command, Machine};

const MODULE: &str = include_str!("bus.pm");

/// Installs the module `Bus` where Perl finds it.
pub(crate) fn install_bus_module(machine: &Machine) {
    const PATH: &str = "/usr/local/lib/site_perl/Bus.pm";
    if !machine.has_file(PATH) {
        machine.write_file(PATH, MODULE);
    }
}

/// A Perl program that can use `Bus`, with its arguments. It runs as root by default.
pub(crate) fn run_perl(machine: &Machine, program: &str, arguments: &[&str]) -> Command {
    install_bus_module(machine);
    let program = format!("use strict; use warnings; use Bus; $| = 1;\n{program}");
    let words = ["perl".to_owned(), "-e".to_owned(), program, "--".to_owned()];
    machine.command(
        words
            .into_iter()
            .chain(arguments.iter().map(|&argument| argument.to_owned())),
    )
}

/// Answers login dialogs of alice with a wrong code, `times` times without a pause. Returns the
/// last turn. `tty` is her terminal; if it is empty, she logs in from another host.
///
/// Root makes the calls of the PAM module directly. This saves the password and the delay of each
/// try.
pub(crate) fn try_codes(machine: &Machine, tty: &str, code: &str, times: usize) -> String {
    const TRY: &str = r#"
        my ($tty, $code, $times) = @ARGV;
        my $bus = Bus->new;
        my $last = '';
        my @context = (tty => $tty || 'ssh', rhost => $tty ? '' : '192.0.2.66', service => 'sshd');
        while ($times-- > 0) {
            my ($dialog, $turn) = $bus->begin('alice', @context);
            $turn = $bus->answer($dialog, $code) if $dialog;
            $last = Bus::words($turn);
        }
        print $last;"#;
    run_perl(machine, TRY, &[tty, code, &times.to_string()]).succeed()
}

/// The value of a key in `tfactl show --json` for alice, or `null`.
pub(crate) fn shown(machine: &Machine, key: &str) -> String {
    let json = machine.succeed(["tfactl", "show", "alice", "--json"]);
    let label = format!("\"{key}\":");
    let value = json
        .lines()
        .find_map(|line| line.trim().strip_prefix(&*label));
    let value = value.unwrap_or_else(|| panic!("{key} is not in {json}"));
    value.trim().trim_end_matches(',').to_owned()
}
