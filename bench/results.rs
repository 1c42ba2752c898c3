//! The results of a run.

use crate::host::Host;
use crate::inside::logins::Subject;
use crate::inside::{daemon, load, logins, module, sshd};
use crate::statistics::Times;

pub(crate) struct Results {
    pub(crate) host: Host,
    pub(crate) quick: bool,
    pub(crate) logins: Vec<logins::Measured>,
    pub(crate) load: load::Measured,
    pub(crate) sshd: Vec<sshd::Measured>,
    pub(crate) daemon: Vec<daemon::Measured>,
    pub(crate) modules: Vec<module::Measured>,
}

impl logins::Measured {
    /// The median of a subject in nanoseconds, if it was measured.
    pub(crate) fn median(&self, subject: Subject) -> Option<f64> {
        self.times.get(&subject).map(Times::median)
    }

    /// The median of a stack minus the median of the stack without a question.
    pub(crate) fn added(&self, subject: Subject) -> Option<f64> {
        Some(self.median(subject)? - self.median(Subject::Empty)?)
    }

    /// The minimum cost of the bus and the disk.
    pub(crate) fn floor(&self) -> Option<f64> {
        Some(self.median(Subject::Bus)? + self.median(Subject::Disk)?)
    }
}
