//! What pam-auth-update(8) of Debian would write into the common files.
//!
//! As the script does: the lines between its markers are compared with those that it wrote last
//! (`/var/lib/pam`). If one is neither of them nor one of them with other options, it refuses to write
//! without `--force`. Else it writes the lines of the enabled profiles again, with the options as they are.

mod by_hand;
mod profile;
mod saved;

use std::collections::BTreeSet;

use tfa_pam_host::Snapshot;
use tfa_pam_stack::Files;

use crate::MODULE;
use crate::finding::ProfileUpdate;
pub(crate) use by_hand::{added_lines, is_of_profile};
use profile::{Block, Profile};
use saved::Saved;

/// The profile of the package.
const TFA: &str = "tfa";
/// The common files, by their kinds of lines.
const TYPES: [&str; 5] = [
    "auth",
    "account",
    "password",
    "session",
    "session-noninteractive",
];
const PRIMARY: &str = "# here are the per-package modules (the \"Primary\" block)";
/// The comment before the line that denies.
pub(crate) const FALLBACK: &str = "# here's the fallback if no module succeeds";
/// The comment before the lines of the second block.
pub(crate) const ADDITIONAL: &str =
    "# and here are more per-package modules (the \"Additional\" block)";
const END: &str = "# end of pam-auth-update config";

fn common(kind: &str) -> String {
    format!("/etc/pam.d/common-{kind}")
}

fn stock(kind: &str) -> String {
    format!("/usr/share/pam/common-{kind}")
}

fn saved_path(kind: &str) -> String {
    format!("/var/lib/pam/{kind}")
}

fn profile_path(name: &str) -> String {
    format!("/usr/share/pam-configs/{name}")
}

/// The files from which is known what pam-auth-update(8) would write.
#[must_use]
pub fn pam_update_files(host: &dyn Files) -> Vec<String> {
    let mut names = BTreeSet::from([TFA.to_owned()]);
    for kind in TYPES {
        let text = host.read(&saved_path(kind)).unwrap_or_default();
        names.extend(Saved::parse(&String::from_utf8_lossy(&text)).modules());
    }
    let own = TYPES
        .iter()
        .flat_map(|kind| [common(kind), stock(kind), saved_path(kind)]);
    own.chain(names.iter().map(|name| profile_path(name)))
        .collect()
}

/// The text of the package's profile; `None` if the host has none.
pub(crate) fn tfa_profile(files: &Snapshot) -> Option<String> {
    files.text(&profile_path(TFA))
}

/// The common files that have lines of the package, with their texts.
pub(crate) fn common_files(files: &Snapshot) -> impl Iterator<Item = (String, String)> {
    let text = |kind: &&str| {
        let path = common(kind);
        let text = files.text(&path)?;
        Some((path, text))
    };
    TYPES.iter().filter_map(text)
}

/// The files after `pam-auth-update --enable tfa`, with `--force` if it refuses without; `None` if it
/// changes nothing, cannot work on this host, or drops a module that users may log in with.
pub(crate) fn simulate(files: &Snapshot) -> Option<(Snapshot, ProfileUpdate)> {
    tfa_profile(files)?;
    let saved = TYPES.map(|kind| {
        (
            kind,
            files
                .text(&saved_path(kind))
                .map(|text| Saved::parse(&text)),
        )
    });
    let diffs = saved.iter().map(|(kind, saved)| {
        let current = files.text(&common(kind))?;
        saved.as_ref()?.compare(kind, &current)
    });
    let diffs: Option<Vec<saved::Diff>> = diffs.collect();
    let mut names = match &diffs {
        Some(diffs) => diffs.iter().flat_map(saved::Diff::modules).collect(),
        None => {
            let known = saved.iter().filter_map(|(_, saved)| saved.as_ref());
            known.flat_map(Saved::modules).collect::<BTreeSet<String>>()
        }
    };
    names.insert(TFA.to_owned());
    let read = |name: &String| Some(Profile::parse(name, &files.text(&profile_path(name))?));
    let mut profiles: Vec<Profile> = names.iter().filter_map(read).collect();
    profiles.sort_by(|one, other| other.order().cmp(&one.order()));
    let mut after = files.clone();
    let mut update = ProfileUpdate {
        files: Vec::new(),
        needs_force: diffs.is_none(),
        lost: Vec::new(),
    };
    for (index, kind) in TYPES.iter().enumerate() {
        let path = common(kind);
        let current = files.text(&path).unwrap_or_default();
        let diff = diffs.as_ref().and_then(|diffs| diffs.get(index));
        let written = write(&current, kind, &profiles, diff);
        let written = match (written, update.needs_force) {
            (None, true) => write(&files.text(&stock(kind))?, kind, &profiles, None),
            (written, _) => written,
        }?;
        if written != current {
            if update.needs_force && drops_module(&current, &written) {
                return None;
            }
            let has = |line: &&str| written.lines().any(|kept| same_words(kept, line));
            let lines = current
                .lines()
                .filter(|line| !is_comment(line) && !has(line));
            // What stands in a template is replaced, not lost.
            let lost = lines.filter(|line| !line.contains(MODULE) && !line.starts_with('$'));
            update.lost.extend(lost.map(str::to_owned));
            after = after.with(&path, &written);
            update.files.push(path);
        }
    }
    (!update.files.is_empty()).then_some((after, update))
}

/// Whether no line is left of a module of the auth or account phase: the users of a directory may log in with it
/// alone.
fn drops_module(current: &str, written: &str) -> bool {
    let modules = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| {
            let kind = line.trim_start().trim_start_matches('-');
            kind.starts_with("auth") || kind.starts_with("account")
        });
        let words = lines.flat_map(str::split_whitespace);
        let modules = words.filter(|word| word.ends_with(".so"));
        modules.map(str::to_owned).collect()
    };
    !modules(current).is_subset(&modules(written))
}

fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The text with the lines of the profiles between the markers; `None` if a marker is missing.
fn write(
    template: &str,
    kind: &str,
    profiles: &[Profile],
    diff: Option<&saved::Diff>,
) -> Option<String> {
    let mut text = String::new();
    let mut skips_to = None;
    let mut markers = [
        (PRIMARY, Block::Primary, FALLBACK),
        (ADDITIONAL, Block::Additional, END),
    ]
    .into_iter();
    let mut next = markers.next();
    for line in template.lines() {
        if let Some(end) = skips_to {
            if !line.starts_with(end) {
                continue;
            }
            skips_to = None;
        }
        text.push_str(line);
        text.push('\n');
        if let Some((start, block, end)) = next
            && line.starts_with(start)
        {
            for line in profile::lines(profiles, kind, block, diff) {
                text.push_str(&line);
            }
            skips_to = Some(end);
            next = markers.next();
        }
    }
    (next.is_none() && skips_to.is_none()).then_some(text)
}

#[cfg(test)]
mod tests;
