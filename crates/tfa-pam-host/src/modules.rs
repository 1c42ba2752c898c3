//! Where libpam looks for modules, and where else one may have been put.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tfa_file_state::Examination;
use tfa_pam_stack::{MODULE, Phase};

use crate::elf::Elf;

/// What the libpam of Debian puts in place of `$ISA`.
const ISA: &str = "/lib/security";

/// A file of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFile {
    /// The path on the host.
    pub path: String,
    /// libpam of this host looks for modules in the folder.
    pub is_searched: bool,
    /// The architecture is that of this host.
    pub is_native: bool,
    /// The version that a file of the project's module tells; `None` if it tells none.
    pub version: Option<String>,
}

/// The folders of modules that exist, in the order in which libpam looks there: those of Debian, which
/// has one for each architecture, else those of other distributions.
pub(crate) fn folders(root: &Path, examination: &Examination) -> Vec<PathBuf> {
    let is_folder = |path: &Path| {
        let state = examination.state(path);
        state.is_some_and(|state| state.is_folder())
    };
    let multiarch = multiarch();
    let security = |library: &str| root.join(library).join("security");
    let mut folders: Vec<PathBuf> = ["lib", "usr/lib"]
        .iter()
        .flat_map(|library| {
            [
                security(&format!("{library}/{multiarch}")),
                security(library),
            ]
        })
        .collect();
    let is_debian = ["lib", "usr/lib"]
        .iter()
        .any(|library| is_folder(&security(&format!("{library}/{multiarch}"))));
    if !is_debian {
        folders.extend(["lib64", "usr/lib64"].map(security));
    }
    folders.retain(|folder| is_folder(folder));
    folders
}

/// Debian's name of this architecture.
fn multiarch() -> String {
    match ARCH {
        "x86" => "i386-linux-gnu".to_owned(),
        "arm" => "arm-linux-gnueabihf".to_owned(),
        "powerpc64" => "powerpc64le-linux-gnu".to_owned(),
        other => format!("{other}-linux-gnu"),
    }
}

/// Where a module may have been installed by hand.
fn other_folders(root: &Path) -> Vec<PathBuf> {
    let multiarch = multiarch();
    let local = format!("usr/local/lib/{multiarch}");
    let libraries = ["usr/lib64", "usr/local/lib", "usr/local/lib64", &local];
    libraries
        .map(|library| root.join(library).join("security"))
        .to_vec()
}

/// The files of a module in all these folders, each once, those that libpam finds first.
pub(crate) fn files_of(root: &Path, searched: &[PathBuf], module: &str) -> Vec<ModuleFile> {
    let others = other_folders(root);
    let folders = searched.iter().map(|folder| (folder, true));
    let folders = folders.chain(others.iter().map(|folder| (folder, false)));
    let mut known = BTreeSet::new();
    let files = folders.filter_map(|(folder, is_searched)| {
        let path = folder.join(module);
        let metadata = fs::metadata(&path).ok()?;
        let is_new = known.insert((metadata.dev(), metadata.ino()));
        is_new.then(|| file(root, &path, is_searched)).flatten()
    });
    files.collect()
}

/// The file of a module; `None` if it is no file.
pub(crate) fn file(root: &Path, path: &Path, is_searched: bool) -> Option<ModuleFile> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let Elf {
        is_native, version, ..
    } = Elf::read(File::open(path).ok()?);
    let path = Path::new("/").join(path.strip_prefix(root).ok()?);
    Some(ModuleFile {
        path: path.into_os_string().into_string().ok()?,
        is_searched,
        is_native,
        version,
    })
}

/// Whether libpam finds the function of a phase in one of the folders, or the module is the path of a file.
/// Files of other modules need only exist: a line of the project's own that calls nothing may let logins pass.
///
/// `$ISA` stands for [`ISA`] in the libpam of Debian, which then looks there only, and for a folder of the
/// architecture elsewhere.
pub(crate) fn is_in(
    folders: &[PathBuf],
    module: &str,
    phase: Phase,
    path: impl Fn(&str) -> PathBuf,
    examination: &Examination,
) -> bool {
    if folders.is_empty() {
        return true;
    }
    let is_callable = |path: &Path| {
        let state = examination.state(path);
        state.is_some_and(|state| state.is_file())
            && (!path.ends_with(MODULE) || has(path, phase, examination))
    };
    let is_debian = folders.iter().any(|folder| {
        let library = folder.parent().and_then(Path::file_name);
        library.is_some_and(|name| *name == *multiarch())
    });
    if module.contains("$ISA") && is_debian {
        let module = module.replacen("$ISA", ISA, 1);
        return module.starts_with('/') && is_callable(&path(&module));
    }
    if module.starts_with('/') && !module.contains("$ISA") {
        return is_callable(&path(module));
    }
    let module = match module.rsplit_once("$ISA/") {
        Some((_, name)) => name,
        None => module,
    };
    folders
        .iter()
        .any(|folder| is_callable(&folder.join(module)))
}

/// Whether a file exports the function of a phase.
fn has(path: &Path, phase: Phase, examination: &Examination) -> bool {
    let function = match phase {
        Phase::Auth => "pam_sm_authenticate",
        Phase::Account => "pam_sm_acct_mgmt",
        Phase::Session => "pam_sm_open_session",
        Phase::Password => "pam_sm_chauthtok",
    };
    let file = examination.open(path);
    file.is_ok_and(|file| Elf::read(file).exports(function))
}
