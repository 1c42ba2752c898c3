//! Counts the system calls of all threads of a program with strace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool;

/// The file that strace writes for a measurement.
pub(super) fn trace(name: &str) -> PathBuf {
    tool::output("system_calls", &format!("{name}.trace"))
}

/// A program under strace.
pub(super) fn counted(program: &Path, trace: &Path) -> Command {
    let out = trace.display().to_string();
    // With the name of the thread in each line, and without data: codes are not in the file.
    let strace = [
        "strace",
        "--follow-forks",
        "--decode-pids=comm",
        "--string-limit=0",
        "--signal=none",
        "--quiet=all",
        "--output",
        &out,
    ];
    tool::run(strace, program)
}

/// How often each thread made each call. The key is the name of the thread and that of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Calls(BTreeMap<(String, String), f64>);

impl Calls {
    /// The calls that the trace has now. strace writes each line at once.
    pub(super) fn read(trace: &Path) -> Self {
        let text = fs::read_to_string(trace)
            .unwrap_or_else(|error| panic!("strace wrote no {}: {error}", trace.display()));
        Self::parse(&text)
    }

    fn parse(trace: &str) -> Self {
        let mut calls = Self::default();
        for key in trace.lines().filter_map(thread_and_call) {
            *calls.0.entry(key).or_default() += 1.0;
        }
        calls
    }

    /// The calls of one operation: the calls that are not in `before`, divided by the number of
    /// operations in which they were made.
    pub(super) fn of_each(&self, before: &Self, operations: u32) -> Self {
        let mut calls = self.clone();
        for (key, count) in &before.0 {
            *calls.0.entry(key.clone()).or_default() -= count;
        }
        calls.0.retain(|_, count| *count != 0.0);
        for count in calls.0.values_mut() {
            *count /= f64::from(operations);
        }
        calls
    }

    /// All calls, rounded.
    pub(super) fn total(&self) -> u64 {
        self.0.values().sum::<f64>().round() as u64
    }

    /// A line for each thread, with its most frequent calls first.
    pub(super) fn listing(&self) -> String {
        let mut threads = BTreeMap::<&str, Vec<(&str, f64)>>::new();
        for ((thread, call), count) in &self.0 {
            threads.entry(thread).or_default().push((call, *count));
        }
        let mut text = String::new();
        for (thread, mut calls) in threads {
            calls.sort_by(|one, other| other.1.total_cmp(&one.1));
            let sum: f64 = calls.iter().map(|(_, count)| count).sum();
            let calls: Vec<String> = calls
                .into_iter()
                .map(|(call, count)| format!("{call} {}", short(count)))
                .collect();
            text += &format!("    {thread} {}: {}\n", short(sum), calls.join(", "));
        }
        text
    }
}

/// A count with at most two decimals.
fn short(count: f64) -> String {
    let text = format!("{count:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The thread and the call of a line, if a call begins in it: `1234<name> call(...`.
fn thread_and_call(line: &str) -> Option<(String, String)> {
    let (_, line) = line.split_once('<')?;
    let (thread, line) = line.split_once("> ")?;
    let (call, _) = line.trim_start().split_once('(')?;
    let is_name = |name: &str| {
        name.chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    is_name(call).then(|| (thread.to_owned(), call.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
7<tfad> accept4(3, NULL, NULL, SOCK_CLOEXEC <unfinished ...>
8<log> sendto(4, \"\"..., 20, 0, NULL, 0) = 20
7<tfad> <... accept4 resumed>) = 5
7<tfad> recvmsg(5, {msg_name=NULL}, 0) = 9
7<tfad> recvmsg(5, {msg_name=NULL}, 0) = 9
8<log> +++ exited with 0 +++
";

    #[test]
    fn a_call_counts_once_for_its_thread() {
        let calls = Calls::parse(TRACE);
        let expected = [
            ("log", "sendto", 1.0),
            ("tfad", "accept4", 1.0),
            ("tfad", "recvmsg", 2.0),
        ];
        let expected =
            expected.map(|(thread, call, count)| ((thread.to_owned(), call.to_owned()), count));
        assert_eq!(calls, Calls(expected.into()));
        assert_eq!(calls.total(), 4);
    }

    #[test]
    fn earlier_calls_are_not_counted() {
        let before = Calls::parse(TRACE);
        let more = "7<tfad> recvmsg(5) = 9\n7<tfad> recvmsg(5) = 9\n7<tfad> close(5) = 0\n";
        let all = Calls::parse(&(TRACE.to_owned() + more));
        let each = all.of_each(&before, 2);
        let expected = "    tfad 1.5: recvmsg 1, close 0.5\n";
        assert_eq!(each.listing(), expected);
        assert_eq!(each.total(), 2);
    }
}
