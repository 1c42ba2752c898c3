//! The cost of the modules for the program that loads them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::programs::{numbers, output_of, time_of};
use crate::layout;
use crate::statistics::Times;
use tfa_tests::OrFail;

/// The module of the project, and its peers.
const MODULES: [&str; 3] = ["pam_tfa.so", "pam_google_authenticator.so", "pam_oath.so"];

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The number of processes that load each module.
    pub(crate) loads: u32,
    /// How often one process loads and unloads each module.
    pub(crate) cycles: u32,
}

/// The results for one module.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The name of its file.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The time to load it, each time in a new process.
    pub(crate) load: Times,
    /// The memory before the cycles.
    pub(crate) before: Memory,
    /// The memory after the cycles.
    pub(crate) after: Memory,
}

/// The memory of a program that has loaded and unloaded a module.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Resident memory in KiB.
    pub(crate) resident: u64,
    /// The number of mappings.
    pub(crate) mappings: u64,
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    let mut all: Vec<Measured> = MODULES
        .iter()
        .map(|name| measure_memory(name, task.cycles))
        .collect();
    for _ in 0..task.loads {
        for module in &mut all {
            let path = path_of(&module.name).display().to_string();
            module.load.push(time_of("module", &["load", &path]));
        }
    }
    all
}

fn measure_memory(name: &str, cycles: u32) -> Measured {
    let path = path_of(name);
    let output = output_of(
        Command::new(layout::program("module"))
            .arg("cycles")
            .arg(&path)
            .arg(cycles.to_string()),
    );
    let [resident, mappings, resident_after, mappings_after] = numbers(&output)[..] else {
        panic!("the program module printed {output:?}");
    };
    Measured {
        name: name.to_owned(),
        bytes: fs::metadata(&path)
            .or_fail("read the size of a module")
            .len(),
        load: Times::default(),
        before: Memory { resident, mappings },
        after: Memory {
            resident: resident_after,
            mappings: mappings_after,
        },
    }
}

/// The path of a PAM module.
fn path_of(name: &str) -> PathBuf {
    fs::read_dir("/usr/lib")
        .or_fail("look for PAM modules")
        .flatten()
        .map(|folder| folder.path().join("security").join(name))
        .find(|path| path.exists())
        .or_fail(&format!("find {name}"))
}
