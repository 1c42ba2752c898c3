//! Exports, libraries and crates of the module.

use std::collections::BTreeSet;
use std::process::Command;

use crate::fixture::module;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_exports_only_what_libpam_calls() {
    let symbols = output(
        Command::new("nm")
            .args(["-D", "--defined-only", "--format=just-symbols"])
            .arg(module()),
    );
    let mut symbols: Vec<&str> = symbols.lines().collect();
    symbols.sort_unstable();
    assert_eq!(
        symbols,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred"
        ]
    );
}

#[test]
fn it_needs_only_libpam_and_libc() {
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
fn it_links_neither_secrets_nor_policy() {
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
fn it_tells_its_version_without_being_loaded() {
    let root = std::env::temp_dir().join(format!("pam-tfa-version-{}", std::process::id()));
    let folder = root.join("usr/lib/security");
    std::fs::create_dir_all(&folder).unwrap();
    // As the package installs it.
    let mut strip = Command::new("strip");
    output(strip.arg("-o").arg(folder.join("pam_tfa.so")).arg(module()));
    let files = tfa_pam_host::PamHost::below(&root).files_of("pam_tfa.so");
    std::fs::remove_dir_all(root).unwrap();
    let [file] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert_eq!(file.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert!(file.is_native && file.is_searched);
}
