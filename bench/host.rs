//! The host that the figures are of.

use std::fs;
use std::process::Command;

use serde::Serialize;
use tfa_tests::Machine;

/// What the packages are whose versions matter.
const PACKAGES: [&str; 6] = [
    "tfa",
    "libpam-google-authenticator",
    "libpam-oath",
    "libpam0g",
    "dbus",
    "openssh-server",
];

/// The host and the machine's packages.
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
    /// Looks at it.
    pub(crate) fn look(machine: &Machine) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let field = |text: &str, name: &str| {
            text.lines()
                .find(|line| line.starts_with(name))
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        let mut query = vec![
            "dpkg-query",
            "--show",
            "--showformat=${Package} ${Version}\\n",
        ];
        query.extend(PACKAGES);
        Self {
            processor: field(&cpuinfo, "model name"),
            processors: cpuinfo
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_mib: kib.unwrap_or(0_u64) / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(),
            packages: machine.succeed(query).lines().map(str::to_owned).collect(),
        }
    }

    /// As a paragraph.
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

/// The file system and the device of the machine's disk.
fn file_system() -> String {
    let folder = std::env::var("TFA_TEST_CACHE").unwrap_or("/var/cache/tfa-tests".to_owned());
    let told = Command::new("findmnt")
        .args(["--noheadings", "--output", "FSTYPE,SOURCE", "--target"])
        .arg(folder)
        .output();
    match told {
        Ok(told) => String::from_utf8_lossy(&told.stdout)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" on "),
        Err(_) => String::new(),
    }
}
