//! The recorded figures: read, held against what was counted, and recorded anew.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{env, fs, io};

use serde::Deserialize;

use super::built;

/// The variable that has the figures recorded instead of judged.
const RECORD: &str = "TFA_BENCH_RECORD";

/// How much more is too much, in percent. As much less is worth recording.
const TOLERANCE: f64 = 10.0;

/// One test at a time reads and writes the file.
static FILE: Mutex<()> = Mutex::new(());

/// The file.
#[derive(Default, Deserialize)]
struct Figures {
    /// What they were counted with.
    made_with: BTreeMap<String, String>,
    /// Instructions by name.
    instructions: BTreeMap<String, u64>,
}

/// Holds a count against its figure, and says both. Panics when it is too much.
pub(super) fn hold(name: &str, count: u64, profile: &Path) {
    let _file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let figures = Figures::read();
    if env::var_os(RECORD).is_some() {
        say(&format!("{name:<32}{:>14} recorded", grouped(count)));
        return figures.unwrap_or_default().record(name, count);
    }
    let Some(figures) = figures else {
        return say(&format!(
            "{name:<32}{:>14}   nothing is recorded for {ARCH}",
            grouped(count)
        ));
    };
    let Some(&recorded) = figures.instructions.get(name) else {
        panic!("no figure of {name:?} is recorded: make instructions records it");
    };
    let deviation = 100.0 * (count as f64 / recorded as f64 - 1.0);
    let less = if deviation < -TOLERANCE {
        ": worth a make instructions"
    } else {
        ""
    };
    say(&format!(
        "{name:<32}{:>14} of {:>14}{deviation:>+8.1} %{less}",
        grouped(count),
        grouped(recorded)
    ));
    if deviation > TOLERANCE {
        panic!(
            "{name} took {} instructions, {deviation:.1} % more than the {} in {}.\n{}{}",
            grouped(count),
            grouped(recorded),
            path().display(),
            figures.other_circumstances(),
            advice(profile),
        );
    }
}

impl Figures {
    /// The recorded ones, where this architecture has any.
    fn read() -> Option<Self> {
        let path = path();
        let text = path.exists().then(|| fs::read_to_string(&path).unwrap())?;
        let figures = toml::from_str(&text);
        Some(figures.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn record(mut self, name: &str, count: u64) {
        self.made_with = circumstances();
        self.instructions.insert(name.to_owned(), count);
        let mut text =
            "# Instructions of the hot paths, as callgrind counts them: bench/README.md.\n\
            # `make instructions` writes this file.\n\n[made_with]\n"
                .to_owned();
        for (what, version) in &self.made_with {
            writeln!(text, "{what} = {version:?}").unwrap();
        }
        text += "\n[instructions]\n";
        for (name, count) in &self.instructions {
            writeln!(text, "{name:?} = {}", grouped(*count).replace(',', "_")).unwrap();
        }
        fs::write(path(), text).unwrap();
    }

    /// What is different here from where the figures were made.
    fn other_circumstances(&self) -> String {
        let mut text = String::new();
        for (what, here) in circumstances() {
            let there = self.made_with.get(&what).map_or("?", String::as_str);
            if there != here {
                writeln!(text, "Recorded with {there}; here is {here}.").unwrap();
            }
        }
        text
    }
}

/// What a count depends on beside the project.
fn circumstances() -> BTreeMap<String, String> {
    let said = |program: &str, word: &str| {
        let output = Command::new(program).arg(word).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.lines().next().unwrap_or_default().to_owned()
    };
    // valgrind shows programs a processor of its own, with AVX2 where the host has it.
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let avx2 = processor.split_whitespace().any(|word| word == "avx2");
    let processor = if avx2 { "AVX2" } else { "no AVX2" };
    BTreeMap::from([
        ("compiler".to_owned(), said("rustc", "--version")),
        ("libc".to_owned(), said("getconf", "GNU_LIBC_VERSION")),
        ("valgrind".to_owned(), said("valgrind", "--version")),
        ("processor".to_owned(), processor.to_owned()),
    ])
}

/// How to go on.
fn advice(profile: &Path) -> String {
    format!(
        "Where they go: callgrind_annotate {}\n\
         With names, and the same from a commit that was good:\n    \
         CARGO_PROFILE_RELEASE_STRIP=none make build TARGET=target/symbols\n    \
         {}=target/symbols cargo test -p tfa-bench instructions\n\
         If it is meant to be so: make instructions, and commit the file.",
        profile.display(),
        built::FOLDER,
    )
}

fn path() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions");
    folder.join(format!("{ARCH}.toml"))
}

/// A line on standard error, whether the test fails or not.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// With a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn digits_stand_in_threes() {
    assert_eq!(grouped(7), "7");
    assert_eq!(grouped(123), "123");
    assert_eq!(grouped(1_234_567), "1,234,567");
}
