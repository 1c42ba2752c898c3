//! The recorded figures of this architecture: instructions and system calls of the hot paths. The tests
//! in `counts/` check and record them.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The content of the file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// The versions with which the programs were built and counted.
    pub(crate) made_with: BTreeMap<String, String>,
    pub(crate) instructions: BTreeMap<String, u64>,
    pub(crate) system_calls: BTreeMap<String, u64>,
}

impl Figures {
    /// The recorded figures, if there are any for this architecture.
    pub(crate) fn read() -> Option<Self> {
        let path = path();
        let text = fs::read_to_string(&path).ok()?;
        let figures = toml::from_str(&text);
        Some(figures.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }
}

pub(crate) fn path() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts");
    folder.join(format!("{ARCH}.toml"))
}
