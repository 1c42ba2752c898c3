//! The files of a policy: the main file, and the drop-ins in the directory beside it. The daemon
//! reads them, and `tfactl` reads those of a draft.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What editors and package managers leave behind, by the end of the name.
const LEFTOVERS: [&str; 13] = [
    "~",
    "#",
    ".swp",
    ".bak",
    ".old",
    ".orig",
    ".rej",
    ".dpkg-old",
    ".dpkg-new",
    ".dpkg-dist",
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
];

/// How the files are opened. The daemon opens only files that no other user can change.
pub trait Opener {
    /// Why a file was not opened.
    type Error: From<io::Error>;

    /// Whether nothing has that name. A dangling link is something.
    fn is_absent(&self, path: &Path) -> bool;

    /// Opens a file or a directory for reading.
    ///
    /// # Errors
    /// The reason why it was not opened.
    fn open(&self, path: &Path) -> Result<File, Self::Error>;
}

/// Opens the files of any owner: those of a draft.
#[derive(Debug, Clone, Copy)]
pub struct AnyOwner;

impl Opener for AnyOwner {
    type Error = io::Error;

    fn is_absent(&self, path: &Path) -> bool {
        let known = path.symlink_metadata();
        known.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        // To open a pipe would wait for its other end.
        let known = fs::metadata(path)?;
        if known.is_file() || known.is_dir() {
            File::open(path)
        } else {
            Err(not_regular())
        }
    }
}

/// The names in the directory of the drop-ins.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DropIns {
    /// The drop-ins, in the order in which they are read.
    pub read: Vec<OsString>,
    /// Files that are not read, and may have been meant as drop-ins.
    pub ignored: Vec<OsString>,
}

impl DropIns {
    /// The directory of the drop-ins of a file, `FILE.d`.
    #[must_use]
    pub fn directory(file: &Path) -> PathBuf {
        let mut directory = file.as_os_str().to_owned();
        directory.push(".d");
        directory.into()
    }

    /// Lists the drop-ins of a file. The directory may be absent.
    ///
    /// # Errors
    /// The reason why the directory was not opened or not read.
    pub fn list<O: Opener>(file: &Path, opener: &O) -> Result<Self, O::Error> {
        let directory = Self::directory(file);
        if opener.is_absent(&directory) {
            return Ok(Self::default());
        }
        let opened = opener.open(&directory)?;
        // The directory that was opened, whatever its name leads to by now.
        let held = format!("/proc/self/fd/{}", opened.as_raw_fd());
        let names: io::Result<Vec<OsString>> = fs::read_dir(held)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        Ok(Self::among(names?))
    }

    /// Selects the drop-ins: `*.toml` without a dot in front. Hidden files, `README` and what editors
    /// leave behind are not drop-ins.
    fn among(names: impl IntoIterator<Item = OsString>) -> Self {
        let mut drop_ins = Self::default();
        for name in names {
            let bytes = name.as_bytes();
            let is_leftover = LEFTOVERS.iter().any(|end| bytes.ends_with(end.as_bytes()));
            if bytes.starts_with(b".") {
                continue;
            }
            if bytes.ends_with(b".toml") {
                drop_ins.read.push(name);
            } else if !is_leftover && !bytes.starts_with(b"README") {
                drop_ins.ignored.push(name);
            }
        }
        drop_ins.read.sort();
        drop_ins.ignored.sort();
        drop_ins
    }
}

/// Reads a regular file.
///
/// # Errors
/// The reason why the file was not opened or not read.
pub fn read<O: Opener>(file: &Path, opener: &O) -> Result<Vec<u8>, O::Error> {
    let mut opened = opener.open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(not_regular().into());
    }
    let mut bytes = Vec::new();
    opened.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_ins_end_in_toml_and_are_read_by_name() {
        let names = [
            "9.toml",
            "10.toml",
            "a.toml",
            ".hidden.toml",
            "b.toml~",
            "#c.toml#",
            "d.toml.dpkg-old",
            "README",
            "60-strict.conf",
            "70-STRICT.TOML",
            "80-strict",
        ];
        let drop_ins = DropIns::among(names.map(OsString::from));
        assert_eq!(drop_ins.read, ["10.toml", "9.toml", "a.toml"]);
        let ignored = ["60-strict.conf", "70-STRICT.TOML", "80-strict"];
        assert_eq!(drop_ins.ignored, ignored);
        let directory = DropIns::directory(Path::new("/etc/tfa/tfad.toml"));
        assert_eq!(directory, Path::new("/etc/tfa/tfad.toml.d"));
    }
}
