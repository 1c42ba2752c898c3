//! The instructions of the manuals, followed exactly.

use std::fs;
use std::path::Path;

use tfa_tests::Machine;

use crate::log_readers::READERS;
use crate::security_keys;
use crate::users::{CODE, PASSWORD, authenticate, machine_with_alice_set_up, ssh_to_code_prompt};

#[test]
fn each_sshd_line_of_the_manuals_can_be_copied() {
    let machine = Machine::boot_with(READERS);
    let settings = machine.succeed(["sshd", "-T"]);
    let keywords: Vec<&str> = settings
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    // As the manuals write them, with a value. This excludes the same word in a sentence.
    let is_setting = |line: &str| {
        line.split_once(' ').is_some_and(|(word, _)| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && keywords.contains(&word.to_ascii_lowercase().as_str())
        })
    };
    let mut tried = 0;
    for (page, source) in pages() {
        const RENDER: &str = r#"MANWIDTH=80 man "$1" 2>/dev/null | col -bx"#;
        let text = machine.succeed(["sh", "-c", RENDER, "sh", &page]);
        let shown: Vec<&str> = text.lines().map(str::trim).collect();
        let lines: Vec<&str> = shown
            .iter()
            .copied()
            .filter(|line| is_setting(line))
            .collect();
        for line in &lines {
            machine.write_file("/root/sshd_config", format!("{line}\n"));
            let understood = machine.succeed(["sshd", "-T", "-f", "/root/sshd_config"]);
            if let Some(methods) = line.strip_prefix("AuthenticationMethods ") {
                let whole = format!("authenticationmethods {methods}\n");
                assert!(understood.contains(&whole), "{page}: {line}");
            }
            tried += 1;
        }
        // A wrapped line is two lines, and the first half may be valid by itself.
        let written = source
            .lines()
            .map(|line| line.trim_start_matches(".Dl ").trim());
        for line in written.filter(|line| is_setting(line)) {
            assert!(shown.contains(&line), "{page} wraps: {line}");
        }
        assert!(
            lines.is_empty() || text.contains("sshd -t"),
            "{page} does not say sshd -t"
        );
    }
    assert!(tried >= 9, "{tried}");
}

/// The names of the manual pages, with their sources.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man");
    let files = fs::read_dir(folder).unwrap().flatten();
    let page = |file: fs::DirEntry| {
        let name = file
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        (name, fs::read_to_string(file.path()).unwrap())
    };
    files.map(page).collect()
}

/// The commands on separate lines in a section of `man tfad`.
fn commands_of(section: &str) -> Vec<String> {
    let (_, page) = pages()
        .into_iter()
        .find(|(name, _)| name == "tfad")
        .unwrap();
    let (_, rest) = page.split_once(&format!(".Ss {section}\n")).unwrap();
    let end = rest.find("\n.S").unwrap();
    let commands = rest[..end]
        .lines()
        .filter_map(|line| line.strip_prefix(".Dl "));
    commands.map(str::to_owned).collect()
}

#[test]
fn recovery_works_as_the_manual_describes() {
    const ROOT: &str = "battery staple";
    let (machine, alice) = machine_with_alice_set_up();
    machine.set_password("root", ROOT);
    // An option that was added by hand, which pam-auth-update keeps.
    let auth = "/etc/pam.d/common-auth";
    machine.succeed(["sed", "-i", "s/pam_tfa.so/& debug/", auth]);
    machine.succeed(["pam-auth-update", "--package"]);
    assert!(
        machine
            .read_file(auth)
            .contains("pam_tfa.so enroll=account debug")
    );

    // After an error and a restart no login succeeds, even that of root at the console.
    machine.write_file("/etc/tfa/tfad.toml", "[policy]\nmode = \"requird\"\n");
    machine.succeed(["systemctl", "restart", "tfad"]);
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Password:");
    drop(terminal);
    let console = machine.console();
    console.expect("host login:");
    console.type_line("root");
    console.expect("Password:");
    console.type_secret(ROOT);
    console.expect("Login incorrect");

    let rescue = commands_of("Rescue mode");
    let [remove, look, go_on] = rescue.as_slice() else {
        panic!("{rescue:?}");
    };
    machine.succeed(["systemctl", "isolate", "--no-block", "rescue.target"]);
    console.expect("Give root password for maintenance");
    console.type_secret(ROOT);
    console.expect("root@host:~#");
    for command in [remove, &format!("{look} || echo is out")] {
        console.type_line(command);
    }
    console.expect("is out");
    console.type_line(go_on);
    console.expect("host login:");
    console.type_line("alice");
    console.expect("Password:");
    console.type_secret(PASSWORD);
    console.expect("alice@host:~$");
    assert!(!console.transcript().contains(CODE));
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("alice@host:~$");

    machine.write_file("/etc/tfa/tfad.toml", "[policy]\nmode = \"optional\"\n");
    let back = commands_of("Restoring two-factor login");
    assert_eq!(back.len(), 4, "{back:?}");
    for command in &back {
        machine.succeed(["sh", "-c", command]);
    }
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    let options = machine.read_file(auth);
    assert!(options.contains("pam_tfa.so enroll=account") && !options.contains("debug"));

    // The other results that the section describes for the two commands.
    machine.succeed(["pam-auth-update", "--package", "--remove", "tfa"]);
    assert!(!machine.read_file(auth).contains("pam_tfa"));
    machine.succeed(["pam-auth-update", "--package"]);
    assert!(machine.read_file(auth).contains("pam_tfa"));
    machine.succeed(["pam-auth-update", "--disable", "tfa"]);
    machine.succeed(["pam-auth-update", "--package"]);
    assert!(!machine.read_file(auth).contains("pam_tfa"));
    machine.succeed(["pam-auth-update", "--enable", "tfa"]);
    assert!(machine.read_file(auth).contains("pam_tfa"));
}

#[test]
fn the_readmes_exemption_of_a_program_by_key_works() {
    let machine = Machine::boot();
    machine.add_user("alice", PASSWORD);
    machine.add_user("deploy", "correct donkey");
    let key = machine.authorize_key("deploy");
    let alices_key = machine.authorize_key("alice");
    machine.write_file(
        "/etc/tfa/tfad.toml",
        "[policy]\nmode = \"required\"\ngrace = \"0\"\n",
    );
    let public = machine.read_file(&format!("{key}.pub"));
    let files = files_of_the_readme().into_iter();
    for (path, text) in files.filter(|(path, _)| !path.contains("security-keys")) {
        let text = text.replace("ssh-ed25519 AAAA... deploy", public.trim());
        machine.write_file(&path.replace("~deploy", "/home/deploy"), text);
    }
    // The stricter host, for which the `Match` block is: a key and a code, or a password and a
    // code.
    machine.write_file(
        "/etc/ssh/sshd_config.d/zz-all.conf",
        "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive\n",
    );
    machine.succeed(["tfactl", "policy", "check"]);
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.succeed(["sh", "-c", "sshd -t && systemctl restart ssh"]);

    let login = |user: &str, key: &str, from: &str| {
        machine.add_address(from);
        let options = [
            "-b",
            from,
            "-i",
            key,
            "-o",
            "BatchMode=yes",
            "--",
            "id",
            "-un",
        ];
        machine.ssh_to("127.0.0.1", user, &options)
    };
    let inside = login("deploy", &key, "192.0.2.9");
    inside.expect("deploy");
    assert!(inside.wait_exit().success());
    machine.expect_in_journal(
        "tfad",
        "deploy: not asked: the policy's mode is off (/etc/tfa/tfad.toml.d/50-deploy.toml",
    );
    for (user, key, from) in [
        ("deploy", &key, "198.51.100.9"),
        ("alice", &alices_key, "192.0.2.9"),
    ] {
        let refused = login(user, key, from);
        refused.expect("Permission denied");
        assert!(!refused.wait_exit().success());
    }
    // The same account from elsewhere, and all other users, must enroll.
    for user in [("deploy", "correct donkey"), ("alice", PASSWORD)] {
        let terminal = machine.ssh_from("198.51.100.9", user.0);
        terminal.expect("Password:");
        terminal.type_secret(user.1);
        terminal.expect("Two-factor login is required on host");
    }
}

#[test]
fn the_readmes_security_key_logs_in_as_it_shows() {
    let (machine, alice) = machine_with_alice_set_up();
    security_keys::install(&machine);
    let key = security_keys::make_key(&machine, "id_ed25519_sk", "ed25519-sk", &[]);
    let public = security_keys::authorize(&machine, "alice", &key, "");
    machine.succeed([
        "install",
        "-m",
        "644",
        &public,
        "/home/alice/.ssh/id_ed25519_sk.pub",
    ]);
    let files = files_of_the_readme().into_iter();
    for (path, text) in files.filter(|(path, _)| path.contains("security-keys")) {
        machine.write_file(&path, text);
    }
    machine.succeed(["sh", "-c", "sshd -t && systemctl restart ssh"]);
    let settings = machine.succeed(["sshd", "-T"]);
    assert!(
        settings.contains("pubkeyauthoptions touch-required"),
        "{settings}"
    );

    let text = readme();
    let (_, section) = text.split_once("### Security keys\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    let mut shown = lines.skip_while(|line| !line.starts_with("$ "));
    let enroll = shown.next().and_then(|line| line.strip_prefix("$ "));
    let terminal = machine.terminal_as("alice", ["sh", "-c", enroll.unwrap()]);
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("The security key is active");
    assert!(terminal.wait_exit().success());

    assert_eq!(shown.next(), Some("$ ssh alice@host"));
    let login = machine.ssh_with("alice", &[]);
    let shown: Vec<&str> = shown.collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    for line in shown {
        login.expect(
            &line
                .trim_end_matches("...")
                .replace("@host)", "@localhost)"),
        );
        if line.ends_with("Password:") {
            login.type_secret(PASSWORD);
        }
    }
    assert!(!login.transcript().contains(CODE));
}

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    fs::read_to_string(path).unwrap()
}

/// The files in the README. Each begins with a comment that contains its path.
fn files_of_the_readme() -> Vec<(String, String)> {
    let text = readme();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(line) if line.starts_with("# /") || line.starts_with("# ~") => {
                files.push((line.trim_start_matches("# ").to_owned(), String::new()));
                inside = true;
            }
            Some(line) if inside => {
                let (_, content) = files.last_mut().unwrap();
                content.push_str(line);
                content.push('\n');
            }
            _ => inside = false,
        }
    }
    assert_eq!(files.len(), 5, "{files:?}");
    files
}
