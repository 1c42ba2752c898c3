//! What the module is made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stage::module;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_exports_what_libpam_calls_and_nothing_else() {
    let symbols = output(
        Command::new("nm")
            .args(["-D", "--defined-only", "--format=just-symbols"])
            .arg(module()),
    );
    let mut symbols: Vec<&str> = symbols.lines().collect();
    symbols.sort_unstable();
    assert_eq!(
        symbols,
        ["pam_sm_acct_mgmt", "pam_sm_authenticate", "pam_sm_setcred"]
    );
}

#[test]
fn it_needs_libpam_and_libc_and_nothing_else() {
    let dynamic = output(Command::new("readelf").arg("-d").arg(module()));
    let needed = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split(['[', ']']).nth(1));
    for library in needed {
        let known = ["libpam.so", "libc.so", "ld-linux"];
        assert!(
            known.iter().any(|name| library.starts_with(name)),
            "{library}"
        );
    }
}

/// The crates that the module is built from, macros included.
fn crates() -> String {
    output(
        Command::new(env!("CARGO"))
            .args(["tree", "-p", "pam_tfa", "-e", "normal", "--prefix", "none"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    )
}

#[test]
fn neither_secrets_nor_policy_can_enter_a_login_program() {
    let crates = crates();
    let names = crates.lines().filter_map(|line| line.split(' ').next());
    let ours: BTreeSet<&str> = names.filter(|name| name.starts_with("tfa")).collect();
    assert_eq!(Vec::from_iter(ours), ["tfa-proto", "tfa-wire"]);
}

#[test]
fn it_links_no_runtime_and_nothing_asynchronous() {
    for name in crates().lines() {
        for part in ["tokio", "async", "futures", "mio", "polling", "zruntime"] {
            assert!(!name.contains(part), "{name}");
        }
    }
}

#[test]
fn unsafe_stands_in_one_file() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let with_unsafe = fs::read_dir(sources).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        words
            .into_iter()
            .any(|word| word == "unsafe")
            .then_some(name)
    });
    assert_eq!(with_unsafe.collect::<Vec<_>>(), ["ffi.rs"]);
}
