//! The options with which systemd starts sshd, as far as they change its configuration: `-f` and `-o`.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tfa_doctor::sshd::config::{ConfigLine, MAIN, option};

use super::output::output;

/// The names of the unit, as D-Bus paths spell them: on Debian, and elsewhere.
const UNITS: [(&str, &str); 2] = [
    ("ssh.service", "ssh_2eservice"),
    ("sshd.service", "sshd_2eservice"),
];
const PROGRAM: &str = "/sshd";

/// The options.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// What to add to the command line of sshd.
    pub(super) words: Vec<String>,
    /// The file of `-f`.
    pub(super) main: Option<String>,
    /// The settings of `-o`.
    pub(super) lines: Vec<ConfigLine>,
}

/// A command line of a unit: the program, its words, whether a failure is ignored, and when it ran.
type Command = (String, Vec<String>, bool, u64, u64, u64, u64, u32, i32, i32);

#[derive(Deserialize)]
struct Property<T> {
    data: T,
}

/// Reads them from the unit that starts sshd. Without one there are none.
pub(super) fn read() -> Options {
    UNITS
        .iter()
        .find_map(|(name, path)| of_unit(name, path))
        .unwrap_or_default()
}

fn of_unit(name: &str, path: &str) -> Option<Options> {
    let commands: Vec<Command> = property(path, "ExecStart")?;
    let command = commands
        .into_iter()
        .find(|(program, ..)| program.ends_with(PROGRAM))?;
    let own: Vec<String> = property(path, "Environment").unwrap_or_default();
    let mut variables: BTreeMap<String, (String, String)> = own
        .iter()
        .filter_map(|variable| variable.split_once('='))
        .map(|(key, value)| (key.to_owned(), (value.to_owned(), name.to_owned())))
        .collect();
    let files: Vec<(String, bool)> = property(path, "EnvironmentFiles").unwrap_or_default();
    for (file, _) in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let known = assignments(&text).map(|(key, value)| (key, (value, file.clone())));
        variables.extend(known);
    }
    Some(parse(&expand(name, &command.1, &variables)))
}

fn property<T: DeserializeOwned>(unit: &str, name: &str) -> Option<T> {
    let path = format!("/org/freedesktop/systemd1/unit/{unit}");
    let arguments = [
        "--json=short",
        "get-property",
        "org.freedesktop.systemd1",
        &path,
        "org.freedesktop.systemd1.Service",
        name,
    ];
    let output = output("busctl", &arguments).ok()?;
    let property: Property<T> = serde_json::from_slice(&output.stdout).ok()?;
    Some(property.data)
}

/// The variables of an environment file, without quotation marks around the values.
fn assignments(text: &str) -> impl Iterator<Item = (String, String)> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';']));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| {
        let value = value.trim();
        let inner = ['"', '\'']
            .into_iter()
            .find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark));
        (key.trim().to_owned(), inner.unwrap_or(value).to_owned())
    })
}

/// The words after the program, each with the place that it comes from. `$NAME` is replaced by the words of the
/// variable, and `${NAME}` by its value, as systemd does.
fn expand(
    unit: &str,
    words: &[String],
    variables: &BTreeMap<String, (String, String)>,
) -> Vec<(String, String)> {
    let mut expanded = Vec::new();
    for word in words.iter().skip(1) {
        let whole = word
            .strip_prefix('$')
            .filter(|name| !name.starts_with(['{', '$']));
        match whole.map(|name| variables.get(name)) {
            Some(Some((value, place))) => {
                let parts = value
                    .split_whitespace()
                    .map(|part| part.trim_matches(['"', '\'']));
                expanded.extend(parts.map(|part| (part.to_owned(), place.clone())));
            }
            Some(None) => {}
            None => {
                let named = |word: &String, (name, (value, _)): (&String, &(String, String))| {
                    word.replace(&format!("${{{name}}}"), value)
                };
                let word = variables
                    .iter()
                    .fold(word.clone(), |word, one| named(&word, one));
                expanded.push((word, unit.to_owned()));
            }
        }
    }
    expanded
}

/// The options that change the configuration. Others of sshd that take a value are passed over with it.
fn parse(words: &[(String, String)]) -> Options {
    const WITH_VALUE: &str = "bCcEfghkopu";
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some((word, place)) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            continue;
        };
        let Some(at) = letters.find(|letter| WITH_VALUE.contains(letter)) else {
            continue;
        };
        let (_, rest) = letters.split_at(at);
        let (letter, value) = rest.split_at(1);
        let value = match value {
            "" => words
                .next()
                .map(|(value, _)| value.as_str())
                .unwrap_or_default(),
            value => value,
        };
        match letter {
            "f" => options.main = Some(value.to_owned()).filter(|file| file != MAIN),
            "o" => options.lines.extend(option(place, value)),
            _ => continue,
        }
        options
            .words
            .extend([format!("-{letter}"), value.to_owned()]);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str], variables: &[(&str, &str)]) -> Options {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let file = "/etc/default/ssh".to_owned();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), ((*value).to_owned(), file.clone())))
            .collect();
        parse(&expand("ssh.service", &words, &variables))
    }

    #[test]
    fn the_options_of_a_variable_stand_in_its_file() {
        let words = ["/usr/sbin/sshd", "-D", "$SSHD_OPTS", "-p", "22"];
        let value = "-4 -oUsePAM=no -o 'LoginGraceTime=1m'";
        let found = options(&words, &[("SSHD_OPTS", value)]);
        assert_eq!(found.words, ["-o", "UsePAM=no", "-o", "LoginGraceTime=1m"]);
        let keywords: Vec<_> = found
            .lines
            .iter()
            .map(|line| line.keyword.as_str())
            .collect();
        assert_eq!(keywords, ["usepam", "logingracetime"]);
        assert!(
            found
                .lines
                .iter()
                .all(|line| line.place == "/etc/default/ssh")
        );
        assert_eq!(options(&words, &[("SSHD_OPTS", "")]), Options::default());
        assert_eq!(options(&words, &[]), Options::default());
    }

    #[test]
    fn another_file_and_an_option_of_the_unit_itself_are_found() {
        let words = [
            "/usr/sbin/sshd",
            "-Df",
            "${FILE}",
            "-o",
            "UsePAM no",
            "-u",
            "0",
        ];
        let found = options(&words, &[("FILE", "/etc/ssh/inner")]);
        assert_eq!(found.main.as_deref(), Some("/etc/ssh/inner"));
        assert_eq!(found.words, ["-f", "/etc/ssh/inner", "-o", "UsePAM no"]);
        let line = &found.lines[0];
        assert_eq!(
            (line.place.as_str(), line.keyword.as_str()),
            ("ssh.service", "usepam")
        );
        assert_eq!(line.values, ["no"]);
    }

    #[test]
    fn an_environment_file_has_quoted_values_and_comments() {
        let text = "# -o UsePAM=no\nSSHD_OPTS=\"-o UsePAM=yes\"\nOTHER='a b'\nPLAIN=c\n";
        let found: Vec<_> = assignments(text).collect();
        let expected = [
            ("SSHD_OPTS", "-o UsePAM=yes"),
            ("OTHER", "a b"),
            ("PLAIN", "c"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found, expected);
    }
}
