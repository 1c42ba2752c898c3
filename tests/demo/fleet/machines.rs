//! The machines of the demo, and the commands that make the fleet.

use std::thread;

use tfa_tests::Machine;

use crate::texts::PASSWORD;

/// The members, their names, and the address of v1 on the cable to each.
const MEMBERS: [(&str, &str, &str); 2] = [
    ("web1", "10.9.1.1", "10.9.1.2"),
    ("web2", "10.9.2.1", "10.9.2.2"),
];

/// A verifier and two members.
pub(crate) struct Fleet {
    pub(crate) verifier: Machine,
    pub(crate) members: [Machine; 2],
}

impl Fleet {
    /// Boots the machines, connects them, and adds alice to each.
    pub(crate) fn boot() -> Self {
        let [verifier, web1, web2] = thread::scope(|scope| {
            let boot = |name| scope.spawn(move || named(name));
            ["v1", "web1", "web2"]
                .map(boot)
                .map(|booting| match booting.join() {
                    Ok(machine) => machine,
                    Err(panicked) => std::panic::resume_unwind(panicked),
                })
        });
        let members = [web1, web2];
        let mut names = String::new();
        for (machine, (name, own, theirs)) in members.iter().zip(MEMBERS) {
            verifier.connect(own, machine, theirs);
            add_names(machine, &format!("{own} v1.example v1\n"));
            names.push_str(&format!("{theirs} {name}.example {name}\n"));
        }
        add_names(&verifier, &names);
        Self { verifier, members }
    }

    /// Makes the fleet, and shows the commands with what they print.
    pub(crate) fn set_up(&self) {
        let init = "tfactl fleet init --name v1.example";
        shown("v1", init, &self.verifier.succeed(init.split(' ')));
        self.verifier.expect_in_journal("tfa-fleet", "listening at");
        for (machine, (name, ..)) in self.members.iter().zip(MEMBERS) {
            let invite = format!("tfactl host invite {name}.example");
            let printed = self.verifier.succeed(invite.split(' '));
            let token = printed.lines().next().unwrap_or_default().to_owned();
            // It is long, and no other line matters here.
            let start = token.get(..40).unwrap_or(&token);
            shown("v1", &invite, &format!("{start}..."));
            let joined = machine
                .command(["tfactl", "join"])
                .stdin(format!("{token}\n"));
            let joined = joined.succeed();
            shown(
                name,
                "tfactl join",
                &format!("Token: [the token of v1]\n{joined}"),
            );
        }
    }
}

/// A machine with this name, both packages, and alice.
fn named(name: &str) -> Machine {
    let machine = Machine::boot();
    machine.succeed(["hostnamectl", "hostname", name]);
    machine.install_fleet();
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    // Disables the messages of Debian at each login, and the second copy of those of the module.
    machine.write_file("/home/alice/.hushlogin", "");
    add_names(&machine, &format!("127.0.1.1 {name}\n"));
    machine
}

fn add_names(machine: &Machine, lines: &str) {
    let add = machine.command(["sh", "-c", "cat >>/etc/hosts"]);
    add.stdin(lines.to_owned()).succeed();
}

fn shown(host: &str, command: &str, printed: &str) {
    println!("    {host}# [{command}]");
    for line in printed.trim_end().lines() {
        println!("    {line}");
    }
    println!();
}
