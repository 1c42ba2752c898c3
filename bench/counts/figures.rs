//! Compares a count with its recorded figure, or records it.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{env, fs, io};

use crate::figures::{Figures, path};

/// The environment variable that records the figures instead of comparing them.
const RECORD: &str = "TFA_BENCH_RECORD";

/// Protects the file from concurrent tests.
static FILE: Mutex<()> = Mutex::new(());

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Instructions,
    SystemCalls,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::SystemCalls => "system calls",
        }
    }

    /// How far a count may be from its figure. A higher one fails. A lower one should be recorded.
    fn tolerance(self, recorded: u64) -> u64 {
        match self {
            Self::Instructions => recorded / 10,
            // Waits of a thread for a lock differ between runs.
            Self::SystemCalls => 1,
        }
    }
}

/// Prints a count and its figure. Panics with the advice if the count is too high.
pub(super) fn check(unit: Unit, name: &str, count: u64, advice: &str) {
    let _file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let what = format!("{name}, {}", unit.name());
    let shown = grouped(count);
    let mut figures = Figures::read();
    if env::var_os(RECORD).is_some() {
        print(&format!("{what:<46}{shown:>14} recorded"));
        return figures.unwrap_or_default().record(unit, name, count);
    }
    let Some(figures) = &mut figures else {
        return print(&format!(
            "{what:<46}{shown:>14}   no figure is recorded for {ARCH}"
        ));
    };
    let Some(recorded) = figures.table(unit).get(name).copied() else {
        panic!("no figure is recorded for {what}. Record it with: make figures");
    };
    let tolerance = unit.tolerance(recorded);
    let advice_if_less = if count + tolerance < recorded {
        ": record it with make figures"
    } else {
        ""
    };
    let deviation = 100.0 * (count as f64 / recorded as f64 - 1.0);
    print(&format!(
        "{what:<46}{shown:>14} of {:>14}{deviation:>+8.1} %{advice_if_less}",
        grouped(recorded)
    ));
    if count > recorded + tolerance {
        panic!(
            "{name} took {shown} {}; {} allows {}.\n{}{advice}\n\
             If the increase is intended: make figures, and commit the file.",
            unit.name(),
            path().display(),
            grouped(recorded + tolerance),
            figures.changed_versions(),
        );
    }
}

impl Figures {
    fn table(&mut self, unit: Unit) -> &mut BTreeMap<String, u64> {
        match unit {
            Unit::Instructions => &mut self.instructions,
            Unit::SystemCalls => &mut self.system_calls,
        }
    }

    fn record(mut self, unit: Unit, name: &str, count: u64) {
        self.made_with = versions();
        self.table(unit).insert(name.to_owned(), count);
        let mut text =
            "# What the hot paths cost: bench/README.md. `make figures` writes this file.\n\n\
            [made_with]\n"
                .to_owned();
        for (what, version) in &self.made_with {
            writeln!(text, "{what} = {version:?}").unwrap();
        }
        for (table, figures) in [
            ("instructions", &self.instructions),
            ("system_calls", &self.system_calls),
        ] {
            writeln!(text, "\n[{table}]").unwrap();
            for (name, count) in figures {
                writeln!(text, "{name:?} = {}", grouped(*count).replace(',', "_")).unwrap();
            }
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

/// Prints a line on standard error, whether the test fails or not.
pub(super) fn print(line: &str) {
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
