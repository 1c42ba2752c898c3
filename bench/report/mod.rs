//! The report. Sections are printed as they are measured. The files are written to `target/bench`:
//! `table.md` and `plot.svg` for people, `result.json` for programs.

mod grid;
mod json;
mod plot;
pub(crate) mod sections;
mod units;

use std::fs;
use std::path::PathBuf;

use crate::goals::Goal;
use crate::results::Results;
use tfa_tests::OrFail;

/// The sections so far, and the folder of the files.
pub(crate) struct Report {
    folder: PathBuf,
    text: String,
}

impl Report {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            text: String::new(),
        }
    }

    /// Adds a section, and prints it.
    pub(crate) fn add(&mut self, section: &str) {
        println!("{section}");
        self.text += section;
        self.text.push('\n');
    }

    /// Writes the files.
    pub(crate) fn write_files(&self, results: &Results, goals: &[Goal]) {
        let json = serde_json::to_string_pretty(&json::result(results, goals));
        self.write("table.md", &self.text);
        self.write("plot.svg", &plot::draw(results));
        self.write("result.json", &(json.or_fail("write the results") + "\n"));
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.folder.join(name);
        fs::write(&path, content).or_fail(&format!("write {}", path.display()));
        println!("{}", path.display());
    }
}
