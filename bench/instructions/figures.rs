//! The recorded figures: reads them, compares them with a count, and records new ones.

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

/// The environment variable that records the figures instead of comparing them.
const RECORD: &str = "TFA_BENCH_RECORD";

/// A count fails if it is higher than the figure by more than this, in percent. A count that is lower
/// by more than this should be recorded.
const TOLERANCE: f64 = 10.0;

/// Protects the file from concurrent tests.
static FILE: Mutex<()> = Mutex::new(());

/// The content of the file.
#[derive(Default, Deserialize)]
struct Figures {
    /// The versions with which the instructions were counted.
    made_with: BTreeMap<String, String>,
    /// Numbers of instructions.
    instructions: BTreeMap<String, u64>,
}

/// Prints a count and its figure. Panics if the count is too high.
pub(super) fn check(name: &str, count: u64, profile: &Path) {
    let _file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let figures = Figures::read();
    if env::var_os(RECORD).is_some() {
        print(&format!("{name:<32}{:>14} recorded", grouped(count)));
        return figures.unwrap_or_default().record(name, count);
    }
    let Some(figures) = figures else {
        return print(&format!(
            "{name:<32}{:>14}   no figure is recorded for {ARCH}",
            grouped(count)
        ));
    };
    let Some(&recorded) = figures.instructions.get(name) else {
        panic!("no figure is recorded for {name:?}. Record it with: make instructions");
    };
    let deviation = 100.0 * (count as f64 / recorded as f64 - 1.0);
    let advice_if_less = if deviation < -TOLERANCE {
        ": record it with make instructions"
    } else {
        ""
    };
    print(&format!(
        "{name:<32}{:>14} of {:>14}{deviation:>+8.1} %{advice_if_less}",
        grouped(count),
        grouped(recorded)
    ));
    if deviation > TOLERANCE {
        panic!(
            "{name} took {} instructions, {deviation:.1} % more than the {} in {}.\n{}{}",
            grouped(count),
            grouped(recorded),
            path().display(),
            figures.changed_versions(),
            advice(profile),
        );
    }
}

impl Figures {
    /// The recorded figures, if there are any for this architecture.
    fn read() -> Option<Self> {
        let path = path();
        let text = path.exists().then(|| fs::read_to_string(&path).unwrap())?;
        let figures = toml::from_str(&text);
        Some(figures.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn record(mut self, name: &str, count: u64) {
        self.made_with = versions();
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

    /// The versions that differ from the recorded ones.
    fn changed_versions(&self) -> String {
        let mut text = String::new();
        for (what, here) in versions() {
            let there = self.made_with.get(&what).map_or("?", String::as_str);
            if there != here {
                writeln!(text, "Recorded with {there}; this host has {here}.").unwrap();
            }
        }
        text
    }
}

/// What a count depends on, other than the project.
fn versions() -> BTreeMap<String, String> {
    let version = |program: &str, word: &str| {
        let output = Command::new(program).arg(word).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().next().unwrap_or_default().to_owned()
    };
    // The processor that valgrind emulates has AVX2 only if the host has it.
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let avx2 = processor.split_whitespace().any(|word| word == "avx2");
    let processor = if avx2 { "AVX2" } else { "no AVX2" };
    BTreeMap::from([
        ("compiler".to_owned(), version("rustc", "--version")),
        ("libc".to_owned(), version("getconf", "GNU_LIBC_VERSION")),
        ("valgrind".to_owned(), version("valgrind", "--version")),
        ("processor".to_owned(), processor.to_owned()),
    ])
}

/// What to do about a count that is too high.
fn advice(profile: &Path) -> String {
    format!(
        "To see where the instructions are: callgrind_annotate {}\n\
         For names of functions, and for the same from an earlier commit:\n    \
         CARGO_PROFILE_RELEASE_STRIP=none make build TARGET=target/symbols\n    \
         {}=target/symbols cargo test -p tfa-bench instructions\n\
         If the increase is intended: make instructions, and commit the file.",
        profile.display(),
        built::FOLDER,
    )
}

fn path() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions");
    folder.join(format!("{ARCH}.toml"))
}

/// Prints a line on standard error, whether the test fails or not.
fn print(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The number with a comma between the thousands.
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
fn digits_are_grouped_in_threes() {
    assert_eq!(grouped(7), "7");
    assert_eq!(grouped(123), "123");
    assert_eq!(grouped(1_234_567), "1,234,567");
}
