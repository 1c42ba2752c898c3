//! What the modules cost the program that loads them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::programs::{numbers, said_by, time_of};
use crate::layout;
use crate::statistics::Times;
use tfa_tests::OrFail;

/// The project's module and its peers'.
const MODULES: [&str; 3] = ["pam_tfa.so", "pam_google_authenticator.so", "pam_oath.so"];

/// What is to be measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// How many processes load each.
    pub(crate) loads: u32,
    /// How often one process loads and unloads each.
    pub(crate) cycles: u32,
}

/// What came out for one module.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Its file's name.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// How long it took to load, in a fresh process each.
    pub(crate) load: Times,
    /// Before and after the cycles.
    pub(crate) before: Host,
    /// After them.
    pub(crate) after: Host,
}

/// The memory of a program that has loaded and unloaded a module.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Host {
    /// Resident memory in KiB.
    pub(crate) resident: u64,
    /// How many mappings.
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
    let said = said_by(
        Command::new(layout::program("module"))
            .arg("cycles")
            .arg(&path)
            .arg(cycles.to_string()),
    );
    let [resident, mappings, resident_after, mappings_after] = numbers(&said)[..] else {
        panic!("cannot understand the program module: {said:?}");
    };
    Measured {
        name: name.to_owned(),
        bytes: fs::metadata(&path).or_fail("look at a module").len(),
        load: Times::default(),
        before: Host { resident, mappings },
        after: Host {
            resident: resident_after,
            mappings: mappings_after,
        },
    }
}

/// Where a PAM module lies.
fn path_of(name: &str) -> PathBuf {
    fs::read_dir("/usr/lib")
        .or_fail("look for PAM modules")
        .flatten()
        .map(|folder| folder.path().join("security").join(name))
        .find(|path| path.exists())
        .or_fail(&format!("find {name}"))
}
