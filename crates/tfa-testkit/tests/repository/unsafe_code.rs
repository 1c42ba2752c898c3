//! Unsafe code stands at the boundaries to C libraries only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of programs and libraries.
const SOURCES: &[&str] = &[
    "pam_tfa/src",
    "tfad/src",
    "tfa-enroll/src",
    "tfa-fleet",
    "tfactl/src",
    "crates",
    "tests",
];
/// The folders with unsafe code.
const UNSAFE: &[&str] = &[
    "crates/tfa-nss/src",
    "pam_tfa/src/ffi",
    "tests/security-key/src",
];

#[test]
fn unsafe_code_stands_at_the_boundaries_to_c_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = SOURCES.iter().flat_map(|folder| files(&root.join(folder)));
    let mut folders = BTreeSet::new();
    for path in files.filter(|path| has_unsafe(path)) {
        let path = path.strip_prefix(&root).unwrap();
        let folder = UNSAFE.iter().find(|folder| path.starts_with(folder));
        folders.insert(folder.unwrap_or_else(|| panic!("unsafe code in {}", path.display())));
    }
    assert!(folders.into_iter().eq(UNSAFE));
}

/// The Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Whether a file has the word `unsafe` outside comments. One that a quotation mark or a hyphen precedes
/// is text.
fn has_unsafe(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '-';
    let mut words = code.flat_map(|line| line.split(|c| !in_word(c)));
    words.any(|word| word == "unsafe")
}
