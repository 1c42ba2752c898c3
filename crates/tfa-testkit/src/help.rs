//! Checks the help that a program prints.

use clap::Command;

/// The columns of the narrowest terminal that is supported.
const COLUMNS: usize = 80;

/// Checks that each line of the help of a program, and of all its commands, fits a terminal of 80 columns.
/// clap does not wrap the help, because its feature `wrap_help` is off: the width is the same everywhere.
///
/// # Panics
/// If a line is wider, or ends in blanks.
#[track_caller]
pub fn assert_help_fits(mut command: Command) {
    command.build();
    let mut wrong = Vec::new();
    let commands = collect(&mut command, &mut wrong);
    assert!(
        wrong.is_empty(),
        "{commands} commands:\n{}",
        wrong.join("\n")
    );
}

/// Returns the number of commands examined.
fn collect(command: &mut Command, wrong: &mut Vec<String>) -> usize {
    let help = command.render_help().to_string();
    let lines = help.lines();
    wrong.extend(
        lines
            .filter(|line| line.chars().count() > COLUMNS || *line != line.trim_end())
            .map(|line| format!("{}: {line}", command.get_bin_name().unwrap_or_default())),
    );
    let below: usize = command
        .get_subcommands_mut()
        .map(|below| collect(below, wrong))
        .sum();
    below + 1
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    #[test]
    #[should_panic(expected = "program outer inner: ")]
    fn a_wide_line_of_a_command_of_a_command_is_found() {
        let wide = Arg::new("wide").long("wide").help("x".repeat(COLUMNS));
        let inner = Command::new("inner").arg(wide);
        let outer = Command::new("outer").subcommand(inner);
        assert_help_fits(Command::new("program").subcommand(outer));
    }

    #[test]
    fn a_help_that_fits_is_accepted() {
        let inner = Command::new("inner").about("A command");
        assert_help_fits(
            Command::new("program")
                .subcommand(inner)
                .disable_help_subcommand(true),
        );
    }
}
