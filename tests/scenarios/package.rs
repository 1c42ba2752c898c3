//! The package on a machine: installation, upgrade, removal, and the sandbox of the daemon.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tfa_tests::{Machine, Output};

use crate::users::{
    CODE, PASSWORD, machine_with_alice, machine_with_alice_set_up, set_policy, set_up,
    ssh_to_code_prompt,
};

const SHELL: &str = "alice@host:~$";

#[test]
fn installation_names_the_next_step_and_locks_no_user_out() {
    let machine = Machine::boot_bare();
    machine.add_user("alice", PASSWORD);
    machine.add_to_group("alice", "sudo");
    let said = apt(&machine, &["install", &copy_package(&machine)]).text();
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("tfa: "))
        .collect();
    // sshd of this machine had Debian's settings, with which it asks no questions.
    assert!(ours[0].contains("sshd asks questions now"), "{said}");
    assert!(
        ours[1].contains("no user is asked for a code yet"),
        "{said}"
    );
    assert!(
        ours[2].contains("Next: run  tfa-enroll  as yourself,"),
        "{said}"
    );
    assert!(ours[2].contains("tfactl doctor"), "{said}");
    assert!(
        ours[3].contains("/usr/share/doc/tfa/moving-in.md"),
        "{said}"
    );
    assert_eq!(ours.len(), 4, "{said}");
    assert!(ours.iter().all(|line| line.len() <= 80), "{said}");
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(SHELL);
    assert_eq!(
        machine.succeed(["systemctl", "is-system-running"]).trim(),
        "running"
    );

    // Every kind of login works as before.
    let terminal = machine.ssh_with("alice", &["-o", "PreferredAuthentications=password"]);
    terminal.expect("password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(SHELL);
    terminal.type_line("sudo id -un");
    terminal.expect("password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect("root");
    terminal.type_line("su - alice -c 'echo became $(id -un)'");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("became alice");
    let console = machine.console();
    console.expect("host login:");
    console.type_line("alice");
    console.expect("Password:");
    console.type_secret(PASSWORD);
    console.expect(SHELL);
    assert!(
        !console.transcript().contains("code"),
        "{}",
        console.screen()
    );

    // A second installation prints nothing new.
    let said = apt(
        &machine,
        &["install", "--reinstall", &copy_package(&machine)],
    )
    .text();
    assert!(!said.contains("tfa: "), "{said}");
}

/// The file that lets sshd ask for codes, and with them for passwords.
const SSHD_FILE: &str = "/etc/ssh/sshd_config.d/zz-tfa.conf";

#[test]
fn sshd_may_ask_by_default_only_where_passwords_are_on_for_all() {
    const OWN: &str = "/etc/ssh/sshd_config.d/60-own.conf";
    const OPTIONS: &str = "/etc/default/ssh";
    const UNIT: &str = "/etc/systemd/system/ssh.service.d/own.conf";
    let machine = Machine::boot_bare();
    machine.write_file(
        OWN,
        "Match Address *,!10.0.0.0/8\n  PasswordAuthentication no\n",
    );
    let said = apt(&machine, &["install", &copy_package(&machine)]).text();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    assert!(said.contains("sshd cannot ask for a code"), "{said}");
    machine.succeed(["rm", OWN]);

    for (file, text) in [
        (OWN, "PasswordAuthentication no\n"),
        (OWN, "Include /etc/ssh/own/*.conf\n"),
        (OPTIONS, "SSHD_OPTS='-o PasswordAuthentication=no'\n"),
        (
            UNIT,
            "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o PasswordAuthentication=no\n",
        ),
    ] {
        machine.write_file(file, text);
        machine.succeed(["systemctl", "daemon-reload"]);
        let said = reconfigure(&machine);
        assert!(!machine.has_file(SSHD_FILE), "{text}: {said}");
        machine.succeed(["rm", file]);
    }
    machine.write_file(OPTIONS, "# Options:\nSSHD_OPTS=\n");
    machine.succeed(["systemctl", "daemon-reload"]);
    let said = reconfigure(&machine);
    assert!(machine.has_file(SSHD_FILE), "{said}");
}

#[test]
fn a_removal_leaves_an_sshd_that_starts() {
    const OWN: &str = "/etc/ssh/sshd_config.d/60-own.conf";
    let machine = Machine::boot_bare();
    let package = copy_package(&machine);
    let said = apt(&machine, &["install", &package]).text();
    assert!(machine.has_file(SSHD_FILE), "{said}");
    let methods = "AuthenticationMethods publickey,keyboard-interactive\n";
    machine.write_file(OWN, methods);
    let said = apt(&machine, &["remove", "tfa"]).text();
    assert!(said.contains("Without it sshd does not start"), "{said}");
    machine.succeed(["systemctl", "restart", "ssh"]);

    machine.succeed(["rm", OWN]);
    apt(&machine, &["install", &package]);
    let said = apt(&machine, &["remove", "tfa"]).text();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    machine.succeed(["systemctl", "restart", "ssh"]);
}

#[test]
fn an_installation_after_a_removal_lets_sshd_ask_as_before() {
    let machine = Machine::boot_bare();
    let package = copy_package(&machine);
    apt(&machine, &["install", &package]);
    for _ in 0..2 {
        let said = apt(&machine, &["remove", "tfa"]).text();
        assert!(!machine.has_file(SSHD_FILE), "{said}");
        let said = apt(&machine, &["install", &package]).text();
        assert!(machine.has_file(SSHD_FILE), "{said}");
    }
    // A file that the administrator has deleted is a no, also after an upgrade and a removal.
    machine.succeed(["rm", SSHD_FILE]);
    apt(&machine, &["install", "--reinstall", &package]);
    apt(&machine, &["remove", "tfa"]);
    let said = apt(&machine, &["install", &package]).text();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
}

#[test]
fn debconf_enables_sshds_questions_only_if_not_configured() {
    let machine = Machine::boot_bare();
    let asks = || machine.succeed(["sh", "-c", "sshd -T | grep ^kbdinteractive"]);
    // If only keys are permitted, questions would permit passwords.
    machine.configure_sshd("50-keys", "PasswordAuthentication no");
    let said = apt(&machine, &["install", &copy_package(&machine)]).text();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    assert!(
        said.contains("AuthenticationMethods publickey,keyboard-interactive"),
        "{said}"
    );
    // On request it is enabled with a warning, and disabled again.
    let said = answer(&machine, "true");
    assert!(machine.has_file(SSHD_FILE), "{said}");
    assert!(said.contains("WARNING: sshd takes passwords"), "{said}");
    assert_eq!(asks(), "kbdinteractiveauthentication yes\n");
    let said = answer(&machine, "false");
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    assert_eq!(asks(), "kbdinteractiveauthentication no\n");
    // The administrator's own value is used, and an invalid configuration is not changed.
    machine.configure_sshd("60-own", "KbdInteractiveAuthentication no");
    let said = answer(&machine, "true");
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    machine.succeed(["rm", "/etc/ssh/sshd_config.d/60-own.conf"]);
    machine.write_file("/etc/ssh/sshd_config.d/60-own.conf", "Nonsense yes\n");
    let said = answer(&machine, "true");
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    machine.succeed(["rm", "/etc/ssh/sshd_config.d/60-own.conf"]);

    // The file is removed with the package. Lines of the administrator are kept.
    answer(&machine, "true");
    const METHODS: &str = "AuthenticationMethods publickey,keyboard-interactive";
    machine.succeed(["sh", "-c", &format!("echo '{METHODS}' >>{SSHD_FILE}")]);
    let said = apt(&machine, &["remove", "tfa"]).text();
    assert!(machine.read_file(SSHD_FILE).contains(METHODS), "{said}");
    assert!(said.contains("changed by hand and is left"), "{said}");
    machine.succeed(["rm", SSHD_FILE]);
    let said = apt(&machine, &["install", &copy_package(&machine)]).text();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    assert!(said.contains("sshd cannot ask for a code"), "{said}");
    let said = answer(&machine, "true");
    assert!(machine.has_file(SSHD_FILE), "{said}");
    apt(&machine, &["remove", "tfa"]);
    assert!(!machine.has_file(SSHD_FILE));
    assert_eq!(asks(), "kbdinteractiveauthentication no\n");
    apt(&machine, &["purge", "tfa"]);
    let left = machine.run(["debconf-show", "tfa"]).text();
    assert!(!left.contains("sshd-questions"), "{left}");
}

#[test]
fn an_upgrade_does_not_change_whether_sshd_asks() {
    let machine = Machine::boot_bare();
    let package = copy_package(&machine);
    let upgrade = || apt(&machine, &["install", "--reinstall", &package]).text();
    apt(&machine, &["install", &package]);
    assert!(machine.has_file(SSHD_FILE));
    // A deleted file stays deleted, whatever the answers are.
    machine.succeed(["rm", SSHD_FILE]);
    let said = upgrade();
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    let forget = machine
        .command(["debconf-communicate", "tfa"])
        .stdin("PURGE\n")
        .run();
    assert!(forget.success(), "{forget}");
    let said = upgrade() + &reconfigure(&machine);
    assert!(!machine.has_file(SSHD_FILE), "{said}");

    // An administrator who disables passwords afterwards is warned that they are still accepted.
    answer(&machine, "true");
    let said = upgrade();
    assert!(!said.contains("WARNING"), "{said}");
    machine.configure_sshd("50-keys", "PasswordAuthentication no");
    let said = upgrade();
    assert!(said.contains("WARNING: sshd takes passwords"), "{said}");
    assert!(machine.has_file(SSHD_FILE), "{said}");
    // What the file itself says.
    machine.configure_sshd(
        "50-keys",
        "PasswordAuthentication no\nKbdInteractiveAuthentication no",
    );
    let said = upgrade();
    assert!(!said.contains("WARNING"), "{said}");

    // The question does not change sshd's folder, which may be in use when the answer is given.
    machine.succeed(["systemctl", "stop", "ssh.service"]);
    assert!(!machine.has_file("/run/sshd"));
    const ASK: &str = "/usr/share/debconf/frontend /var/lib/dpkg/info/tfa.config reconfigure 0";
    machine
        .command(["sh", "-c", ASK])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBCONF_PACKAGE", "tfa")
        .succeed();
    assert!(machine.has_file("/run/sshd"));
}

#[test]
fn pam_is_wired_in_an_image_but_not_on_a_host_without_systemd() {
    const IMAGE: &str = "
        set -e
        mount --bind / /mnt
        mount --bind /dev /mnt/dev
        DEBIAN_FRONTEND=noninteractive chroot /mnt dpkg --install \"$1\" 2>&1
        umount /mnt/dev /mnt";
    let machine = Machine::boot_bare();
    let package = copy_package(&machine);
    let wired = || {
        machine
            .read_file("/etc/pam.d/common-auth")
            .contains("pam_tfa")
    };
    machine.succeed(["mv", "/run/systemd/system", "/run/systemd/away"]);
    let said = apt(&machine, &["install", &package]).text();
    assert!(!wired(), "{said}");
    assert!(
        said.contains("Without systemd, nothing starts tfad"),
        "{said}"
    );
    // The next package does not configure it. A command that names it does.
    machine.succeed(["pam-auth-update", "--package"]);
    assert!(!wired());
    machine.succeed(["pam-auth-update", "--enable", "tfa"]);
    assert!(wired());
    apt(&machine, &["purge", "tfa"]);
    assert!(!wired());

    // Whether the host that boots the image accepts passwords is unknown.
    let said = machine.succeed(["sh", "-c", IMAGE, "sh", &package]);
    assert!(wired(), "{said}");
    assert!(!machine.has_file(SSHD_FILE), "{said}");
    assert!(said.contains("sshd cannot ask for a code"), "{said}");
    machine.succeed(["mv", "/run/systemd/away", "/run/systemd/system"]);
}

#[test]
fn an_upgrade_keeps_keys_and_settings_and_keeps_asking() {
    let (machine, alice) = machine_with_alice_set_up();
    const SETTINGS: &str = "[policy]\nmode = \"required\"\n[enrollment]\nissuer = \"Example\"\n";
    machine.write_file("/etc/tfa/tfad.toml", SETTINGS);
    let before = daemon(&machine);
    let newer = newer_package(&machine);
    let said = apt(&machine, &["install", &newer]).stdout;
    assert!(!said.contains("WARNING"), "{said}");
    assert_eq!(installed_version(&machine), "99.0");
    assert_ne!(daemon(&machine), before);
    // The package asks the daemon whether it answers, which is no login.
    let log = machine.journal("tfad");
    assert!(!log.contains("root: continues WITHOUT"), "{log}");
    let settings = machine.read_file("/etc/tfa/tfad.toml");
    assert!(settings.contains("Example"), "{settings}");
    log_in_with(&machine, &alice.phone.next_unused());

    set_policy(&machine, &SETTINGS.replace("required", "optional"));
    machine.add_user("bob", PASSWORD);
    assert_eq!(
        set_up(&machine, "bob", PASSWORD).phone.issuer(),
        Some("Example")
    );
}

#[test]
fn removal_disables_reinstallation_restores_purge_deletes() {
    let (machine, alice) = machine_with_alice_set_up();
    let files = machine.succeed(["dpkg", "-L", "tfa"]);
    for file in ["README.md", "SECURITY.md", "moving-in.md"] {
        assert!(
            files.contains(&format!("/usr/share/doc/tfa/{file}\n")),
            "{files}"
        );
    }
    assert!(
        !files.lines().any(|file| file.starts_with("/lib")),
        "{files}"
    );
    let said = apt(&machine, &["remove", "tfa"]).text();
    let warning = "the password alone lets 1 user who has enrolled in.";
    assert!(said.contains(warning), "{said}");
    assert_eq!(
        machine
            .read_file("/etc/pam.d/common-auth")
            .matches("pam_tfa")
            .count(),
        0
    );
    assert_eq!(
        machine
            .read_file("/etc/pam.d/common-account")
            .matches("pam_tfa")
            .count(),
        0
    );
    log_in_without_code(&machine);
    assert!(machine.has_file("/var/lib/tfa/accounts.db"));
    assert_eq!(
        machine.succeed(["systemctl", "is-system-running"]).trim(),
        "running"
    );

    apt(&machine, &["install", &copy_package(&machine)]);
    log_in_with(&machine, &alice.phone.next_unused());

    // A daemon that does not answer leaves the number out, and keeps nothing.
    machine.succeed(["systemctl", "mask", "--now", "tfad"]);
    let said = apt(&machine, &["remove", "tfa"]).text();
    let warning = "the password alone lets the users who have enrolled in.";
    assert!(said.contains(warning), "{said}");
    machine.succeed(["systemctl", "unmask", "tfad"]);
    apt(&machine, &["install", &copy_package(&machine)]);

    const CREDENTIAL: &str = "/etc/credstore.encrypted/tfad.key";
    machine.write_file(CREDENTIAL, "sealed elsewhere");
    let said = apt(&machine, &["purge", "tfa"]).text();
    assert!(said.contains(CREDENTIAL), "{said}");
    machine.succeed(["rm", CREDENTIAL]);
    assert!(
        said.contains("tfa: removing all keys and backup codes (/var/lib/tfa)"),
        "{said}"
    );
    for gone in ["/var/lib/tfa", "/etc/tfa"] {
        assert!(!machine.has_file(gone), "{gone}");
    }
    let left = "grep -rl pam_tfa /etc; ls -d /etc/systemd/system/*/tfad.service; true";
    assert_eq!(machine.succeed(["sh", "-c", left]), "");
    log_in_without_code(&machine);

    apt(&machine, &["install", &copy_package(&machine)]);
    log_in_without_code(&machine);

    // A directory behind a link is reported, and a mount point is no obstacle.
    let said = apt(&machine, &["remove", "tfa"]).text();
    assert!(!said.contains("who has enrolled"), "{said}");
    machine.succeed(["mv", "/var/lib/tfa", "/srv/keys"]);
    machine.succeed(["ln", "-s", "/srv/keys", "/var/lib/tfa"]);
    machine.succeed(["mount", "--bind", "/etc/tfa", "/etc/tfa"]);
    let said = apt(&machine, &["purge", "tfa"]).text();
    assert!(said.contains("left for you to delete: /srv/keys"), "{said}");
    assert!(said.contains("not deleted as a whole: /etc/tfa"), "{said}");
}

#[test]
fn the_package_is_not_removed_while_a_stack_needs_it() {
    let (machine, alice) = machine_with_alice_set_up();
    let stack =
        "auth required pam_unix.so\nauth required pam_tfa.so\naccount required pam_unix.so\n";
    machine.write_file("/etc/pam.d/own-program", stack);
    let output = apt_run(&machine, &["remove", "tfa"]);
    assert!(!output.success(), "{output}");
    assert!(output.text().contains("/etc/pam.d/own-program"), "{output}");
    assert!(
        output.text().contains("take the module out of them"),
        "{output}"
    );
    // The refusal changed nothing.
    log_in_with(&machine, &alice.phone.next_unused());
    machine.succeed(["rm", "/etc/pam.d/own-program"]);
    apt(&machine, &["remove", "tfa"]);
    log_in_without_code(&machine);
}

#[test]
fn the_daemon_has_no_unneeded_privilege() {
    let machine = machine_with_alice();
    let pid = daemon(&machine);
    let status = machine.read_file(&format!("/proc/{pid}/status"));
    for line in [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(
            status.lines().any(|message| message == line),
            "{line} in {status}"
        );
    }
    let limits = machine.read_file(&format!("/proc/{pid}/limits"));
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);

    // It has no network of its own, only the loopback.
    let net = |words: &[&str]| {
        let inside = ["nsenter", "--target", &pid, "--net", "ip", "-brief"];
        machine.succeed(inside.iter().chain(words).copied())
    };
    let links = net(&["link"]);
    assert!(
        links.lines().count() == 1 && links.starts_with("lo "),
        "{links}"
    );
    assert_eq!(net(&["route"]), "");

    let mounts = machine.read_file(&format!("/proc/{pid}/mountinfo"));
    let is_hidden = |mount: &str| mount.contains(" /proc ") && mount.contains("hidepid=invisible");
    assert!(mounts.lines().any(is_hidden), "{mounts}");

    // It can write only its own files, and cannot read home directories.
    let inside = |path: &str, how: &str| {
        let seen_by_it = format!("/proc/{pid}/root{path}");
        machine.run(["test", how, &seen_by_it]).success()
    };
    assert!(inside("/var/lib/tfa", "-w"));
    for closed in ["/etc", "/usr/sbin", "/var/lib", "/var/log"] {
        assert!(!inside(closed, "-w"), "{closed}");
    }
    assert!(inside("/etc/passwd", "-r"));
    assert!(!inside("/home/alice", "-e") && machine.has_file("/home/alice"));
    assert!(!inside("/usr/bin/perl", "-x") && inside("/usr/sbin/tfad", "-x"));

    let assessed = machine.run(["systemd-analyze", "security", "--threshold=15", "tfad"]);
    let overall = assessed.stdout.lines().last().unwrap_or_default();
    assert!(assessed.success(), "{overall}\n{assessed}");
    assert_eq!(
        machine.succeed(["systemctl", "is-system-running"]).trim(),
        "running"
    );
}

#[test]
fn the_journal_contains_no_key_code_or_password() {
    let (machine, alice) = machine_with_alice_set_up();
    let mut typed: Vec<String> = vec![PASSWORD.to_owned(), alice.phone.secret().to_owned()];
    typed.extend(alice.backup_codes.iter().cloned());
    typed.extend(alice.backup_codes.iter().map(|code| code.replace('-', "")));
    typed.extend((-4..=4).map(|steps| alice.phone.code_at(steps)));

    let terminal = ssh_to_code_prompt(&machine, "alice");
    let wrong = alice.phone.wrong_code();
    terminal.type_secret(&wrong);
    terminal.expect(CODE);
    terminal.type_secret("not a code at all");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(SHELL);
    typed.extend([wrong, "not a code".to_owned()]);

    terminal.type_line("tfa-enroll test");
    terminal.expect("Code from your phone, or a backup code:");
    terminal.type_line("ZZZZZ-ZZZZZ");
    terminal.expect("A login would not accept this code.");
    typed.push("ZZZZZ".to_owned());
    terminal.type_line("tfa-enroll move");
    crate::users::authenticate(&terminal, &alice.backup_codes[0]);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it");
    terminal.send(b"\r");
    terminal.expect("Code from your phone:");
    let link = crate::users::uri_in(&terminal.transcript());
    typed.push(tfa_tests::Phone::from_uri(&link).secret().to_owned());
    terminal.send(b"\x03");
    terminal.expect(SHELL);

    // The password in place of the code, a common mistake.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(PASSWORD);
    terminal.expect("Password:");
    machine.expect_in_journal(
        "sshd",
        "the answer was the password, not the code; refusing",
    );

    machine.succeed(["journalctl", "--sync"]);
    // With all fields of an entry. The time is a number, which the search must not match.
    let all = machine.succeed(["journalctl", "--quiet", "--output=export"]);
    let said: String = all
        .lines()
        .filter(|line| line.starts_with("MESSAGE=") || line.starts_with("_CMDLINE="))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(said.contains("alice: verified by a code"), "{said}");
    for secret in &typed {
        let found = said.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(found, None, "{secret}");
    }
    let logs = machine.succeed([
        "sh",
        "-c",
        "cat /var/log/*.log /var/log/apt/*.log 2>/dev/null; true",
    ]);
    assert!(!typed.iter().any(|secret| logs.contains(secret.as_str())));
}

/// Runs the package's question again without a user.
fn reconfigure(machine: &Machine) -> String {
    let words = ["dpkg-reconfigure", "--frontend=noninteractive", "tfa"];
    machine.run(words).text()
}

/// Sets the answer, then runs the question.
fn answer(machine: &Machine, answer: &str) -> String {
    let message = format!("tfa tfa/sshd-questions boolean {answer}\n");
    machine
        .command(["debconf-set-selections"])
        .stdin(message)
        .succeed();
    reconfigure(machine)
}

/// The package under test.
pub(crate) fn package() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Some(named) = env::var_os("TFA_DEB") {
        return project.join(named);
    }
    let built = fs::read_dir(project.join("dist")).unwrap().flatten();
    let packages = built.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("tfa_") && name.ends_with(".deb")
    });
    packages
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .unwrap()
}

/// Copies the package to the machine, and returns its path there.
fn copy_package(machine: &Machine) -> String {
    const PATH: &str = "/root/tfa.deb";
    if !machine.has_file(PATH) {
        machine.write_file(PATH, fs::read(package()).unwrap());
    }
    PATH.to_owned()
}

/// The same package with a later version.
fn newer_package(machine: &Machine) -> String {
    const REPACK: &str = "
        set -e
        dpkg-deb --raw-extract \"$1\" /root/newer
        sed -i 's/^Version: .*/Version: 99.0/' /root/newer/DEBIAN/control
        dpkg-deb --build -Znone /root/newer /root/newer.deb >&2
        echo /root/newer.deb";
    let package = copy_package(machine);
    machine
        .succeed(["sh", "-c", REPACK, "sh", &package])
        .trim()
        .to_owned()
}

#[track_caller]
fn apt(machine: &Machine, words: &[&str]) -> Output {
    let output = apt_run(machine, words);
    assert!(output.success(), "{output}");
    output
}

fn apt_run(machine: &Machine, words: &[&str]) -> Output {
    machine
        .command(["apt-get", "--yes"].iter().chain(words))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .within(Duration::from_secs(180))
        .run()
}

fn installed_version(machine: &Machine) -> String {
    machine.succeed(["dpkg-query", "--show", "--showformat=${Version}", "tfa"])
}

fn daemon(machine: &Machine) -> String {
    let words = ["systemctl", "show", "--value", "-p", "MainPID", "tfad"];
    machine.succeed(words).trim().to_owned()
}

#[track_caller]
fn log_in_with(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
}

#[track_caller]
fn log_in_without_code(machine: &Machine) {
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    assert_eq!(
        terminal.expect_any(&[SHELL, CODE]),
        0,
        "a code was asked for"
    );
}
