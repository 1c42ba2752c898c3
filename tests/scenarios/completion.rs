//! The completions of the shells, as the package installs them.

use tfa_tests::Machine;

const FOLDERS: [&str; 3] = [
    "bash-completion/completions/",
    "zsh/vendor-completions/_",
    "fish/vendor_completions.d/",
];

#[test]
fn bash_completes_commands_options_and_users() {
    let machine = Machine::boot();
    machine.add_user("alice", "correct horse");
    for command in ["tfactl", "tfa-enroll"] {
        for folder in FOLDERS {
            let suffix = if folder.starts_with("fish") {
                ".fish"
            } else {
                ""
            };
            let path = format!("/usr/share/{folder}{command}{suffix}");
            let mode = machine.succeed(["stat", "-c", "%a %s", &path]);
            let size = mode.trim_end().strip_prefix("644 ").expect(&mode);
            assert!(size.parse::<u32>().unwrap() > 1000, "{path}: {size}");
        }
    }
    let terminal = machine.terminal(["bash", "--norc", "--noprofile", "-i"]);
    // The command as it is typed does not contain the prompt that it sets.
    terminal.type_line("PS1='rea''dy> '; cd /; for f in tfactl tfa-enroll; do . /usr/share/bash-completion/completions/$f; done");
    terminal.expect("ready> ");
    for (typed, completed) in [
        ("tfactl recov\tc\t", "tfactl recovery create "),
        ("tfactl show alic\t", "tfactl show alice "),
        (
            "tfactl devices forget alic\t",
            "tfactl devices forget alice ",
        ),
        (
            "tfactl restore --void\t",
            "tfactl restore --void-backup-codes ",
        ),
        ("tfa-enroll cod\t--pr\t", "tfa-enroll codes --print "),
    ] {
        terminal.send(typed.as_bytes());
        terminal.expect(completed);
        // Nothing is run: Ctrl-U clears the line.
        terminal.send(b"\x15");
    }
}

#[test]
fn zsh_completes_the_formats_and_options_of_an_import() {
    let machine = Machine::boot_with(&["zsh"]);
    // Without files of the user, zsh asks for none. -u: no question about the owners of folders.
    let terminal = machine.terminal(["zsh", "-f", "-i"]);
    terminal.type_line("autoload -U compinit; compinit -u -d /tmp/dump; PROMPT='rea''dy> '");
    terminal.expect("ready> ");
    terminal.send(b"tfactl import \t");
    for format in [
        "google-authenticator",
        "oath",
        "oath-csv",
        "otpauth",
        "otpauth-migration",
        "pskc",
    ] {
        terminal.expect_on_screen(format);
    }
    terminal.send(b"\x15");
    for (typed, completed) in [
        (
            "tfactl import goo\t--ho\t",
            "tfactl import google-authenticator --homes",
        ),
        (
            "tfactl import psk\t--pass\t",
            "tfactl import pskc --passphrase-file",
        ),
        (
            "tfactl restore --void\t",
            "tfactl restore --void-backup-codes",
        ),
    ] {
        terminal.send(typed.as_bytes());
        terminal.expect_on_screen(completed);
        terminal.send(b"\x15");
    }
}
