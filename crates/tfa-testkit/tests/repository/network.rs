//! Only `tfa-fleet` links the crates of the network.

use std::collections::BTreeSet;
use std::process::Command;

/// TLS, HTTP and gRPC. Each is in the tree of `tfa-fleet`.
const OF_THE_NETWORK: [&str; 8] = [
    "h2",
    "hyper",
    "prost",
    "ring",
    "rustls",
    "tokio-rustls",
    "tonic",
    "rustls-webpki",
];

/// The crates that a program is built from.
fn crates_of(program: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree", "--locked", "-e", "normal", "--prefix", "none", "-p", program,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let names = lines.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn only_tfa_fleet_links_the_crates_of_the_network() {
    let fleet = crates_of("tfa-fleet");
    for name in OF_THE_NETWORK {
        assert!(fleet.contains(name), "{name} has another name now");
    }
    for program in ["pam_tfa", "tfad", "tfa-enroll", "tfactl"] {
        let crates = crates_of(program);
        assert!(crates.contains(program));
        let found: Vec<_> = OF_THE_NETWORK
            .iter()
            .filter(|name| crates.contains(**name))
            .collect();
        assert!(found.is_empty(), "{program} links {found:?}");
    }
}

#[test]
fn module_links_no_runtime() {
    assert!(!crates_of("pam_tfa").contains("tokio"));
    assert!(crates_of("tfa-fleet").contains("tokio"));
}
