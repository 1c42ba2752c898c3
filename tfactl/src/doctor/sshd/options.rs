//! The options of sshd that change its configuration, `-f` and `-o`.

use std::collections::BTreeSet;

use tfa_doctor::sshd::OtherFiles;
use tfa_doctor::sshd::config::{ConfigLine, MAIN, option};

use super::loaded::Run;
use super::variables::Word;
use crate::messages;

/// The file of `-f` with which sshd reads none.
pub(super) const NO_FILE: &str = "none";
/// Settings on which no finding depends.
const WITHOUT_FINDING: [&str; 5] = [
    "addressfamily",
    "listenaddress",
    "loglevel",
    "pidfile",
    "port",
];
/// With a variable, this is what systemd-ssh-generator(8) writes: keys of root's, for the host of a virtual machine.
const WITH_VARIABLE: &str = "authorizedkeysfile";

/// A start of sshd.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    /// The unit; empty without one.
    pub(super) unit: String,
    pub(super) program: String,
    /// What to add to the command line of sshd.
    pub(super) words: Vec<String>,
    /// The file of `-f`.
    pub(super) main: Option<String>,
    /// The settings of `-o`.
    pub(super) lines: Vec<ConfigLine>,
    /// The environment files.
    pub(super) files: BTreeSet<String>,
    /// The processes that were started so.
    pub(super) runs: Vec<Run>,
    /// The settings of units with which it has other files than this program.
    pub(super) other_files: Vec<OtherFiles>,
}

impl Start {
    pub(super) fn of(unit: &str, program: &str) -> Self {
        Self {
            unit: unit.to_owned(),
            program: program.to_owned(),
            ..Self::default()
        }
    }

    /// Whether another start has the same settings, as far as findings depend on them.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let of = |start: &Self| -> Vec<(String, String)> {
            let lines = start.lines.iter().filter(|line| is_judged(line));
            let pairs = lines.map(|line| (line.keyword.clone(), line.rest.clone()));
            pairs.collect()
        };
        self.program == other.program && self.main == other.main && of(self) == of(other)
    }

    /// Adds what another start has beside the settings.
    pub(super) fn absorb(&mut self, other: Self) {
        self.files.extend(other.files);
        self.runs.extend(other.runs);
        self.other_files.extend(other.other_files);
    }
}

fn is_judged(line: &ConfigLine) -> bool {
    !WITHOUT_FINDING.contains(&line.keyword.as_str())
}

/// The option of a word that takes a value, and the value, which is the next word if it is empty.
pub(super) fn with_value(word: &str) -> Option<(&str, &str)> {
    const WITH_VALUE: &str = "bCcEfghkopu";
    let letters = word.strip_prefix('-')?;
    let at = letters.find(|letter| WITH_VALUE.contains(letter))?;
    Some(letters.split_at(at).1.split_at(1))
}

/// The options that change the configuration. Others of sshd that take a value are passed over with it. Fails if
/// one of them has a variable that is not known.
pub(super) fn parse(unit: &str, program: &str, words: &[Word]) -> Result<Start, String> {
    let mut start = Start::of(unit, program);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.text.starts_with('-') && !word.is_whole {
            return Err(messages::variable_not_known(&word.text));
        }
        let Some((letter, value)) = with_value(&word.text) else {
            continue;
        };
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
        let is_needed = |line: &ConfigLine| is_judged(line) && line.keyword != WITH_VARIABLE;
        if line.as_ref().is_none_or(is_needed) && !value_word.is_whole {
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

#[cfg(test)]
mod tests {
    use tfa_doctor::sshd::config::Place;

    use super::super::starts::PROGRAM;
    use super::super::variables::Variables;
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
        let plain = Start::of("", PROGRAM);
        assert!(found.is_like(&plain));
        let own = start(&[PROGRAM, "-o", "AuthorizedKeysFile /etc/keys/%u"], &[]).unwrap();
        assert!(!own.is_like(&plain));
        let none = start(&[PROGRAM, "-f", "None"], &[]).unwrap();
        assert_eq!(none.main.as_deref(), Some("None"));
    }
}
