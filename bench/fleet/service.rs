//! The process of a service on a machine, as this program sees it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tfa_tests::{Machine, OrFail};

use crate::inside::process::{line_of, time_in};

/// The main process of a unit.
pub(crate) struct Service(PathBuf);

impl Service {
    pub(crate) fn of(machine: &Machine, unit: &str) -> Self {
        let words = ["systemctl", "show", "--property=MainPID", "--value", unit];
        let pid = machine.succeed(words);
        Self(machine.path_on_host(&format!("/proc/{}", pid.trim())))
    }

    /// The processor time of all its threads.
    pub(crate) fn processor_time(&self) -> Duration {
        time_in(&self.read("stat"))
    }

    /// The resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let resident = line_of(&self.read("status"), "VmRSS");
        resident.or_fail("find the resident memory of a service")
    }

    fn read(&self, file: &str) -> String {
        let path = self.0.join(file);
        fs::read_to_string(&path).or_fail(&format!("read {}", path.display()))
    }
}
