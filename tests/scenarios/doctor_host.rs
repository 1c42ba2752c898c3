//! The doctor on the host beside PAM and sshd: the state directory, the bus, the login socket, the module.

use tfa_tests::{Machine, Suite};

use crate::doctor::{finding, findings, host_of_the_readme, is_silent, mend};
use crate::known_places::explained;
use crate::users::{PASSWORD, set_policy};

fn machine() -> Machine {
    host_of_the_readme(Suite::Bookworm).0
}

/// Runs a script as root, with bash(1), for which the doctor quotes names.
#[track_caller]
fn bash(machine: &Machine, script: &str) -> String {
    machine.succeed(["bash", "-c", script])
}

#[test]
fn a_disk_that_fills_up_is_found_before_it_is_full_and_then() {
    let machine = machine();
    const MOVE: &str = "set -e; systemctl stop tfad; cp -a /var/lib/tfa /root/tfa
        mount -t tmpfs -o size=80m,mode=700 tmpfs /var/lib/tfa; cp -a /root/tfa/. /var/lib/tfa/
        systemctl start tfad; tfactl list";
    bash(&machine, MOVE);
    is_silent(&machine);
    bash(&machine, "fallocate -l 40m /var/lib/tfa/other");
    let found = finding(&machine, "risk", "store-nearly-full");
    assert_eq!(found["place"], "/var/lib/tfa");
    const FILL: &str = "dd if=/dev/zero of=/var/lib/tfa/more bs=4k status=none || true";
    bash(&machine, FILL);
    finding(&machine, "lock-out", "store-full");
    bash(&machine, "cd /var/lib/tfa && rm other more");
    is_silent(&machine);
}

#[test]
fn a_read_only_state_directory_is_found_and_the_printed_command_mends_it() {
    let machine = machine();
    const READ_ONLY: &str =
        "mount --bind /var/lib/tfa /var/lib/tfa && mount -o remount,bind,ro /var/lib/tfa";
    bash(&machine, READ_ONLY);
    let found = finding(&machine, "lock-out", "store-read-only");
    mend(&machine, &found);
    is_silent(&machine);
}

#[test]
fn a_lost_key_is_found_and_a_backup_with_the_key_brings_the_users_back() {
    let machine = machine();
    const BACK_UP: &str = "umask 077; echo 'words of a long passphrase' >/root/passphrase
        tfactl backup /root/tfa.backup --with-key --passphrase-file /root/passphrase
        mv /var/lib/tfa/key /root/key; systemctl restart tfad";
    bash(&machine, BACK_UP);
    let found = finding(&machine, "lock-out", "key-lost");
    bash(&machine, "mv /root/key /var/lib/tfa/key");
    mend(&machine, &found);
    is_silent(&machine);

    // Another key is no better. The remedy is run as it is printed.
    const REPLACE: &str =
        "umask 077; head -c 32 /dev/urandom >/var/lib/tfa/key; systemctl restart tfad";
    bash(&machine, REPLACE);
    let found = finding(&machine, "lock-out", "key-lost");
    let text = found["remedy"].as_str().unwrap();
    let restore = text.split('"').nth(1).unwrap();
    let file = "/root/tfa.backup --passphrase-file /root/passphrase";
    bash(&machine, &restore.replace("FILE", file));
    bash(
        &machine,
        "rm -r /root/lost /root/tfa.backup /root/passphrase",
    );
    is_silent(&machine);
}

#[test]
fn secrets_that_others_can_read_are_found_before_the_daemon_refuses_them() {
    let machine = machine();
    machine.succeed(["chmod", "644", "/var/lib/tfa/key"]);
    let found = finding(&machine, "risk", "state-readable");
    assert_eq!(found["place"], "/var/lib/tfa/key");
    // The next start would refuse each user who has enrolled.
    machine.succeed(["systemctl", "restart", "tfad"]);
    let output = machine.run(["tfactl", "doctor"]).stdout;
    assert!(output.contains("LOCK-OUT"), "{output}");
    mend(&machine, &found);
    machine.succeed(["systemctl", "restart", "tfad"]);
    is_silent(&machine);

    const CREDENTIALS: &str = "umask 022; mkdir -p /etc/credstore /etc/credstore.encrypted
        echo x | tee /etc/credstore/tfad.key >/etc/credstore.encrypted/tfad.key
        chmod 640 /etc/credstore/tfad.key";
    bash(&machine, CREDENTIALS);
    let found = finding(&machine, "risk", "state-readable");
    assert_eq!(found["place"], "/etc/credstore/tfad.key");
    mend(&machine, &found);
    is_silent(&machine);
}

#[test]
fn the_file_of_a_removed_package_locks_no_user_out() {
    let machine = machine();
    // Of a package that apt need not fetch: the names of its files are those that dpkg keeps.
    const REMOVE: &str = "set -e; mkdir -p /root/p/DEBIAN /root/p/etc/pam.d; cd /root/p
        printf 'Package: kiosk\\nVersion: 1\\nArchitecture: all\\nMaintainer: A <a@b>\\nDescription: x\\n' >DEBIAN/control
        echo /etc/pam.d/kiosk >DEBIAN/conffiles
        printf 'auth requisite pam_deny.so\\nauth requisite pam_unix.so\\nauth requisite pam_tfa.so\\n' >etc/pam.d/kiosk
        printf '@include common-account\\n@include common-session\\n' >>etc/pam.d/kiosk
        dpkg-deb --build /root/p /root/kiosk.deb && dpkg -i /root/kiosk.deb";
    bash(&machine, REMOVE);
    let found = finding(&machine, "lock-out", "pam-refuses");
    assert_eq!(found["names"], serde_json::json!(["kiosk"]));
    bash(&machine, "dpkg -r kiosk && test -e /etc/pam.d/kiosk");
    is_silent(&machine);
}

#[test]
fn an_error_on_disk_and_a_file_that_is_not_loaded_are_found() {
    let machine = machine();
    const KEEP: &str = "cp -a /etc/tfa/tfad.toml /root/";
    bash(
        &machine,
        &format!("{KEEP}; echo 'mod = 1' >>/etc/tfa/tfad.toml"),
    );
    machine.fail(["systemctl", "reload", "tfad"]);
    let found = finding(&machine, "lock-out", "policy-error");
    assert!(
        found["what"]
            .as_str()
            .unwrap()
            .contains("/etc/tfa/tfad.toml"),
        "{found}"
    );
    bash(&machine, "cp -a /root/tfad.toml /etc/tfa/");
    is_silent(&machine);

    bash(
        &machine,
        "mkdir -p /etc/tfa/tfad.toml.d; printf '[enrollment]\\nissuer = \"Example\"\\n' >/etc/tfa/tfad.toml.d/50-issuer.toml",
    );
    let found = finding(&machine, "risk", "policy-not-loaded");
    mend(&machine, &found);
    is_silent(&machine);

    let ignored = "/etc/tfa/tfad.toml.d/50-bob.conf";
    machine.write_file(ignored, "[policy]\nmode = \"required\"\n");
    // A file that is not read is no reason to load the policy again.
    let loaded = bash(
        &machine,
        "tfactl doctor --json --only policy-not-loaded || :",
    );
    assert!(
        !loaded.contains("\"id\": \"policy-not-loaded\""),
        "{loaded}"
    );
    let found = finding(&machine, "risk", "policy-warning");
    assert!(found["what"].as_str().unwrap().contains(ignored), "{found}");
    machine.succeed(["rm", ignored]);
    machine.succeed(["systemctl", "reload", "tfad"]);
    is_silent(&machine);
}

#[test]
fn a_long_log_is_found_with_the_process_that_has_the_database_open() {
    let machine = machine();
    // Zeros behind the end of a log are no part of it.
    const HOLD: &str = "truncate -s 200M /var/lib/tfa/accounts.db-wal
        exec -a $'\\e[2Jsleep' sleep 100000 </var/lib/tfa/accounts.db >/dev/null 2>&1 &";
    bash(&machine, HOLD);
    let found = finding(&machine, "risk", "store-log");
    let names = found["names"].as_array().unwrap();
    assert!(
        names.len() == 1 && names[0].as_str().unwrap().starts_with("sleep (pid "),
        "{found}"
    );
    mend(&machine, &found);
    is_silent(&machine);
}

#[test]
fn a_user_who_may_own_the_name_owns_it_while_the_daemon_is_down() {
    let machine = machine();
    machine.add_user("bob", PASSWORD);
    let file = "/etc/dbus-1/system.d/site.conf";
    let policy = "<busconfig><policy user='bob'><allow own='org.tfad.Tfa1'/></policy></busconfig>";
    machine.write_file(file, policy);
    let found = finding(&machine, "hole", "bus-name-open");
    assert_eq!(found["place"], file);
    assert_eq!(found["names"], serde_json::json!(["user bob"]));

    machine.succeed(["systemctl", "reload", "dbus"]);
    machine.succeed(["systemctl", "mask", "--runtime", "--now", "tfad"]);
    let bus = "org.freedesktop.DBus";
    let own = [
        "busctl",
        "call",
        bus,
        "/org/freedesktop/DBus",
        bus,
        "RequestName",
        "su",
    ];
    let owned = machine.run_as("bob", [&own[..], &["org.tfad.Tfa1", "0"]].concat());
    assert_eq!(owned.stdout.trim(), "u 1", "{owned}");

    machine.succeed(["rm", file]);
    machine.succeed(["systemctl", "reload", "dbus"]);
    machine.succeed(["systemctl", "unmask", "--runtime", "tfad"]);
    machine.succeed(["systemctl", "start", "tfad"]);
    is_silent(&machine);
}

#[test]
fn a_missing_policy_of_the_bus_keeps_the_daemon_from_its_name() {
    let machine = machine();
    let file = "/usr/share/dbus-1/system.d/org.tfad.Tfa1.conf";
    bash(
        &machine,
        &format!("mv {file} /root/policy; systemctl reload dbus"),
    );
    let output = machine.run(["tfactl", "doctor", "--only", "bus-name-denied", "--json"]);
    assert!(output.stdout.contains(file), "{output}");
    let all = machine.fail(["tfactl", "doctor"]).stdout;
    assert!(
        all.ends_with("Holes: 0, lock-outs: 1, risks: 0, advice: 0.\n"),
        "{all}"
    );
    bash(
        &machine,
        &format!("mv /root/policy {file}; systemctl reload dbus; systemctl restart tfad"),
    );
    is_silent(&machine);
}

#[test]
fn faults_of_the_login_socket_are_found_and_the_printed_commands_mend_them() {
    let machine = machine();
    machine.succeed(["rm", "/run/tfa/login"]);
    let found = finding(&machine, "risk", "socket-missing");
    mend(&machine, &found);
    is_silent(&machine);

    machine.succeed(["chmod", "600", "/run/tfa/login"]);
    let found = finding(&machine, "risk", "socket-closed");
    mend(&machine, &found);
    is_silent(&machine);

    machine.succeed(["chown", "daemon", "/run/tfa/login"]);
    let found = finding(&machine, "hole", "socket-taken");
    mend(&machine, &found);
    is_silent(&machine);

    // Without the daemon, its socket is still the one that is believed.
    const LISTEN: &str = "systemctl mask --runtime --now tfad; mkdir -p /run/tfa
        systemd-run -q -u stranger systemd-socket-activate -l /run/tfa/login cat
        until [ -S /run/tfa/login ]; do sleep 0.1; done; chown daemon /run/tfa/login";
    bash(&machine, LISTEN);
    let output = machine.run(["tfactl", "doctor", "--only", "socket-taken"]);
    assert!(output.stdout.contains("socket-taken"), "{output}");
    bash(
        &machine,
        "systemctl stop stranger; rm /run/tfa/login; systemctl unmask --runtime tfad; systemctl start tfad",
    );
    is_silent(&machine);
}

#[test]
fn another_copy_of_the_module_and_a_file_that_is_no_module_are_found() {
    let machine = machine();
    const COPY: &str = "mkdir -p /usr/local/lib/security
        cp /usr/lib/*/security/pam_tfa.so /usr/local/lib/security/";
    bash(&machine, COPY);
    let found = finding(&machine, "risk", "module-copies");
    mend(&machine, &found);
    is_silent(&machine);

    bash(
        &machine,
        "cd /usr/lib/*/security && cp pam_tfa.so /root && echo >pam_tfa.so",
    );
    let found = finding(&machine, "lock-out", "pam-module-missing");
    assert!(
        found["what"].as_str().unwrap().contains("or damaged"),
        "{found}"
    );
    // A real module that is not of the project tells no version.
    bash(
        &machine,
        "cd /usr/lib/*/security && cp pam_permit.so pam_tfa.so",
    );
    let found = finding(&machine, "risk", "module-version");
    assert!(
        found["what"].as_str().unwrap().contains("tells no version"),
        "{found}"
    );
    bash(&machine, "cp /root/pam_tfa.so /usr/lib/*/security/");
    is_silent(&machine);
}

#[test]
fn folders_above_and_names_that_are_commands_are_found_and_mended() {
    let machine = machine();
    machine.succeed(["chmod", "o+w", "/var/lib"]);
    let found = finding(&machine, "hole", "file-writable");
    assert_eq!(found["place"], "/var/lib");
    mend(&machine, &found);
    is_silent(&machine);

    // In a folder that was open, another user has made a file.
    const FILE: &str = "cd /etc/tfa/tfad.toml.d && f=$'a\\e[2J;touch ran\\n$(touch ran)' && touch \"$f\" && chown daemon \"$f\"";
    bash(&machine, FILE);
    let shown = machine.fail(["tfactl", "doctor"]).stdout;
    assert!(shown.contains("HOLE  file-writable\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    // The name does not begin a line of its own.
    assert!(
        !shown
            .lines()
            .any(|line| line.trim_start().starts_with("$(touch")),
        "{shown}"
    );
    for line in shown.lines().filter(|line| line.starts_with("    ")) {
        bash(&machine, &format!("cd /root\n{}", line.trim()));
    }
    machine.succeed(["tfactl", "doctor", "--only", "file-writable"]);
    machine.fail(["test", "-e", "/root/ran"]);
    // The daemon does not read a file of that name, which is a finding too.
    bash(
        &machine,
        "rm /etc/tfa/tfad.toml.d/a*touch*; systemctl reload tfad",
    );
    is_silent(&machine);
}

#[test]
fn pipes_in_place_of_files_are_not_waited_for() {
    let machine = machine();
    const PIPES: &str = "mkdir -p /etc/sssd/conf.d /etc/dbus-1/system.d; mkfifo /etc/sudoers.d/pipe \
        /etc/dbus-1/system.d/pipe.conf /etc/dbus-1/system-local.conf /etc/nscd.conf /etc/sssd/sssd.conf \
        /etc/sssd/conf.d/pipe.conf /etc/ssh/sshd_config.d/zz-pipe /etc/pam.d/pipe";
    bash(&machine, PIPES);
    let output = machine.run(["tfactl", "doctor", "--json"]);
    assert!(!output.stderr.contains("took too long"), "{output}");
    assert!(output.stdout.trim_end().ends_with('}'), "{output}");
}

/// What the doctor says about a host of which it did not learn everything.
#[track_caller]
fn missed(machine: &Machine) -> Vec<String> {
    let output = machine.fail(["tfactl", "doctor", "--json", "--only", "clock"]);
    let missed = findings(&output.stdout);
    let ids = ["not-examined", "sshd-partly-examined", "sudo-not-examined"];
    assert!(
        missed
            .iter()
            .all(|one| ids.iter().any(|id| one["id"] == *id)),
        "{missed:?}"
    );
    let texts = missed
        .iter()
        .map(|one| one["what"].as_str().unwrap().to_owned());
    texts.collect()
}

#[test]
fn a_question_that_fails_is_a_finding() {
    let machine = machine();
    for program in ["systemctl", "busctl", "systemd-detect-virt"] {
        let path = format!("/usr/bin/{program}");
        machine.succeed(["chmod", "-x", &path]);
        let texts = missed(&machine);
        let why = format!("{program} could not be started");
        let all = texts.iter().all(|text| text.contains(&why));
        assert!(all && !texts.is_empty(), "{program}: {texts:?}");
        machine.succeed(["chmod", "+x", &path]);
    }
    // As on a host that is not a container.
    const NO_CONTAINER: &str = "#!/bin/sh\necho none\nexit 1\n";
    bash(
        &machine,
        "mv /usr/bin/systemd-detect-virt /usr/bin/busctl /root",
    );
    machine.write_file("/usr/bin/systemd-detect-virt", NO_CONTAINER);
    machine.write_file("/usr/bin/busctl", "#!/bin/sh\necho no bus >&2\nexit 1\n");
    bash(
        &machine,
        "chmod +x /usr/bin/systemd-detect-virt /usr/bin/busctl; chmod -x /usr/bin/timedatectl",
    );
    let texts = missed(&machine);
    for why in ["timedatectl could not be started", "busctl failed: no bus"] {
        assert!(texts.iter().any(|text| text.contains(why)), "{texts:?}");
    }
    bash(
        &machine,
        "mv /root/systemd-detect-virt /root/busctl /usr/bin; chmod +x /usr/bin/timedatectl",
    );
    is_silent(&machine);

    // A file that cannot be read is no empty file, and one that masks another is.
    const FILES: &str =
        "cd /etc/polkit-1/rules.d && mkfifo pipe.rules && ln -s /dev/null mask.rules";
    bash(&machine, FILES);
    let texts = missed(&machine);
    // polkit itself waits for the pipe, and does not answer.
    let [text, polkit] = texts.as_slice() else {
        panic!("{texts:?}");
    };
    assert!(
        text.ends_with("pipe.rules is not a regular file."),
        "{text}"
    );
    assert!(polkit.contains("polkit was asked"), "{polkit}");
    machine.succeed(["rm", "/etc/polkit-1/rules.d/pipe.rules"]);
    machine.succeed(["systemctl", "kill", "-s", "KILL", "polkit.service"]);
    is_silent(&machine);
}

#[test]
fn nscd_that_does_not_watch_the_files_keeps_a_rule_on_a_group_from_a_new_member() {
    let machine = Machine::boot_with(&["nscd"]);
    machine.add_user("alice", PASSWORD);
    machine.succeed(["groupadd", "vpn"]);
    let policy = "[policy]\nmode = \"optional\"\n[[policy.rule]]\ngroups = [\"vpn\"]\nmode = \"required\"\ngrace = \"0\"\n";
    set_policy(&machine, policy);
    let rule = || explained(&machine, "required", &[]);
    let faults = || {
        machine
            .run(["tfactl", "doctor", "--only", "groups-cached", "--json"])
            .stdout
    };
    let configure = |option: &str| {
        let text = format!("enable-cache group yes\npositive-time-to-live group 3600\n{option}\n");
        machine.write_file("/etc/nscd.conf", text);
        machine.succeed(["systemctl", "restart", "nscd"]);
        assert_eq!(rule(), "false");
        // As a directory is changed: the programs of shadow tell nscd.
        bash(&machine, "sed -i 's/^vpn:.*/&alice/' /etc/group");
    };

    configure("check-files group no");
    assert_eq!(rule(), "false");
    let found = faults();
    assert!(
        found.contains("/etc/nscd.conf:1") && found.contains("3600 seconds"),
        "{found}"
    );
    let found = findings(&found).remove(0);
    mend(&machine, &found);
    assert_eq!(rule(), "true");
    assert_eq!(findings(&faults()), [""; 0]);

    bash(&machine, "sed -i 's/^\\(vpn:.*\\)alice$/\\1/' /etc/group");
    configure("check-files group yes");
    const NOTICED: &str =
        "until tfactl explain alice --json | grep -q '\"required\": true'; do sleep 0.1; done";
    bash(&machine, NOTICED);
    assert_eq!(findings(&faults()), [""; 0]);
}
