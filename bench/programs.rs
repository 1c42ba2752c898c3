//! The C programs of the bench, compiled on the host.

use std::path::{Path, PathBuf};
use std::process::Command;

use tfa_tests::OrFail;

/// A program's name, its source, and how it is linked.
type Program = (&'static str, &'static str, &'static [&'static str]);

const PROGRAMS: &[Program] = &[
    ("login", "login.c", &["-lpam"]),
    ("floor", "floor.c", &[]),
    ("module", "module.c", &["-lpam"]),
    (NAME_SERVICE, "nss.c", &["-shared", "-fPIC"]),
];

/// The library of the name service, under the name that glibc looks for.
pub(crate) const NAME_SERVICE: &str = "libnss_bench.so.2";

/// Compiles all of them into a folder, and gives their names and places.
pub(crate) fn compile(into: &Path) -> Vec<(&'static str, PathBuf)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    std::fs::create_dir_all(into).or_fail(&format!("make {}", into.display()));
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
                .or_fail("run cc (tests/prerequisites installs it)");
            if !output.status.success() {
                panic!(
                    "cannot compile {source} (tests/prerequisites installs what it needs):\n{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            (*name, program)
        })
        .collect()
}
