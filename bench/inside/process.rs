//! What `/proc` says about a process.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use tfa_tests::OrFail;

/// Ticks of `/proc/PID/stat` per second, a constant of the kernel interface.
const TICKS: u64 = 100;

/// A process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// The process of this program.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// The processor time of all its threads, ended ones included.
    pub(crate) fn processor_time(self) -> Duration {
        time_in(&self.read("stat"))
    }

    /// The resident memory in KiB.
    pub(crate) fn resident(self) -> u64 {
        let status = self.read("status");
        line_of(&status, "VmRSS").or_fail("find the resident memory of a process")
    }

    /// The largest resident memory so far, in KiB.
    pub(crate) fn peak(self) -> u64 {
        let status = self.read("status");
        line_of(&status, "VmHWM").or_fail("find the largest memory of a process")
    }

    /// The number of its threads.
    pub(crate) fn threads(self) -> usize {
        self.switches().len()
    }

    /// How often each thread was scheduled.
    pub(crate) fn switches(self) -> BTreeMap<String, u64> {
        let tasks = format!("/proc/{}/task", self.0);
        fs::read_dir(&tasks)
            .or_fail(&format!("read {tasks}: did the process end?"))
            .flatten()
            .filter_map(|task| {
                let status = fs::read_to_string(task.path().join("status")).ok()?;
                let voluntary = line_of(&status, "voluntary_ctxt_switches")?;
                let forced = line_of(&status, "nonvoluntary_ctxt_switches")?;
                let thread = task.file_name().to_string_lossy().into_owned();
                Some((thread, voluntary + forced))
            })
            .collect()
    }

    fn read(self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.0);
        fs::read_to_string(&path).or_fail(&format!("read {path}: did the process end?"))
    }
}

/// How often threads were scheduled between two readings. A new or ended thread counts once more.
pub(crate) fn wake_ups(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> u64 {
    let ended = before
        .keys()
        .filter(|thread| !after.contains_key(*thread))
        .count();
    let running: u64 = after
        .iter()
        .map(|(thread, count)| match before.get(thread) {
            Some(earlier) => count - earlier,
            None => 1 + count,
        })
        .sum();
    running + ended as u64
}

/// The processor time in `/proc/PID/stat`.
pub(crate) fn time_in(stat: &str) -> Duration {
    // The name in brackets may contain any character. The fields are counted after it.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A number in `/proc/PID/status`.
pub(crate) fn line_of(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        value.split_whitespace().next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_time_and_memory_and_has_threads() {
        let own = Process::own();
        assert!(own.resident() > 100);
        assert!(own.threads() >= 1);
        let mut sum = 0_u64;
        while own.processor_time().is_zero() {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }

    #[test]
    fn a_new_or_ended_thread_counts_as_a_wake_up() {
        let reading = |counts: &[(&str, u64)]| {
            counts
                .iter()
                .map(|(thread, count)| ((*thread).to_owned(), *count))
                .collect::<BTreeMap<_, _>>()
        };
        let before = reading(&[("1", 10), ("2", 20)]);
        assert_eq!(wake_ups(&before, &before), 0);
        assert_eq!(wake_ups(&before, &reading(&[("1", 13), ("2", 20)])), 3);
        assert_eq!(wake_ups(&before, &reading(&[("1", 10)])), 1);
        assert_eq!(
            wake_ups(&before, &reading(&[("1", 10), ("2", 20), ("3", 4)])),
            5
        );
    }
}
