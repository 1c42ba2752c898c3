//! The lines of the package's profile in the files that pam-auth-update(8) writes.

use tfa_pam_host::Snapshot;

use crate::MODULE;
use crate::auth_update;
use crate::finding::{Finding, Subject};
use crate::messages;

/// The lines whose control is none of the profile's. Options may be added.
pub(super) fn changed(files: &Snapshot) -> Vec<Finding> {
    let Some(profile) = auth_update::tfa_profile(files) else {
        return Vec::new();
    };
    let expected: Vec<String> = tfa_lines(&profile).map(|(_, line)| control(line)).collect();
    let mut findings = Vec::new();
    for (path, text) in auth_update::common_files(files) {
        for (number, line) in tfa_lines(&text) {
            let line = line.split_once(char::is_whitespace);
            let found = control(line.map_or("", |(_, rest)| rest));
            if expected.contains(&found) {
                continue;
            }
            findings.push(Finding {
                kind: &messages::PAM_PROFILE_CHANGED,
                subject: Subject {
                    place: format!("{path}:{number}"),
                    detail: found,
                    ..Subject::default()
                },
                witness: Vec::new(),
            });
        }
    }
    findings
}

/// The lines that name the module, with their numbers, which begin with 1.
fn tfa_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim_start).zip(1..);
    let named = lines.filter(|(line, _)| !line.starts_with('#') && line.contains(MODULE));
    named.map(|(line, number)| (number, line))
}

/// What stands before the module, with one blank between words.
fn control(line: &str) -> String {
    let control = line.split(MODULE).next().unwrap_or_default();
    let words: Vec<&str> = control.split_whitespace().collect();
    words.join(" ")
}
