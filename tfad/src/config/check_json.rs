//! The result of `tfad --check --json`: for programs that must not depend on the words of a text.

use std::fmt::Write as _;

use super::check::Findings;
use super::model::{Config, FleetRole, StoreKind};
use super::report::BadConfig;

/// Of a configuration that cannot be used. What it would set is not known.
pub(super) fn of_errors(bad: &BadConfig) -> String {
    let problems = bad.problems().map(|problem| {
        let (line, column) = problem.line_and_column.unzip();
        let [line, column] =
            [line, column].map(|it| it.map_or("null".to_owned(), |it| it.to_string()));
        format!(
            "{{\"file\": {}, \"line\": {line}, \"column\": {column}, \"text\": {}}}",
            string(&problem.file),
            string(&problem.text)
        )
    });
    let problems: Vec<String> = problems.collect();
    object(&problems, bad.more(), &Findings::default(), None)
}

/// Of one that can be used.
pub(super) fn of_config(config: &Config, findings: &Findings) -> String {
    object(&[], 0, findings, Some(config))
}

fn object(errors: &[String], more: usize, findings: &Findings, config: Option<&Config>) -> String {
    let texts = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
        texts.join(", ")
    };
    let role = config
        .and_then(|config| config.role)
        .map(|role| match role {
            FleetRole::Member => "member",
            FleetRole::Verifier => "verifier",
        });
    let store = config.map(|config| match config.store {
        StoreKind::Sqlite => "sqlite",
        StoreKind::Etcd => "etcd",
    });
    let [role, store] = [role, store].map(|it| it.map_or("null".to_owned(), string));
    format!(
        "{{\"errors\": [{}], \"more_errors\": {more}, \"warnings\": [{}], \"notes\": [{}], \"role\": {role}, \
         \"store\": {store}}}",
        errors.join(", "),
        texts(&findings.warnings),
        texts(&findings.notes),
    )
}

/// A string of JSON.
fn string(text: &str) -> String {
    let mut string = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => string.extend(['\\', character]),
            // What misleads a terminal is escaped as well, as in the output of tfactl.
            _ if tfa_proto::is_misleading(character) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a string does not fail.
                    let _ = write!(string, "\\u{unit:04x}");
                }
            }
            _ => string.push(character),
        }
    }
    string.push('"');
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_json() {
        let expected = r#""a \"b\" \\ \u000a\u001b""#;
        assert_eq!(string("a \"b\" \\ \n\u{1b}"), expected);
    }
}
