//! Which files make a policy: the main one, and the drop-ins in the folder beside it. The daemon reads
//! them, and so does `tfactl` for a policy that is to come.

use std::ffi::OsString;
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

/// The names in the folder of the drop-ins.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DropIns {
    /// The drop-ins, in the order in which they are read.
    pub read: Vec<OsString>,
    /// What is not read and may have been meant as one.
    pub ignored: Vec<OsString>,
}

impl DropIns {
    /// The folder of the drop-ins of a file, `FILE.d`.
    #[must_use]
    pub fn folder(file: &Path) -> PathBuf {
        let mut folder = file.as_os_str().to_owned();
        folder.push(".d");
        folder.into()
    }

    /// Tells the names in the folder apart: `*.toml` without a dot in front is read. Hidden files,
    /// `README` and what editors leave behind are nobody's policy.
    #[must_use]
    pub fn among(names: impl IntoIterator<Item = OsString>) -> Self {
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
        let folder = DropIns::folder(Path::new("/etc/tfa/tfad.toml"));
        assert_eq!(folder, Path::new("/etc/tfa/tfad.toml.d"));
    }
}
