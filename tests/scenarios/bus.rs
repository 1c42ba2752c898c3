//! Programs that speak to the daemon over the machine's bus in ways no command of the package
//! does: dialogs by the hundred, answers that never come. They are Perl, over `bus.pm`.

use tfa_tests::{Command, Machine};

const MODULE: &str = include_str!("bus.pm");

/// Puts `Bus` where every Perl program finds it.
pub(crate) fn bring_bus(machine: &Machine) {
    const PATH: &str = "/usr/local/lib/site_perl/Bus.pm";
    if !machine.has_file(PATH) {
        machine.write_file(PATH, MODULE);
    }
}

/// A Perl program with `Bus` at hand, and its arguments. Root runs it unless it says otherwise.
pub(crate) fn perl(machine: &Machine, program: &str, arguments: &[&str]) -> Command {
    bring_bus(machine);
    let program = format!("use strict; use warnings; use Bus; $| = 1;\n{program}");
    let words = ["perl".to_owned(), "-e".to_owned(), program, "--".to_owned()];
    machine.command(
        words
            .into_iter()
            .chain(arguments.iter().map(|&argument| argument.to_owned())),
    )
}

/// Answers login dialogs of alice's from another host with a wrong code, as often as said, as fast
/// as the daemon takes them, and gives the last turn. `tty` is where she sits; from afar if empty.
///
/// What the PAM module does is done here by root itself: nobody's patience is tried by a password
/// and a pause for each try.
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
    perl(machine, TRY, &[tty, code, &times.to_string()]).succeed()
}

/// What `tfactl show` knows of alice under a key; `null` where there is nothing.
pub(crate) fn shown(machine: &Machine, key: &str) -> String {
    let json = machine.succeed(["tfactl", "show", "alice", "--json"]);
    let label = format!("\"{key}\":");
    let value = json
        .lines()
        .find_map(|line| line.trim().strip_prefix(&*label));
    let value = value.unwrap_or_else(|| panic!("{key} is not in {json}"));
    value.trim().trim_end_matches(',').to_owned()
}
