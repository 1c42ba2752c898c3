//! Whether the host was busy with other programs during a run. Its figures are then not valid.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use serde::Serialize;
use tfa_tests::OrFail;

use crate::inside::logins::{self, Subject};

/// Ticks of `/proc` per second, a constant of the kernel interface.
const TICKS: f64 = 100.0;

/// How many processors other programs may use during a task.
const MAX_FOREIGN_LOAD: f64 = 0.1;

/// How far the p99 of the stack without a question may be above its median. The stack does the same in
/// each sample: what takes longer waits for a processor.
const MAX_SPREAD: f64 = 3.0;

/// The process that starts the threads of the kernel.
const KERNEL: u32 = 2;

/// The reasons to not trust the figures. Empty if the host was quiet.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Noise(Vec<String>);

impl Noise {
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn reasons(&self) -> &[String] {
        &self.0
    }

    /// Notes the processors that other programs used during a task.
    pub(crate) fn foreign_load(&mut self, task: &str, processors: f64) {
        if processors > MAX_FOREIGN_LOAD {
            self.0.push(format!(
                "other programs used {processors:.2} processors during {task} (limit \
                 {MAX_FOREIGN_LOAD})"
            ));
        }
    }

    /// Notes the times of the stack without a question.
    pub(crate) fn spread(&mut self, measured: &[logins::Measured]) {
        for at in measured {
            let Some(times) = at.times.get(&Subject::Empty) else {
                continue;
            };
            let spread = times.percentile(99.0) / times.median();
            if spread > MAX_SPREAD {
                self.0.push(format!(
                    "p99 without a question is {spread:.1} times the median at {} users (limit \
                     {MAX_SPREAD})",
                    at.users
                ));
            }
        }
    }
}

/// The processor time of the host, of the bench, and of the kernel's own threads, which write to the
/// disk. What is left is that of other programs.
pub(crate) struct HostTime {
    busy: u64,
    own: u64,
    /// By thread: the time of a thread that ends is not in that of another one.
    kernel: BTreeMap<u32, u64>,
    at: Instant,
}

impl HostTime {
    /// Reads `/proc`. The machine is below this process.
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").or_fail("read /proc/stat");
        let processes = processes();
        let kernel = processes.iter();
        let kernel = kernel.filter(|(_, process)| process.parent == KERNEL);
        Self {
            busy: busy(&stat),
            own: time_below(&processes, std::process::id()),
            kernel: kernel
                .map(|(thread, process)| (*thread, process.ticks))
                .collect(),
            at: Instant::now(),
        }
    }

    /// The processors that other programs have used since then.
    pub(crate) fn foreign_load(&self) -> f64 {
        let now = Self::now();
        let seconds = now.at.duration_since(self.at).as_secs_f64();
        self.foreign_ticks(&now) as f64 / TICKS / seconds
    }

    fn foreign_ticks(&self, now: &Self) -> u64 {
        let kernel = now.kernel.iter().map(|(thread, ticks)| {
            let before = self.kernel.get(thread).copied().unwrap_or(0);
            ticks.saturating_sub(before)
        });
        let other = now.own.saturating_sub(self.own) + kernel.sum::<u64>();
        now.busy.saturating_sub(self.busy).saturating_sub(other)
    }
}

/// The ticks of all processors outside interrupts, those taken by other virtual machines included.
fn busy(stat: &str) -> u64 {
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<u64> = numbers(line.trim_start_matches("cpu"));
    // user, nice, system, and steal: man 5 proc_stat.
    [0, 1, 2, 7]
        .iter()
        .filter_map(|field| fields.get(*field))
        .sum()
}

struct Process {
    parent: u32,
    /// Its ticks, and those of its ended children.
    ticks: u64,
}

fn processes() -> BTreeMap<u32, Process> {
    let folders = fs::read_dir("/proc").or_fail("read /proc").flatten();
    let pids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    // A process can end before its file is read.
    let read = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    pids.filter_map(|pid| Some((pid, parse(&read(pid)?)?)))
        .collect()
}

fn parse(stat: &str) -> Option<Process> {
    // The name in brackets may contain any character. The fields are counted after it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let (_state, fields) = fields.split_once(' ')?;
    let fields = numbers(fields);
    Some(Process {
        parent: u32::try_from(*fields.first()?).ok()?,
        ticks: fields.get(10..14)?.iter().sum(),
    })
}

/// Negative fields, of which none is used here, are 0.
fn numbers(fields: &str) -> Vec<u64> {
    let fields = fields.split_whitespace();
    fields.map(|field| field.parse().unwrap_or(0)).collect()
}

/// The ticks of a process and all its descendants.
fn time_below(processes: &BTreeMap<u32, Process>, pid: u32) -> u64 {
    let own = processes.get(&pid).map_or(0, |process| process.ticks);
    let children = processes
        .iter()
        .filter(|(_, process)| process.parent == pid);
    own + children
        .map(|(child, _)| time_below(processes, *child))
        .sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Times;
    use std::time::Duration;

    #[test]
    fn ticks_of_descendants_and_ended_children_are_own() {
        let process = |parent, times: &str| {
            parse(&format!(
                "7 (a) b) S {parent} 1 1 0 -1 0 0 0 0 0 {times} 20 0"
            ))
            .unwrap()
        };
        let processes = BTreeMap::from([
            (10, process(1, "1 2 4 8")),
            (11, process(10, "100 0 0 0")),
            (12, process(11, "1000 0 0 0")),
            (13, process(1, "10000 0 0 0")),
        ]);
        assert_eq!(time_below(&processes, 10), 1115);
    }

    #[test]
    fn time_of_the_bench_and_the_kernel_is_not_foreign() {
        let time = |busy, own, kernel: &[(u32, u64)]| HostTime {
            busy,
            own,
            kernel: kernel.iter().copied().collect(),
            at: Instant::now(),
        };
        let before = time(1000, 100, &[(3, 50), (4, 500)]);
        // Thread 4 has ended, and thread 5 is new.
        let now = time(1100, 130, &[(3, 60), (5, 20)]);
        assert_eq!(before.foreign_ticks(&now), 40);
    }

    #[test]
    fn waiting_and_interrupts_are_not_busy() {
        assert_eq!(
            busy("cpu  1 2 4 800 1600 3200 6400 8 1 2\ncpu0 9 9 9\n"),
            15
        );
    }

    #[test]
    fn a_busy_host_is_noisy() {
        let mut noise = Noise::default();
        noise.foreign_load("logins", 0.05);
        noise.spread(&[spread(2)]);
        assert!(noise.is_quiet());
        noise.foreign_load("logins", 0.2);
        noise.spread(&[spread(4)]);
        assert_eq!(noise.reasons().len(), 2);
    }

    /// Times of which the slowest ones take this many times as long.
    fn spread(slow: u32) -> logins::Measured {
        let mut times = Times::default();
        for sample in 0..100 {
            times.push(Duration::from_millis(1) * if sample < 90 { 1 } else { slow });
        }
        logins::Measured {
            users: 10,
            times: BTreeMap::from([(Subject::Empty, times)]),
        }
    }
}
