//! How systemd starts sshd: the program, and the options that change its configuration, `-f` and `-o`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tfa_doctor::Unit;
use tfa_doctor::sshd::config::{ConfigLine, MAIN, option};

use super::bounded::whole_bytes;
use super::environment::{Piece, assignments, pieces, words};
use super::include;
use super::missed::in_time;
use super::output::output;
use super::systemd;
use crate::messages;

/// The program of the packages.
pub(super) const PROGRAM: &str = "/usr/sbin/sshd";
const NAME: &str = "sshd";
/// The units on Debian, and elsewhere.
const UNITS: [&str; 2] = ["ssh.service", "sshd.service"];
/// The sockets that may start them.
const SOCKETS: [&str; 2] = ["ssh.socket", "sshd.socket"];
/// The instance that stands for each connection of a socket.
const INSTANCE: &str = "tfa";
/// Settings on which no finding depends.
const WITHOUT_FINDING: [&str; 6] = [
    "addressfamily",
    "authorizedkeysfile",
    "listenaddress",
    "loglevel",
    "pidfile",
    "port",
];

/// A start of sshd.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The unit; empty without one.
    unit: String,
    pub(super) program: String,
    /// What to add to the command line of sshd.
    pub(super) words: Vec<String>,
    /// The file of `-f`.
    pub(super) main: Option<String>,
    /// The settings of `-o`.
    pub(super) lines: Vec<ConfigLine>,
    /// The environment files.
    pub(super) files: BTreeSet<String>,
}

impl Start {
    fn of(unit: &str, program: &str) -> Self {
        Self {
            unit: unit.to_owned(),
            program: program.to_owned(),
            words: Vec::new(),
            main: None,
            lines: Vec::new(),
            files: BTreeSet::new(),
        }
    }

    /// Whether another start has the same settings, as far as findings depend on them.
    fn is_like(&self, other: &Self) -> bool {
        let of = |start: &Self| -> Vec<(String, String)> {
            let lines = start.lines.iter().filter(|line| is_judged(line));
            let pairs = lines.map(|line| (line.keyword.clone(), line.rest.clone()));
            pairs.collect()
        };
        self.program == other.program && self.main == other.main && of(self) == of(other)
    }
}

fn is_judged(line: &ConfigLine) -> bool {
    !WITHOUT_FINDING.contains(&line.keyword.as_str())
}

/// The start that is examined, and why others may differ from it, in whole sentences. Without a unit, it is that
/// of the program without options.
pub(super) fn read() -> (Start, Vec<String>) {
    let mut not_examined = Vec::new();
    let mut starts: Vec<Start> = Vec::new();
    let units = match systemd::is_running() {
        true => units(),
        false => Ok(Vec::new()),
    };
    for unit in units.unwrap_or_else(|why| {
        not_examined.push(messages::sshd_units_not_known(&why));
        Vec::new()
    }) {
        match start(&unit) {
            Ok(start) => starts.push(start),
            Err(why) => not_examined.push(messages::sshd_start_not_known(&unit, &why)),
        }
    }
    let mut starts = starts.into_iter();
    let mut first = starts.next().unwrap_or_else(|| Start::of("", PROGRAM));
    for other in starts {
        if !first.is_like(&other) {
            not_examined.push(messages::other_sshd(&other.unit, &first.unit));
        }
        first.files.extend(other.files);
        first.files.insert(other.program);
    }
    (first, not_examined)
}

fn show(properties: &str, units: &[&str]) -> Result<Vec<Unit>, String> {
    let properties = format!("Id,ActiveState,UnitFileState,{properties}");
    systemd::units(&properties, units)
}

/// The names of the units that start sshd, those of the packages first. If none is in use, those that could.
fn units() -> Result<Vec<String>, String> {
    let sockets = show("Accept", &[&SOCKETS[..], &["*.socket"]].concat())?;
    let sockets: Vec<Unit> = sockets.into_iter().filter(Unit::is_in_use).collect();
    // A socket with a process for each connection starts an instance of the unit of its name.
    let instances = sockets.iter().filter_map(|socket| {
        let name = socket.value("Id").strip_suffix(".socket")?;
        let is_ours = name.contains("ssh") && socket.value("Accept") == "yes";
        is_ours.then(|| format!("{name}@{INSTANCE}.service"))
    });
    let instances: Vec<String> = instances.collect();
    let names = UNITS
        .into_iter()
        .chain(instances.iter().map(String::as_str));
    let names: Vec<&str> = names.chain(["*.service"]).collect();
    let shown = show("ExecStart,TriggeredBy,LoadState", &names)?;
    let is_known = |unit: &Unit| names.contains(&unit.value("Id"));
    let is_triggered = |unit: &Unit| {
        let mut triggers = unit.value("TriggeredBy").split(' ');
        triggers.any(|trigger| sockets.iter().any(|socket| socket.value("Id") == trigger))
    };
    let is_instance = |unit: &Unit| instances.iter().any(|name| name == unit.value("Id"));
    let mut candidates: Vec<&Unit> = Vec::new();
    for unit in &shown {
        let is_candidate = unit.value("LoadState") == "loaded"
            && (is_known(unit) || names_sshd(unit.value("ExecStart")));
        let is_double = candidates
            .iter()
            .any(|other| other.value("Id") == unit.value("Id"));
        if is_candidate && !is_double {
            candidates.push(unit);
        }
    }
    let used = candidates
        .iter()
        .filter(|unit| unit.is_in_use() || is_triggered(unit) || is_instance(unit));
    let used: Vec<String> = used.map(|unit| unit.value("Id").to_owned()).collect();
    match used.is_empty() {
        true => {
            let first = candidates.first().map(|unit| unit.value("Id").to_owned());
            Ok(first.into_iter().collect())
        }
        false => Ok(used),
    }
}

/// Whether a text has a path of a program with the name of sshd.
fn names_sshd(text: &str) -> bool {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    let mut words = text.split(|c: char| !is_of_path(c));
    words.any(|word| word.rsplit('/').next() == Some(NAME))
}

/// A command line of a unit: the program, its words, whether a failure is ignored, and when it ran.
type Command = (String, Vec<String>, bool, u64, u64, u64, u64, u32, i32, i32);

/// How a unit starts sshd, or why that is not known.
fn start(unit: &str) -> Result<Start, String> {
    const SERVICE: &str = "Service";
    let path = format!("/org/freedesktop/systemd1/unit/{}", path_part(unit));
    let commands: Vec<Command> = property(&path, SERVICE, "ExecStart")?;
    let is_sshd = |program: &str| program.rsplit('/').next() == Some(NAME);
    let mut commands = commands.into_iter();
    let command = commands.find(|(program, ..)| is_sshd(program));
    let Some((program, words, ..)) = command else {
        return Err(messages::NO_SSHD_COMMAND.to_owned());
    };
    for name in ["RootDirectory", "RootImage"] {
        if !property::<String>(&path, SERVICE, name)?.is_empty() {
            return Err(messages::unit_has(name));
        }
    }
    let manager: Vec<String> = property("/org/freedesktop/systemd1", "Manager", "Environment")?;
    let own: Vec<String> = property(&path, SERVICE, "Environment")?;
    let passed: Vec<String> = property(&path, SERVICE, "PassEnvironment")?;
    let mut variables = Variables {
        passed: passed.into_iter().collect(),
        ..Variables::default()
    };
    variables.add(&manager, unit);
    variables.add(&own, unit);
    let files: Vec<(String, bool)> = property(&path, SERVICE, "EnvironmentFiles")?;
    for (pattern, _) in files {
        variables.read(&pattern)?;
    }
    for name in property::<Vec<String>>(&path, SERVICE, "UnsetEnvironment")? {
        variables.known.remove(&name);
    }
    let start = parse(unit, &program, &variables.expand(unit, &words))?;
    Ok(Start {
        files: variables.files,
        ..start
    })
}

/// The name of a unit in a D-Bus path.
fn path_part(unit: &str) -> String {
    let escaped = unit.bytes().map(|byte| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("_{byte:02x}"),
    });
    escaped.collect()
}

#[derive(Deserialize)]
struct Property<T> {
    data: T,
}

fn property<T: DeserializeOwned>(path: &str, interface: &str, name: &str) -> Result<T, String> {
    let interface = format!("org.freedesktop.systemd1.{interface}");
    let arguments = [
        "--json=short",
        "get-property",
        "org.freedesktop.systemd1",
        path,
        &interface,
        name,
    ];
    let output = output("busctl", &arguments)?;
    let property: Option<Property<T>> = serde_json::from_slice(&output.stdout).ok();
    let property = property.map(|property| property.data);
    property.ok_or_else(|| messages::program_failed("busctl", name))
}

/// The variables of a unit.
#[derive(Default)]
struct Variables {
    /// Their values, and where they stand.
    known: BTreeMap<String, (String, String)>,
    /// The names of those that systemd passes on from its own environment.
    passed: BTreeSet<String>,
    /// The environment files.
    files: BTreeSet<String>,
}

/// A word of a command line, and where it stands.
struct Word {
    text: String,
    place: String,
    /// It has the value of each variable.
    is_whole: bool,
}

impl Variables {
    fn add(&mut self, pairs: &[String], place: &str) {
        let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
        let known =
            pairs.map(|(name, value)| (name.to_owned(), (value.to_owned(), place.to_owned())));
        self.known.extend(known);
    }

    /// Adds those of the environment files that a pattern matches, or tells which one was not read.
    fn read(&mut self, pattern: &str) -> Result<(), String> {
        let not_read = |file: &str| messages::environment_not_read(file);
        let all = pattern.to_owned();
        let files = in_time(move || {
            let files = include::matching(&all)?.into_iter();
            let read = |file: String| (whole_bytes(Path::new(&file)), file);
            Some(files.map(read).collect::<Vec<_>>())
        });
        for (bytes, file) in files.flatten().ok_or_else(|| not_read(pattern))? {
            let read = bytes.and_then(|bytes| assignments(&bytes));
            for (name, value) in read.ok_or_else(|| not_read(&file))? {
                self.known.insert(name, (value, file.clone()));
            }
            self.files.insert(file);
        }
        Ok(())
    }

    /// Whether systemd may set a variable that is not known here.
    fn may_be_set(&self, name: &str) -> bool {
        const OF_SYSTEMD: [&str; 6] = ["HOME", "INVOCATION_ID", "LOGNAME", "PATH", "SHELL", "USER"];
        self.passed.contains(name) || OF_SYSTEMD.contains(&name) || name.ends_with("_DIRECTORY")
    }

    /// The words after the program. `$NAME` is replaced by the words of the variable, and `${NAME}` by its value
    /// (`replace_env_argv`).
    fn expand(&self, unit: &str, all: &[String]) -> Vec<Word> {
        let mut expanded = Vec::new();
        for word in all.iter().skip(1) {
            let name = word
                .strip_prefix('$')
                .filter(|name| !name.starts_with(['{', '$']));
            let Some(name) = name else {
                expanded.push(self.fill(unit, word));
                continue;
            };
            if let Some((value, place)) = self.known.get(name) {
                expanded.extend(words(value).into_iter().map(|text| Word {
                    text,
                    place: place.clone(),
                    is_whole: true,
                }));
            } else if self.may_be_set(name) {
                expanded.push(Word {
                    text: word.clone(),
                    place: unit.to_owned(),
                    is_whole: false,
                });
            }
        }
        expanded
    }

    fn fill(&self, unit: &str, word: &str) -> Word {
        let mut filled = Word {
            text: String::new(),
            place: unit.to_owned(),
            is_whole: true,
        };
        for piece in pieces(word) {
            match piece {
                Piece::Text(text) => filled.text.push_str(&text),
                Piece::Variable(name) => match self.known.get(&name) {
                    Some((value, _)) => filled.text.push_str(value),
                    None => filled.is_whole &= !self.may_be_set(&name),
                },
            }
        }
        filled
    }
}

/// The options that change the configuration. Others of sshd that take a value are passed over with it. Fails if
/// one of them has a variable that is not known.
fn parse(unit: &str, program: &str, words: &[Word]) -> Result<Start, String> {
    const WITH_VALUE: &str = "bCcEfghkopu";
    let mut start = Start::of(unit, program);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.text.strip_prefix('-') else {
            if !word.is_whole {
                return Err(messages::variable_not_known(&word.text));
            }
            continue;
        };
        let Some(at) = letters.find(|letter| WITH_VALUE.contains(letter)) else {
            continue;
        };
        let (_, rest) = letters.split_at(at);
        let (letter, value) = rest.split_at(1);
        let (value, value_word) = match value {
            "" => words
                .next()
                .map_or(("", word), |next| (next.text.as_str(), next)),
            value => (value, word),
        };
        let line = match letter {
            "f" => None,
            "o" => option(&word.place, value),
            _ => continue,
        };
        let is_judged = line.as_ref().is_none_or(is_judged);
        if is_judged && !value_word.is_whole {
            return Err(messages::variable_not_known(value));
        }
        if letter == "f" {
            if !value.starts_with('/') && !value.eq_ignore_ascii_case(NO_FILE) {
                return Err(messages::file_of_other_folder(value));
            }
            start.main = Some(value.to_owned()).filter(|file| file != MAIN);
        }
        if value_word.is_whole {
            start.words.extend([format!("-{letter}"), value.to_owned()]);
            start.lines.extend(line);
        }
    }
    Ok(start)
}

/// The file of `-f` with which sshd reads none.
pub(super) const NO_FILE: &str = "none";

#[cfg(test)]
mod tests {
    use tfa_doctor::sshd::config::Place;

    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        let file = "/etc/default/ssh".to_owned();
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), ((*value).to_owned(), file.clone())));
        Variables {
            known: values.collect(),
            passed: BTreeSet::from(["PASSED".to_owned()]),
            files: BTreeSet::new(),
        }
    }

    fn start(words: &[&str], values: &[(&str, &str)]) -> Result<Start, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let words = variables(values).expand("ssh.service", &words);
        parse("ssh.service", PROGRAM, &words)
    }

    #[test]
    fn the_options_of_a_variable_stand_in_its_file() {
        let words = [PROGRAM, "-D", "$SSHD_OPTS", "-p", "22"];
        let value = "-4 -oUsePAM=no -o 'LoginGraceTime 1m' -o AuthenticationMethods=\"publickey,password any\"";
        let found = start(&words, &[("SSHD_OPTS", value)]).unwrap();
        assert_eq!(
            found.words,
            [
                "-o",
                "UsePAM=no",
                "-o",
                "LoginGraceTime 1m",
                "-o",
                "AuthenticationMethods=publickey,password any"
            ]
        );
        let keywords: Vec<_> = found
            .lines
            .iter()
            .map(|line| line.keyword.as_str())
            .collect();
        assert_eq!(
            keywords,
            ["usepam", "logingracetime", "authenticationmethods"]
        );
        let is_in_file =
            |line: &ConfigLine| line.place == Place::Option("/etc/default/ssh".to_owned());
        assert!(found.lines.iter().all(is_in_file));
        let plain = Start::of("ssh.service", PROGRAM);
        assert_eq!(start(&words, &[("SSHD_OPTS", "")]).unwrap(), plain);
        assert_eq!(start(&words, &[]).unwrap(), plain);
    }

    #[test]
    fn an_environment_file_without_variables_is_known_too() {
        let folder = std::env::temp_dir().join(format!("tfactl-sshd-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| format!("{}/{name}", folder.display());
        std::fs::write(file("a.env"), "# SSHD_OPTS=\n").unwrap();
        std::fs::write(file("b.env"), "SSHD_OPTS=-D\n").unwrap();
        let mut variables = Variables::default();
        variables.read(&file("*.env")).unwrap();
        variables.read(&file("absent")).unwrap();
        let expected = [file("a.env"), file("b.env")];
        assert_eq!(variables.files, expected.into());
        assert_eq!(variables.known["SSHD_OPTS"].1, file("b.env"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn another_file_and_an_option_of_the_unit_itself_are_found() {
        let words = [PROGRAM, "-Df", "${FILE}", "-o", "UsePAM no", "-u", "0"];
        let found = start(&words, &[("FILE", "/etc/ssh/inner")]).unwrap();
        assert_eq!(found.main.as_deref(), Some("/etc/ssh/inner"));
        assert_eq!(found.words, ["-f", "/etc/ssh/inner", "-o", "UsePAM no"]);
        let line = &found.lines[0];
        assert_eq!(
            (line.place.to_string(), line.keyword.as_str()),
            ("ssh.service".to_owned(), "usepam")
        );
        assert_eq!(line.values, ["no"]);
    }

    #[test]
    fn an_option_with_an_unknown_variable_is_not_guessed() {
        for words in [
            &[PROGRAM, "-D", "$PASSED"][..],
            &[PROGRAM, "-o", "UsePAM=${PASSED}"],
            &[PROGRAM, "-f", "${RUNTIME_DIRECTORY}/config"],
            &[PROGRAM, "-f", "config"],
        ] {
            assert!(start(words, &[]).is_err(), "{words:?}");
        }
        let keys = "AuthorizedKeysFile ${CREDENTIALS_DIRECTORY}/keys";
        let found = start(&[PROGRAM, "-i", "-o", keys], &[]).unwrap();
        assert!(found.is_like(&Start::of("", PROGRAM)));
        let none = start(&[PROGRAM, "-f", "None"], &[]).unwrap();
        assert_eq!(none.main.as_deref(), Some("None"));
    }

    #[test]
    fn units_that_name_sshd_are_known() {
        for (command, expected) in [
            (
                "{ path=/usr/local/sbin/sshd ; argv[]=/usr/local/sbin/sshd -D ; }",
                true,
            ),
            (
                "{ path=/bin/sh ; argv[]=/bin/sh -c exec '/usr/sbin/sshd' -D ; }",
                true,
            ),
            (
                "{ path=/usr/libexec/openssh/sshd-keygen ; argv[]=sshd-keygen rsa ; }",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(names_sshd(command), expected, "{command}");
        }
        assert_eq!(path_part("ssh@tfa.service"), "ssh_40tfa_2eservice");
    }
}
