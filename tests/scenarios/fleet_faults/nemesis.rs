//! What goes wrong in a run, one fault after the other.

use std::thread::sleep;
use std::time::{Duration, Instant};

use tfa_fleet_history::What;
use tfa_tests::Machine;

use super::cluster::{Cluster, ETCDCTL, Host};
use super::log::Log;
use super::random::Random;

/// The furthest that a clock jumps, in seconds. Two clocks differ by less than a lock lasts.
const JUMP: u64 = 10;

/// Which packets a cut drops.
const WAYS: [(&str, &str); 3] = [("cut", "in out"), ("cut-in", "in"), ("cut-out", "out")];

/// What makes faults.
pub(crate) struct Nemesis<'r> {
    cluster: &'r Cluster,
    log: &'r Log,
    random: Random,
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
        while Instant::now() < until {
            match self.random.below(8) {
                0 | 1 => self.kill(),
                2 | 3 => self.pause(),
                4 | 5 => self.cut(),
                6 => self.jump(),
                _ if self.random.below(2) == 0 => self.move_leader(),
                _ => self.fill_disk(),
            }
            self.wait(500, 1500);
        }
    }

    fn wait(&mut self, least: u64, more: u64) {
        sleep(Duration::from_millis(least + self.random.below(more)));
    }

    fn verifier(&mut self) -> &'r Host {
        self.random.one_of(&self.cluster.verifiers)
    }

    fn unit(&mut self) -> &'static str {
        const UNITS: [&str; 3] = ["tfad", "tfa-fleet", "etcd"];
        self.random.one_of::<&'static str>(&UNITS)
    }

    /// Notes a fault around what makes it, the time that it lasts, and what ends it.
    fn fault(&mut self, name: &str, begin: impl FnOnce(), end: impl FnOnce()) {
        self.log.note(What::Fault(name.to_owned()));
        begin();
        self.wait(2000, 3000);
        end();
        self.log.note(What::Healed(name.to_owned()));
    }

    fn kill(&mut self) {
        let (unit, Host { name, machine }) = (self.unit(), self.verifier());
        let signal = || signal(machine, unit, "KILL");
        let kind = format!("kill-{unit} {name}");
        self.fault(&kind, signal, || start(machine, unit));
    }

    fn pause(&mut self) {
        let (unit, Host { name, machine }) = (self.unit(), self.verifier());
        let kind = format!("stop-{unit} {name}");
        let (stop, go_on) = (
            || signal(machine, unit, "STOP"),
            || signal(machine, unit, "CONT"),
        );
        self.fault(&kind, stop, go_on);
    }

    /// Cuts one cable, or all of a verifier; both ways, or one.
    fn cut(&mut self) {
        let (way, chains) = *self.random.one_of(&WAYS);
        let cable = self.random.one_of(&self.cluster.cables);
        let Host { name, machine } = &self.cluster.verifiers[cable.verifier];
        let (other, interface) = match self.random.below(3) {
            0 => ("all", "cable*"),
            _ => (cable.other, cable.interface.as_str()),
        };
        let mut script = "add table inet cut\n".to_owned();
        for chain in chains.split(' ') {
            script += &format!(
                "add chain inet cut {chain} {{ type filter hook {chain}put priority 0; }}\n\
                 add rule inet cut {chain} {0}ifname \"{interface}\" drop\n",
                &chain[..1]
            );
        }
        let cut = || drop(machine.command(["nft", "-f", "-"]).stdin(script).succeed());
        let mend = || drop(machine.succeed(["nft", "delete", "table", "inet", "cut"]));
        self.fault(&format!("{way} {name} {other}"), cut, mend);
    }

    /// The clock of a verifier's daemon jumps, and back.
    fn jump(&mut self) {
        let Host { name, machine } = self.verifier();
        let ahead =
            i64::try_from(self.random.below(2 * JUMP + 1)).unwrap() - i64::try_from(JUMP).unwrap();
        let log = self.log;
        let set = |from: i64, to: i64| {
            log.note(What::Clock((*name).to_owned(), from));
            log.note(What::Clock((*name).to_owned(), to));
            machine.shift_clock(to);
            log.note(What::Clock((*name).to_owned(), to));
        };
        self.fault(&format!("clock {name}"), || set(0, ahead), || set(ahead, 0));
    }

    /// Another etcd becomes the leader.
    fn move_leader(&mut self) {
        let Host { name, .. } = self.verifier();
        let machines = self.cluster.verifiers.iter().map(|it| &it.machine);
        let script = format!(
            "id=$({ETCDCTL} member list | grep ', {name},' | cut -d, -f1); {ETCDCTL} move-leader \"$id\""
        );
        // Only the leader can do it.
        let machines: Vec<&Machine> = machines.collect();
        let make = || {
            machines
                .iter()
                .for_each(|machine| drop(machine.run(["bash", "-c", &script])))
        };
        self.fault(&format!("leader {name}"), make, || {});
    }

    /// The disk of an etcd is full.
    fn fill_disk(&mut self) {
        let Host { name, machine } = self.verifier();
        let fill = "dd if=/dev/zero of=/var/lib/etcd/fill bs=1M 2>/dev/null; true";
        let fill = || drop(machine.succeed(["sh", "-c", fill]));
        let empty = || {
            machine.succeed(["rm", "-f", "/var/lib/etcd/fill"]);
            start(machine, "etcd");
        };
        self.fault(&format!("disk {name}"), fill, empty);
    }
}

/// Sends a signal to the processes of a unit. One that is just restarting has none.
fn signal(machine: &Machine, unit: &str, signal: &str) {
    machine.run(["systemctl", "kill", "--signal", signal, unit]);
}

/// Starts a unit that has not started by itself. etcd is started when a majority is there.
fn start(machine: &Machine, unit: &str) {
    machine.run(["systemctl", "reset-failed", unit]);
    machine.run(["systemctl", "start", "--no-block", unit]);
}
