//! Compares a manual page with the command line that a program parses.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, Command};

/// The long options of each command; the program itself has an empty name.
type Options = BTreeMap<String, BTreeSet<String>>;

/// Checks that the synopsis of a page has every command and every option of the program, and no others,
/// and that the page has an item for each option.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn assert_manual_page(command: &Command, page: &str) {
    let global: BTreeSet<String> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .filter_map(long)
        .collect();
    let mut parsed = Options::new();
    collect(command, "", &mut parsed);
    let mut documented = synopsis(page);
    // A program that can run without a command, or has only commands.
    parsed
        .entry(String::new())
        .or_default()
        .extend(global.clone());
    let program = documented.entry(String::new()).or_default();
    program.extend(global.clone());
    for (command, options) in &mut documented {
        if !command.is_empty() {
            options.retain(|option| !global.contains(option));
        }
    }
    assert_eq!(documented, parsed, "left: the page, right: the program");
    let items = page.lines().filter(|line| line.starts_with(".It "));
    let described: BTreeSet<String> = items.flat_map(|line| options(&words(line))).collect();
    let all: BTreeSet<String> = parsed.into_values().flatten().collect();
    let missing: Vec<_> = all.difference(&described).collect();
    assert!(missing.is_empty(), "no item: {missing:?}");
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The long options among the words of a line.
fn options(words: &[&str]) -> BTreeSet<String> {
    words
        .windows(2)
        .filter(|pair| matches!(pair, ["Fl" | ".Fl", _]))
        .filter_map(|pair| pair.get(1)?.strip_prefix('-'))
        .map(str::to_owned)
        .collect()
}

fn collect(command: &Command, typed: &str, parsed: &mut Options) {
    let has_commands = command.get_subcommands().next().is_some();
    let options: BTreeSet<String> = command
        .get_arguments()
        .filter(|argument| !argument.is_global_set())
        .filter_map(long)
        .collect();
    // `devices` alone is a command too, and `policy` alone is not.
    let is_only_a_group = has_commands && command.is_subcommand_required_set();
    if !typed.is_empty() && !is_only_a_group {
        parsed.insert(typed.to_owned(), options);
    }
    for inner in command.get_subcommands() {
        let typed = format!("{typed} {}", inner.get_name());
        collect(inner, typed.trim_start(), parsed);
    }
}

fn long(argument: &Arg) -> Option<String> {
    let long = argument.get_long()?;
    (!argument.is_hide_set()).then(|| long.to_owned())
}

/// The commands and options of the synopsis of a page in mdoc(7).
fn synopsis(page: &str) -> Options {
    let mut documented = Options::new();
    let lines = page.lines().skip_while(|line| *line != ".Sh SYNOPSIS");
    let mut commands = vec![String::new()];
    for line in lines.skip(1).take_while(|line| !line.starts_with(".Sh")) {
        let words = words(line);
        match words.as_slice() {
            [".Nm", ..] => commands = vec![String::new()],
            [".Cm", names @ ..] => {
                let end = names.iter().position(|word| is_macro(word));
                let (names, rest) = names.split_at(end.unwrap_or(names.len()));
                commands = names
                    .split(|word| *word == "|")
                    .map(|words| words.join(" "))
                    .collect();
                add(&mut documented, &commands, rest);
                continue;
            }
            _ => {}
        }
        add(&mut documented, &commands, &words);
    }
    documented
}

fn add(documented: &mut Options, commands: &[String], words: &[&str]) {
    let mut options = options(words);
    if let Some(at) = words.windows(2).position(|pair| pair == ["options", "of"]) {
        let other = words.get(at + 2).copied().unwrap_or_default();
        options.extend(documented.get(other).cloned().unwrap_or_default());
    }
    for command in commands {
        if !command.is_empty() || !options.is_empty() {
            documented
                .entry(command.clone())
                .or_default()
                .extend(options.clone());
        }
    }
}

fn is_macro(word: &str) -> bool {
    matches!(word, "Ar" | "Fl" | "Op")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
.Sh SYNOPSIS
.Nm tool
.Cm list
.Op Fl -all | Fl -none
.Nm tool
.Cm key rotate Ar NAME Fl -json
.Nm tool
.Cm pause | resume
.Sh DESCRIPTION
.Fl -other
.It Fl -all
.It Fl -none , Fl -json
";

    fn tool() -> Command {
        let flag = |name: &'static str| Arg::new(name).long(name);
        let list = Command::new("list").arg(flag("all")).arg(flag("none"));
        let rotate = Command::new("rotate")
            .arg(flag("json"))
            .arg(Arg::new("name"));
        let key = Command::new("key")
            .subcommand_required(true)
            .subcommand(rotate);
        Command::new("tool")
            .subcommand(list)
            .subcommand(key)
            .subcommand(Command::new("pause"))
            .subcommand(Command::new("resume"))
    }

    #[test]
    fn a_page_with_all_commands_and_options_passes() {
        assert_manual_page(&tool(), PAGE);
    }

    #[test]
    fn what_is_missing_on_either_side_fails() {
        let fails = |command: Command, page: String| {
            let compare = || assert_manual_page(&command, &page);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare)).is_err()
        };
        assert!(fails(tool(), PAGE.replace(" | Fl -none", "")));
        assert!(fails(tool(), PAGE.replace("-none", "-some")));
        assert!(fails(tool(), PAGE.replace(".It Fl -all\n", "")));
        assert!(fails(tool(), PAGE.replace("key rotate", "key turn")));
        assert!(fails(
            tool().subcommand(Command::new("new")),
            PAGE.to_owned()
        ));
    }
}
