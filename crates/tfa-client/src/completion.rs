//! Completions for shells, made from the command line. `make install` runs each command with [`OPTION`]
//! for them.

use std::io::{self, Write};

use clap::{Arg, Command, ValueHint};
use clap_complete::{Shell, generate};

/// The option, before the name of the shell: bash, zsh or fish. It is not for users.
const OPTION: &str = "--generate-completion";

/// The argument that is a login name.
const USER: &str = "user";

/// The shell whose completion is asked for.
pub(crate) fn requested(mut arguments: impl Iterator<Item = String>) -> Option<Shell> {
    arguments.nth(1).filter(|first| first == OPTION)?;
    arguments.next()?.parse().ok()
}

/// Prints the completion. A reader that leaves gets a part of it.
pub(crate) fn print(command: Command, shell: Shell) {
    let _ = io::stdout().write_all(&completion(command, shell));
}

fn completion(command: Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut command = with_user_names(command);
    let mut completion = Vec::new();
    generate(shell, &mut command, name.as_str(), &mut completion);
    if shell == Shell::Bash {
        completion = with_one_name(&completion, &name);
    }
    let commands = commands_with_user(&command);
    let names = match shell {
        Shell::Bash if !commands.is_empty() => names_for_bash(command.get_name(), &commands),
        Shell::Fish => names_for_fish(command.get_name(), &commands),
        _ => String::new(),
    };
    completion.extend_from_slice(names.as_bytes());
    completion
}

/// clap_complete 4.6 writes the name of a program with a hyphen in two ways in its script for bash, and
/// then finds no options of its commands.
fn with_one_name(script: &[u8], name: &str) -> Vec<u8> {
    let script = String::from_utf8_lossy(script);
    let (other, usual) = (name.replace('-', "__subcmd__"), name.replace('-', "__"));
    script.replace(&other, &usual).into_bytes()
}

/// The same command, in which zsh completes login names.
fn with_user_names(command: Command) -> Command {
    let hinted = |argument: Arg| match argument.get_id() == USER {
        true => argument.value_hint(ValueHint::Username),
        false => argument,
    };
    command.mut_args(hinted).mut_subcommands(with_user_names)
}

/// What bash needs besides the completion of clap, which does not complete login names: after a command
/// that takes one, they are offered too.
fn names_for_bash(name: &str, commands: &[String]) -> String {
    let function = name.replace('-', "__");
    let commands: Vec<String> = commands.iter().map(|typed| format!("'{typed}'")).collect();
    let commands = commands.join("|");
    format!(
        r#"
_{function}_with_users() {{
    _{function} "$@"
    local word cur=${{COMP_WORDS[COMP_CWORD]}} command=
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ $word == -* ]] && break
        command+=${{command:+ }}$word
    done
    case "$command" in
        {commands})
            if [[ $cur != -* ]]; then
                COMPREPLY+=($(compgen -u -- "$cur"))
            fi
            ;;
    esac
}}

complete -F _{function}_with_users -o bashdefault -o default {name}
"#
    )
}

/// The same for fish.
fn names_for_fish(name: &str, commands: &[String]) -> String {
    let line = |typed: &String| {
        let seen = typed.split(' ');
        let seen = seen.map(|word| format!("__fish_seen_subcommand_from {word}"));
        let seen = seen.collect::<Vec<_>>().join("; and ");
        format!("complete -c {name} -n \"{seen}\" -f -a \"(__fish_complete_users)\"\n")
    };
    commands.iter().map(line).collect()
}

/// The commands that take a login name, as they are typed.
fn commands_with_user(command: &Command) -> Vec<String> {
    let mut commands = Vec::new();
    collect(command, "", &mut commands);
    commands
}

fn collect(command: &Command, typed: &str, found: &mut Vec<String>) {
    let is_user = |argument: &Arg| argument.get_id() == USER && argument.is_positional();
    if command.get_arguments().any(is_user) {
        found.push(typed.to_owned());
    }
    for inner in command.get_subcommands() {
        let typed = format!("{typed} {}", inner.get_name());
        collect(inner, typed.trim_start(), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let user = || Arg::new("user");
        Command::new("tool")
            .subcommand(
                Command::new("show")
                    .arg(user())
                    .arg(Arg::new("json").long("json")),
            )
            .subcommand(Command::new("policy").subcommand(Command::new("check")))
            .subcommand(
                Command::new("device")
                    .subcommand(Command::new("list").arg(user()).arg(Arg::new("id"))),
            )
    }

    fn text(shell: Shell) -> String {
        String::from_utf8(completion(command(), shell)).unwrap()
    }

    #[test]
    fn login_names_are_completed_where_a_command_takes_one() {
        let bash = text(Shell::Bash);
        assert!(bash.contains("'show'|'device list')"), "{bash}");
        assert!(text(Shell::Zsh).contains(":_users"));
        assert!(text(Shell::Fish).contains("__fish_complete_users"));
        let without = completion(Command::new("tool"), Shell::Bash);
        assert!(!String::from_utf8(without).unwrap().contains("compgen -u"));
    }

    #[test]
    fn options_of_a_program_with_a_hyphen_are_completed_in_bash() {
        let show = Command::new("show").arg(Arg::new("json").long("json"));
        let tool = Command::new("a-tool").subcommand(show);
        let script = String::from_utf8(completion(tool, Shell::Bash)).unwrap();
        let assigned = script
            .lines()
            .filter_map(|line| line.trim().strip_prefix("cmd=\"")?.strip_suffix('"'));
        for command in assigned.filter(|command| !command.is_empty()) {
            let label = format!("        {command})");
            assert!(
                script.lines().any(|line| line == label),
                "{label}: {script}"
            );
        }
    }

    #[test]
    fn a_completion_is_made_only_on_request() {
        let of = |words: &[&str]| requested(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(of(&["tool", OPTION, "zsh"]), Some(Shell::Zsh));
        assert_eq!(of(&["tool", OPTION, "csh"]), None);
        assert_eq!(of(&["tool", "show", OPTION, "zsh"]), None);
        assert_eq!(of(&["tool"]), None);
    }
}
