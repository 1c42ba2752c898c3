//! What goes wrong in a run: one fault after the other, some of them two at once.

use std::thread::sleep;
use std::time::{Duration, Instant};

use tfa_fleet_history::What;

use super::cluster::{Cluster, Host};
use super::faults::{Fault, signal, start};
use super::log::Log;
use super::random::Random;

/// What makes faults.
pub(crate) struct Nemesis<'r> {
    pub(super) cluster: &'r Cluster,
    pub(super) log: &'r Log,
    pub(super) random: Random,
}

impl<'r> Nemesis<'r> {
    pub(crate) const fn new(cluster: &'r Cluster, log: &'r Log, random: Random) -> Self {
        Self {
            cluster,
            log,
            random,
        }
    }

    /// Makes faults until that moment. At the end all is well again.
    pub(crate) fn rage(mut self, until: Instant) {
        for number in 0.. {
            if Instant::now() >= until {
                return;
            }
            match number % 6 {
                2 => self.two_at_once(),
                5 => self.no_quorum(),
                _ => {
                    let verifier = self.verifier();
                    let fault = self.choose(verifier);
                    self.make(fault);
                }
            }
            self.wait(500, 1500);
        }
    }

    fn wait(&mut self, least: u64, more: u64) {
        sleep(Duration::from_millis(least + self.random.below(more)));
    }

    pub(super) fn verifier(&mut self) -> usize {
        let all = self.cluster.verifiers.len() as u64;
        usize::try_from(self.random.below(all)).unwrap()
    }

    /// Two verifiers.
    fn two(&mut self) -> [usize; 2] {
        let first = self.verifier();
        let others = self.cluster.verifiers.len() as u64 - 1;
        let step = usize::try_from(1 + self.random.below(others)).unwrap();
        [first, (first + step) % self.cluster.verifiers.len()]
    }

    /// Makes a fault, and ends it some seconds later.
    fn make(&mut self, fault: Fault<'_>) {
        self.log.note(What::Fault(fault.name.clone()));
        (fault.begin)();
        self.wait(2000, 3000);
        (fault.end)();
        self.log.note(What::Healed(fault.name));
    }

    /// Two faults of two verifiers, the second one during the first.
    fn two_at_once(&mut self) {
        let [first, second] = self.two().map(|verifier| self.choose(verifier));
        let name = format!("two-faults {}, {}", first.name, second.name);
        self.log.note(What::Fault(name.clone()));
        (first.begin)();
        self.wait(200, 1500);
        (second.begin)();
        self.wait(2000, 3000);
        (first.end)();
        self.wait(200, 500);
        (second.end)();
        self.log.note(What::Healed(name));
    }

    /// Two of three verifiers are gone: etcd has no majority.
    fn no_quorum(&mut self) {
        let two = self.two();
        let hosts: Vec<&Host> = two.map(|place| &self.cluster.verifiers[place]).to_vec();
        let name = match self.random.below(2) {
            0 => "no-majority-stop",
            _ => "no-majority-power",
        };
        let fault = format!("{name} {} {}", hosts[0].name, hosts[1].name);
        self.log.note(What::Fault(fault.clone()));
        if name == "no-majority-stop" {
            for host in &hosts {
                signal(&host.machine, "etcd", "STOP");
            }
            // A thread of it that runs has this time to see the signal.
            sleep(Duration::from_millis(200));
            self.log.note(What::Quorum(false));
            self.wait(2000, 3000);
            self.log.note(What::Quorum(true));
            for host in &hosts {
                signal(&host.machine, "etcd", "CONT");
            }
        } else {
            let cuts: Vec<_> = two.map(|place| self.power_cut(place)).into();
            let (begins, ends): (Vec<_>, Vec<_>) =
                cuts.into_iter().map(|it| (it.begin, it.end)).unzip();
            begins.into_iter().for_each(|begin| begin());
            self.log.note(What::Quorum(false));
            self.wait(2000, 3000);
            self.log.note(What::Quorum(true));
            ends.into_iter().for_each(|end| end());
        }
        for host in &hosts {
            start(&host.machine, &["etcd"]);
        }
        self.log.note(What::Healed(fault));
    }
}
