//! A fleet whose hosts have two versions, as during an upgrade.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tfa_tests::Machine;

use super::machines::Fleet;
use super::{SHELL, USED, logs_in};
use crate::fleet::apt;
use crate::package::package;
use crate::users::{PASSWORD, set_up, ssh_to_code_prompt};

/// Installs the packages of a version, and waits until its programs serve.
fn install(machine: &Machine, package: &Path, served: &str) {
    let of_fleet = fs::read_dir(package.parent().unwrap().join("fleet"));
    let of_fleet = of_fleet.unwrap().next().unwrap().unwrap().path();
    for (name, file) in [("tfa", package), ("tfa-fleet", &of_fleet)] {
        machine.write_file(&format!("/root/{name}.deb"), fs::read(file).unwrap());
    }
    let words = [
        "install",
        "--reinstall",
        "/root/tfa.deb",
        "/root/tfa-fleet.deb",
    ];
    apt(machine, &words);
    machine.succeed(["systemctl", "restart", "tfad", "tfa-fleet"]);
    let since = "until journalctl -u tfa-fleet _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value tfa-fleet) \
                 -o cat | grep -q \"$1\"; do sleep 0.1; done";
    machine.succeed(["timeout", "60", "sh", "-c", since, "sh", served]);
}

/// `TFA_OLD_DEB` is the package of the other version, with that of the network part in `fleet/` beside it.
#[test]
#[ignore = "needs the package of another version in TFA_OLD_DEB"]
fn members_and_verifiers_may_be_upgraded_in_either_order() {
    let old = PathBuf::from(env::var_os("TFA_OLD_DEB").expect("TFA_OLD_DEB"));
    let fleet = Fleet::boot();
    let (verifier, [web1, web2]) = (&fleet.verifier, &fleet.members);
    let alice = set_up(verifier, "alice", PASSWORD);
    let mut codes = alice.backup_codes.iter();
    let mut check = || {
        let code = codes.next().unwrap();
        let terminal = ssh_to_code_prompt(web1, "alice");
        terminal.type_secret(code);
        terminal.expect(SHELL);
        terminal.type_line("tfa-enroll status");
        terminal.expect("Backup codes left:");
        let terminal = ssh_to_code_prompt(web2, "alice");
        terminal.type_secret(code);
        terminal.expect(USED);
    };
    check();
    // The members first: here, a verifier of the old version.
    install(verifier, &old, "listening at");
    for member in [web1, web2] {
        let connected = "until journalctl -u tfa-fleet -o cat -n 1 | grep -q 'connected to v1.test'; \
                         do sleep 0.1; done";
        member.succeed(["timeout", "60", "sh", "-c", connected]);
    }
    check();
    logs_in(verifier, &alice.phone.next_unused());
    // All old, with one member, then the verifier first.
    install(web1, &old, "connected to v1.test");
    check();
    install(verifier, &package(), "listening at");
    install(web1, &old, "connected to v1.test");
    check();
}
