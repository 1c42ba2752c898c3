//! The programs that are counted: those that the package ships.

use std::env;
use std::path::{Path, PathBuf};

/// The variable that names another folder that `make build` filled.
pub(super) const FOLDER: &str = "TFA_BENCH_BUILT";

/// The folder of the counted programs in the namespace of a test. Paths there have the same length
/// on every host.
pub(super) const PROGRAMS: &str = "/run/tfa-bench";

/// The module.
pub(super) fn module() -> PathBuf {
    find("module/libpam_tfa.so")
}

/// The daemon.
pub(super) fn daemon() -> PathBuf {
    find("release/tfad")
}

fn find(name: &str) -> PathBuf {
    let folder = env::var_os(FOLDER).map_or("target/package".into(), PathBuf::from);
    let path = project().join(folder).join(name);
    assert!(
        path.exists(),
        "{} is not there: make deb builds it",
        path.display()
    );
    path
}

/// The project's folder.
pub(super) fn project() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(1).unwrap()
}
