//! The host on which the figures were measured.

use std::fs;
use std::process::Command;

use serde::Serialize;
use tfa_tests::Machine;

/// The host, and the packages of the machine.
#[derive(Serialize)]
pub(crate) struct Host {
    processor: String,
    processors: usize,
    memory_mib: u64,
    kernel: String,
    file_system: String,
    packages: Vec<String>,
}

impl Host {
    /// Reads the properties of the host, and the versions of packages on machines.
    pub(crate) fn read(machines: &[(&Machine, &[&str])]) -> Self {
        let content = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = content("/proc/cpuinfo");
        let field = |text: &str, name: &str| {
            text.lines()
                .find(|line| line.starts_with(name))
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let memory = field(&content("/proc/meminfo"), "MemTotal");
        let kib = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        let versions = machines.iter().flat_map(|(machine, packages)| {
            let mut query = vec![
                "dpkg-query",
                "--show",
                "--showformat=${Package} ${Version}\\n",
            ];
            query.extend(*packages);
            let lines = machine.succeed(query);
            lines.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        Self {
            processor: field(&cpuinfo, "model name"),
            processors: cpuinfo
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_mib: kib.unwrap_or(0_u64) / 1024,
            kernel: content("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(),
            packages: versions.collect(),
        }
    }

    /// The same with the packages of another one as well.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        for package in &other.packages {
            if !self.packages.contains(package) {
                self.packages.push(package.clone());
            }
        }
        self
    }

    /// A paragraph for the report.
    pub(crate) fn describe(&self) -> String {
        format!(
            "{} x {}, {} MiB, Linux {}, {}.\nIn the machine:\n- {}\n",
            self.processors,
            self.processor,
            self.memory_mib,
            self.kernel,
            self.file_system,
            self.packages.join("\n- ")
        )
    }
}

/// The file system and the device of the disk of the machine.
fn file_system() -> String {
    let folder = std::env::var("TFA_TEST_CACHE").unwrap_or("/var/cache/tfa-tests".to_owned());
    let output = Command::new("findmnt")
        .args(["--noheadings", "--output", "FSTYPE,SOURCE", "--target"])
        .arg(folder)
        .output();
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" on "),
        Err(_) => String::new(),
    }
}
