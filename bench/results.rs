//! The results of a run.

use crate::figures::Figures;
use crate::fleet;
use crate::host::Host;
use crate::inside::logins::Subject;
use crate::inside::{administration, at_once, daemon, fill, load, logins, module, sshd};
use crate::noise::Noise;
use crate::statistics::Times;

pub(crate) struct Results {
    pub(crate) host: Host,
    pub(crate) quick: bool,
    pub(crate) noise: Noise,
    /// The recorded counts, if there are any for this architecture.
    pub(crate) counts: Option<Figures>,
    /// `None` where the fleet alone was measured.
    pub(crate) one_host: Option<OneHost>,
    pub(crate) fleet: fleet::Measured,
}

/// What was measured on one host.
pub(crate) struct OneHost {
    /// The filled stores, by number of users.
    pub(crate) filled: Vec<(u32, fill::Filled)>,
    pub(crate) logins: Vec<logins::Measured>,
    pub(crate) at_once: at_once::Measured,
    pub(crate) load: load::Measured,
    /// The number of concurrent logins through sshd.
    pub(crate) sshd_clients: u32,
    pub(crate) sshd: Vec<sshd::Measured>,
    pub(crate) daemon: Vec<daemon::Measured>,
    /// How often one process has loaded each module.
    pub(crate) cycles: u32,
    pub(crate) modules: Vec<module::Measured>,
    pub(crate) administration: Vec<administration::Measured>,
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

    /// The minimum cost of a login: its two calls peer to peer, and a durable write.
    pub(crate) fn floor(&self) -> Option<f64> {
        Some(self.median(Subject::Peer)? + self.disk()?)
    }

    /// The same with the calls over the bus.
    pub(crate) fn bus_floor(&self) -> Option<f64> {
        Some(self.median(Subject::Bus)? + self.disk()?)
    }

    /// The median of a durable write in nanoseconds.
    pub(crate) fn disk(&self) -> Option<f64> {
        self.median(Subject::Disk)
    }
}
