//! `/etc/tfa/tfad.toml`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tfa_core::{Mode, Policy};

/// What the administrator decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The policy.
    pub policy: Policy,
    /// Who issues the keys, as authenticators show it; `None` for the host's name.
    pub issuer: Option<String>,
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    file: PathBuf,
    why: String,
}

impl fmt::Display for BadConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for BadConfig {}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    policy: PolicyTable,
    enrollment: EnrollmentTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PolicyTable {
    mode: ModeWord,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum ModeWord {
    Off,
    #[default]
    Optional,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct EnrollmentTable {
    issuer: String,
}

impl Config {
    /// Reads the file. An absent file is an error like an unreadable one: a policy that cannot be
    /// read is not a soft one.
    ///
    /// # Errors
    /// [`BadConfig`] with the line of the mistake.
    pub fn read(file: &Path) -> Result<Self, BadConfig> {
        let bad = |why: String| BadConfig {
            file: file.to_owned(),
            why,
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| bad(format!("cannot be read: {error}")))?;
        Self::parse(&text).map_err(bad)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mode = match file.policy.mode {
            ModeWord::Off => Mode::Off,
            ModeWord::Optional => Mode::Optional,
        };
        let issuer = file.enrollment.issuer;
        if issuer.contains(|c: char| c == ':' || c.is_control()) {
            return Err(
                "enrollment.issuer must not contain a colon: authenticators split the \
                        name there"
                    .to_owned(),
            );
        }
        let issuer = (!issuer.is_empty()).then_some(issuer);
        Ok(Self {
            policy: Policy { mode },
            issuer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse(""), Ok(Config::default()));
    }

    #[test]
    fn the_shipped_file_is_the_default() {
        let shipped = include_str!("../../packaging/tfad.toml");
        assert_eq!(Config::parse(shipped), Ok(Config::default()));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, line, words) in [
            ("[policy]\nmode = \"of\"\n", "line 2", "optional"),
            ("[policy]\nmode = optional\n", "line 2", "mode = optional"),
            ("\n[polcy]\n", "line 2", "policy"),
            ("[policy]\nmod = \"off\"\n", "line 2", "mode"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(
                error.contains(line) && error.contains(words),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn an_absent_or_unreadable_file_is_an_error_and_not_a_default() {
        let error = Config::read(Path::new("/nonexistent/tfad.toml")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/nonexistent/tfad.toml: cannot be read")
        );
    }

    #[test]
    fn an_issuer_that_would_split_the_entry_is_refused() {
        assert!(Config::parse("[enrollment]\nissuer = \"a:b\"\n").is_err());
        let config = Config::parse("[enrollment]\nissuer = \"Example\"\n").unwrap();
        assert_eq!(config.issuer.as_deref(), Some("Example"));
    }
}
