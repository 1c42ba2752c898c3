//! The machine's network: its own loopback, and cables to other machines.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failure::OrFail;
use crate::machine::Machine;

impl Machine {
    /// Gives the machine one more address, so that somebody can come
    /// [from it](Machine::ssh_from). Nothing outside the machine hears of it.
    pub fn add_address(&self, address: &str) {
        let length = if address.contains(':') { 128 } else { 32 };
        let address = format!("{address}/{length}");
        self.succeed(["ip", "address", "replace", &address, "dev", "lo", "nodad"]);
    }

    /// Lays a cable to another machine: `own` becomes this machine's address on it and `theirs`
    /// the other's, both IPv4 and of one network of 24 bits. A reboot of either takes it away.
    pub fn connect(&self, own: &str, other: &Self, theirs: &str) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cable = format!("cable{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let laid = Command::new("ip")
            .args([
                "link",
                "add",
                &cable,
                "netns",
                &self.leader().pid().to_string(),
            ])
            .args([
                "type",
                "veth",
                "peer",
                &cable,
                "netns",
                &other.leader().pid().to_string(),
            ])
            .output()
            .or_fail("run ip (tests/prerequisites installs it)");
        if !laid.status.success() {
            panic!(
                "cannot lay a cable: {}",
                String::from_utf8_lossy(&laid.stderr)
            );
        }
        for (machine, address) in [(self, own), (other, theirs)] {
            machine.succeed([
                "ip",
                "address",
                "add",
                &format!("{address}/24"),
                "dev",
                &cable,
            ]);
            machine.succeed(["ip", "link", "set", &cable, "up"]);
        }
    }
}
