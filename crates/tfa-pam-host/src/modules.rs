//! Where libpam looks for modules.

use std::env::consts::ARCH;
use std::path::{Path, PathBuf};

/// The folders of modules that exist: those of Debian's multiarch, and those of other distributions.
pub(crate) fn folders(root: &Path) -> Vec<PathBuf> {
    let multiarch = match ARCH {
        "x86" => "i386-linux-gnu".to_owned(),
        "arm" => "arm-linux-gnueabihf".to_owned(),
        "powerpc64" => "powerpc64le-linux-gnu".to_owned(),
        other => format!("{other}-linux-gnu"),
    };
    let mut folders = Vec::new();
    for library in ["lib", "usr/lib"] {
        let library = root.join(library);
        folders.push(library.join(&multiarch).join("security"));
        folders.push(library.join("security"));
    }
    for library in ["lib64", "usr/lib64"] {
        folders.push(root.join(library).join("security"));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// Whether one of the folders has the module, or the module is the path of a file. `$ISA` stands for a
/// folder of the architecture.
pub(crate) fn is_in(folders: &[PathBuf], module: &str, path: impl FnOnce(&str) -> PathBuf) -> bool {
    if folders.is_empty() {
        return true;
    }
    if module.starts_with('/') && !module.contains("$ISA") {
        return path(module).is_file();
    }
    let module = match module.rsplit_once("$ISA/") {
        Some((_, name)) => name,
        None => module,
    };
    folders.iter().any(|folder| folder.join(module).is_file())
}
