//! The network of a machine: its loopback, and cables to other machines.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failure::OrFail;
use crate::machine::Machine;

impl Machine {
    /// Adds an address to the loopback, as a source for [`ssh_from`](Machine::ssh_from). It is not
    /// visible outside the machine.
    pub fn add_address(&self, address: &str) {
        let length = if address.contains(':') { 128 } else { 32 };
        let address = format!("{address}/{length}");
        self.succeed(["ip", "address", "replace", &address, "dev", "lo", "nodad"]);
    }

    /// Connects this machine to another one. `own` is the new address of this machine, `theirs`
    /// that of the other. Both are IPv4 addresses of one /24 network. A reboot of either machine
    /// removes the connection. Returns the name of the interface, which is the same on both.
    pub fn connect(&self, own: &str, other: &Self, theirs: &str) -> String {
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
                "cannot connect the machines: {}",
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
        cable
    }
}
