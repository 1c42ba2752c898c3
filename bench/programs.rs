//! The C programs of the bench, compiled on the host.

use std::path::{Path, PathBuf};
use std::process::Command;

use tfa_tests::OrFail;

/// The name of a program, its source, and the arguments for the linker.
type Program = (&'static str, &'static str, &'static [&'static str]);

const PROGRAMS: &[Program] = &[
    ("login", "login.c", &["-lpam"]),
    ("floor", "floor.c", &[]),
    ("module", "module.c", &["-lpam"]),
    (NAME_SERVICE, "nss.c", &["-shared", "-fPIC"]),
];

/// The library of the name service, with the name that glibc loads.
pub(crate) const NAME_SERVICE: &str = "libnss_bench.so.2";

/// Compiles the programs into a folder, and returns their names and paths.
pub(crate) fn compile(into: &Path) -> Vec<(&'static str, PathBuf)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    std::fs::create_dir_all(into).or_fail(&format!("create {}", into.display()));
    PROGRAMS
        .iter()
        .map(|(name, source, libraries)| {
            let program = into.join(name);
            let output = Command::new("cc")
                .args(["-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o"])
                .arg(&program)
                .arg(sources.join(source))
                .args(*libraries)
                .output()
                .or_fail("run cc; tests/prerequisites installs it");
            if !output.status.success() {
                panic!(
                    "cannot compile {source}; tests/prerequisites installs what it needs:\n{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            (*name, program)
        })
        .collect()
}
