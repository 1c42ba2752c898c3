//! Files in the folders of drop-ins that sshd does not read, such as copies of before a change.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tfa_doctor::sshd::config::{ConfigLine, absolute};

/// What tells people about a folder.
const README: &str = "README";

/// The files in the folders of `Include` lines that are none of those that were read.
pub(super) fn files(lines: &[ConfigLine], read: &BTreeSet<String>) -> BTreeSet<String> {
    let includes = lines.iter().filter(|line| line.keyword == "include");
    let patterns = includes.flat_map(|line| line.values.iter().map(|pattern| absolute(pattern)));
    // Of a pattern for one file, the folder may have anything.
    let patterns = patterns.filter(|pattern| pattern.contains('*'));
    let folders: BTreeSet<String> = patterns
        .filter_map(|pattern| Some(pattern.rsplit_once('/')?.0.to_owned()))
        .filter(|folder| !folder.contains(['*', '?', '[']))
        .collect();
    let mut files: BTreeSet<String> = folders.iter().flat_map(|one| files_in(one)).collect();
    files.retain(|file| !read.contains(file));
    files
}

/// The regular files, except hidden ones and those that only explain.
fn files_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(folder)).into_iter().flatten();
    let files = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_meant = is_file && !name.starts_with('.') && !name.starts_with(README);
        is_meant.then(|| format!("{folder}/{name}"))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::super::include;
    use super::*;

    #[test]
    fn copies_that_no_pattern_matches_are_found() {
        let folder = std::env::temp_dir().join(format!("tfactl-not-read-{}", std::process::id()));
        fs::create_dir_all(folder.join("old.d")).unwrap();
        for name in ["a.conf", "a.conf~", "b.conf.dpkg-old", "README", ".hidden"] {
            fs::write(folder.join(name), "UsePAM yes\n").unwrap();
        }
        let main = folder.with_extension("main");
        let folder = folder.display().to_string();
        fs::write(&main, format!("Include {folder}/*.conf\n")).unwrap();
        let text = |path: &str| fs::read_to_string(path).ok();
        let main = main.display().to_string();
        let config = tfa_doctor::sshd::config::read(&main, &text, &include::matching);
        let found = files(&config.lines, &config.files);
        let expected = ["a.conf~", "b.conf.dpkg-old"].map(|name| format!("{folder}/{name}"));
        assert_eq!(found, expected.into());
        fs::remove_dir_all(folder).unwrap();
        fs::remove_file(main).unwrap();
    }
}
