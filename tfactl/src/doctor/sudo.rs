//! The rules of sudo.

use std::path::{Path, PathBuf};

use super::bounded::text;
use super::missed::{Missed, in_time};
use super::output::printed;
use crate::messages;

const PROGRAM: &str = "/usr/bin/sudo";
/// Prints the rules with their aliases and included files resolved. It belongs to the package of sudo.
const CONVERTER: &str = "/usr/bin/cvtsudoers";
/// What sudo loads.
const SETTINGS: &str = "/etc/sudo.conf";
const RULES: &str = "/etc/sudoers";
const IN_FOLDER: &str = "/etc/sudoers.d/*";

/// Other programs with rules of their own: sudo-rs, and one that was built here.
const OTHERS: [&str; 4] = [
    "/usr/bin/sudo-rs",
    "/usr/lib/cargo/bin/sudo",
    "/usr/local/bin/sudo",
    "/usr/local/sbin/sudo",
];

/// The other programs of this host, whose rules are not examined.
pub(super) fn others() -> impl Iterator<Item = &'static str> {
    OTHERS.into_iter().filter(|path| Path::new(path).exists())
}

/// The rules as JSON, or why they are not known. `None` if there is no sudo.
pub(super) fn rules() -> Option<Result<String, String>> {
    Path::new(PROGRAM).exists().then(convert)
}

fn convert() -> Result<String, String> {
    let settings = in_time(|| text(SETTINGS));
    let settings = settings.ok_or_else(|| messages::took_too_long(SETTINGS))??;
    let settings = settings.unwrap_or_default();
    if let Some(plugin) = settings.lines().find(|line| names_other_rules(line)) {
        return Err(messages::other_sudo_rules(SETTINGS, plugin.trim()));
    }
    // Without the settings of the converter itself, which may filter.
    let arguments = ["-c", "/dev/null", "-f", "json", "-e", RULES];
    printed(CONVERTER, &arguments)
}

/// Whether a line of sudo.conf(5) takes the rules from elsewhere: another plugin, or one with another file.
fn names_other_rules(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_plugin = words.next() == Some("Plugin");
    let is_policy = |name: Option<&str>| name.is_some_and(|name| name.ends_with("_policy"));
    let is_usual = |file: Option<&str>| file.is_some_and(|file| file.ends_with("sudoers.so"));
    is_plugin
        && is_policy(words.next())
        && !(is_usual(words.next()) && words.all(|word| !word.starts_with("sudoers_file=")))
}

/// The files of sudo that are usual, to find the line of a rule.
pub(super) fn files(missed: &Missed) -> Vec<(String, String)> {
    let mut paths = missed.paths(IN_FOLDER);
    paths.retain(|path| is_read(path));
    paths.insert(0, RULES.into());
    let read = |path: PathBuf| Some((path.to_string_lossy().into_owned(), missed.text(&path)?));
    paths.into_iter().filter_map(read).collect()
}

/// sudo ignores some names in the folder: those of editors and of package managers.
fn is_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.contains('.') && !name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_are_elsewhere_are_known() {
        for (line, is_elsewhere) in [
            ("# Plugin sudoers_policy other.so", false),
            ("Plugin sudoers_policy sudoers.so", false),
            (
                "Plugin sudoers_policy /usr/libexec/sudo/sudoers.so sudoers_uid=0",
                false,
            ),
            ("Plugin sudoers_io sudoers.so", false),
            ("Path askpass /usr/bin/x", false),
            (
                " Plugin sudoers_policy sudoers.so sudoers_file=/srv/rules",
                true,
            ),
            ("Plugin my_policy other.so", true),
        ] {
            assert_eq!(names_other_rules(line), is_elsewhere, "{line}");
        }
    }
}
