//! The programs that are counted: those of the package.

use std::env;
use std::path::{Path, PathBuf};

/// The environment variable that names another folder filled by `make build`.
pub(super) const FOLDER: &str = "TFA_BENCH_BUILT";

/// The folder of the counted programs in the namespace of a test. Paths there have the same length
/// on every host.
pub(super) const PROGRAMS: &str = "/run/tfa-bench";

pub(super) fn module() -> PathBuf {
    find("module/libpam_tfa.so")
}

pub(super) fn daemon() -> PathBuf {
    find("release/tfad")
}

fn find(name: &str) -> PathBuf {
    let folder = env::var_os(FOLDER).map_or("target/package".into(), PathBuf::from);
    let path = project().join(folder).join(name);
    assert!(
        path.exists(),
        "{} does not exist. Build it with: make deb",
        path.display()
    );
    path
}

/// The folder of the project.
pub(super) fn project() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(1).unwrap()
}
