//! The faults of a run, each of one verifier or member.

use tfa_fleet_history::What;
use tfa_tests::Machine;

use super::cluster::{ETCDCTL, Host};
use super::nemesis::Nemesis;

/// The furthest that the clock of a verifier jumps, in seconds. Two clocks differ by less than a lock lasts.
const JUMP: u64 = 10;
/// The same of a member, which judges no code.
const JUMP_OF_MEMBER: u64 = 7200;

/// Which packets a cut drops.
const WAYS: [(&str, &str); 3] = [("cut", "in out"), ("cut-in", "in"), ("cut-out", "out")];

/// The programs of a verifier.
const UNITS: [&str; 3] = ["tfad", "tfa-fleet", "etcd"];

/// A fault: what makes it, and what ends it.
pub(super) struct Fault<'r> {
    pub(super) name: String,
    pub(super) begin: Box<dyn FnOnce() + 'r>,
    pub(super) end: Box<dyn FnOnce() + 'r>,
}

impl<'r> Fault<'r> {
    fn new(name: String, begin: impl FnOnce() + 'r, end: impl FnOnce() + 'r) -> Self {
        Self {
            name,
            begin: Box::new(begin),
            end: Box::new(end),
        }
    }
}

impl<'r> Nemesis<'r> {
    /// Some fault of this verifier.
    pub(super) fn choose(&mut self, verifier: usize) -> Fault<'r> {
        match self.random.below(11) {
            0 | 1 => self.kill(verifier),
            2 | 3 => self.pause(verifier),
            4 | 5 => self.cut(verifier),
            6 => self.jump(verifier),
            7 => self.jump_of_member(),
            8 => self.power_cut(verifier),
            9 => self.move_leader(verifier),
            _ => self.fill_disk(verifier),
        }
    }

    fn host(&self, verifier: usize) -> (&'static str, &'r Machine) {
        let Host { name, machine } = &self.cluster.verifiers[verifier];
        (name, machine)
    }

    fn kill(&mut self, verifier: usize) -> Fault<'r> {
        let unit = *self.random.one_of::<&'static str>(&UNITS);
        let (name, machine) = self.host(verifier);
        let name = format!("kill-{unit} {name}");
        let kill = move || signal(machine, unit, "KILL");
        Fault::new(name, kill, move || start(machine, &[unit]))
    }

    fn pause(&mut self, verifier: usize) -> Fault<'r> {
        let unit = *self.random.one_of::<&'static str>(&UNITS);
        let (name, machine) = self.host(verifier);
        let (stop, go_on) = (
            move || signal(machine, unit, "STOP"),
            move || signal(machine, unit, "CONT"),
        );
        Fault::new(format!("stop-{unit} {name}"), stop, go_on)
    }

    /// Cuts one cable, or all of a verifier; both ways, or one.
    fn cut(&mut self, verifier: usize) -> Fault<'r> {
        let (way, chains) = *self.random.one_of(&WAYS);
        let cables = self.cluster.cables.iter();
        let cables: Vec<_> = cables.filter(|it| it.verifier == verifier).collect();
        let cable = *self.random.one_of(&cables);
        let (name, machine) = self.host(verifier);
        let (other, interface) = match self.random.below(3) {
            0 => ("all", "cable*"),
            _ => (cable.other, cable.interface.as_str()),
        };
        let name = format!("{way} {name} {other}");
        let cut = move || drop_packets(machine, chains, interface);
        Fault::new(name, cut, move || pass_packets(machine))
    }

    /// As a power failure for all that the kernel does not keep: the programs of a verifier are killed together, and
    /// its network is gone. After it they start as after a boot. What they have written is on the disk, synced or not.
    pub(super) fn power_cut(&self, verifier: usize) -> Fault<'r> {
        let (name, machine) = self.host(verifier);
        let cut = move || {
            drop_packets(machine, "in out", "cable*");
            let units = UNITS.join(" ");
            let script =
                format!("systemctl kill --signal=KILL {units}; systemctl stop {units}; true");
            machine.run(["sh", "-c", &script]);
        };
        let boot = move || {
            pass_packets(machine);
            start(machine, &UNITS);
        };
        Fault::new(format!("power-cut {name}"), cut, boot)
    }

    /// The clock of a verifier's daemon jumps, and back.
    fn jump(&mut self, verifier: usize) -> Fault<'r> {
        let (name, machine) = self.host(verifier);
        let ahead = self.distance(JUMP);
        let log = self.log;
        let set = move |from: i64, to: i64| {
            log.note(What::Clock(name.to_owned(), from));
            log.note(What::Clock(name.to_owned(), to));
            machine.shift_clock(to);
            log.note(What::Clock(name.to_owned(), to));
        };
        let fault = format!("clock {name}");
        Fault::new(fault, move || set(0, ahead), move || set(ahead, 0))
    }

    /// That of a member's daemon.
    fn jump_of_member(&mut self) -> Fault<'r> {
        let Host { name, machine } = self.random.one_of(&self.cluster.members);
        let ahead = self.distance(JUMP_OF_MEMBER);
        let fault = format!("clock-of-member {name}");
        let (jump, back) = (
            move || machine.shift_clock(ahead),
            move || machine.shift_clock(0),
        );
        Fault::new(fault, jump, back)
    }

    fn distance(&mut self, most: u64) -> i64 {
        let distance = i64::try_from(self.random.below(2 * most + 1)).unwrap();
        distance - i64::try_from(most).unwrap()
    }

    /// The etcd of this verifier becomes the leader.
    fn move_leader(&self, verifier: usize) -> Fault<'r> {
        let (name, _) = self.host(verifier);
        let verifiers = &self.cluster.verifiers;
        let script = format!(
            "id=$({ETCDCTL} member list | grep ', {name},' | cut -d, -f1); \
             timeout 5 {ETCDCTL} move-leader \"$id\""
        );
        // Only the leader can do it.
        let make = move || {
            for host in verifiers {
                host.machine.run(["bash", "-c", &script]);
            }
        };
        Fault::new(format!("leader {name}"), make, || {})
    }

    /// The disk of an etcd is full.
    fn fill_disk(&self, verifier: usize) -> Fault<'r> {
        let (name, machine) = self.host(verifier);
        let fill = "dd if=/dev/zero of=/var/lib/etcd/fill bs=1M 2>/dev/null; true";
        let fill = move || drop(machine.succeed(["sh", "-c", fill]));
        let empty = move || {
            machine.succeed(["rm", "-f", "/var/lib/etcd/fill"]);
            start(machine, &["etcd"]);
        };
        Fault::new(format!("disk {name}"), fill, empty)
    }
}

/// Drops the packets of an interface.
fn drop_packets(machine: &Machine, chains: &str, interface: &str) {
    let mut script = "add table inet cut\n".to_owned();
    for chain in chains.split(' ') {
        script += &format!(
            "add chain inet cut {chain} {{ type filter hook {chain}put priority 0; }}\n\
             add rule inet cut {chain} {0}ifname \"{interface}\" drop\n",
            &chain[..1]
        );
    }
    machine.command(["nft", "-f", "-"]).stdin(script).succeed();
}

fn pass_packets(machine: &Machine) {
    machine.succeed(["nft", "delete", "table", "inet", "cut"]);
}

/// Sends a signal to the processes of a unit. One that is just restarting has none.
pub(super) fn signal(machine: &Machine, unit: &str, signal: &str) {
    machine.run(["systemctl", "kill", "--signal", signal, unit]);
}

/// Starts units that have not started by themselves. etcd is started when a majority is there.
pub(super) fn start(machine: &Machine, units: &[&str]) {
    let reset = ["systemctl", "reset-failed"];
    machine.run(reset.iter().chain(units));
    let start = ["systemctl", "start", "--no-block"];
    machine.run(start.iter().chain(units));
}
