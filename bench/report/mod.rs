//! The report, in `target/bench`: `table.md` and `plot.svg` for people, `result.json` for programs.

mod fleet;
mod fleet_json;
mod grid;
mod json;
mod mark;
mod plot;
mod sections;
mod units;

use std::fs;
use std::path::Path;

use crate::goals::Goal;
use crate::noise::Noise;
use crate::results::{OneHost, Results};
use tfa_tests::OrFail;

/// Prints the results, and writes the files.
pub(crate) fn write(folder: &Path, results: &Results, goals: &[Goal]) {
    let table = table(results, goals);
    println!("{table}");
    let json = serde_json::to_string_pretty(&json::result(results, goals));
    let json = json.or_fail("write the results") + "\n";
    let plot = results.one_host.as_ref();
    let plot = plot.map(|one_host| ("plot.svg", plot::draw(one_host, &results.noise)));
    let files = [("table.md", table), ("result.json", json)];
    for (name, content) in files.into_iter().chain(plot) {
        let path = folder.join(name);
        fs::write(&path, content).or_fail(&format!("write {}", path.display()));
        println!("{}", path.display());
    }
}

/// The whole table. On a noisy host, each figure is marked.
fn table(results: &Results, goals: &[Goal]) -> String {
    let one_host = results.one_host.iter().flat_map(of_one_host);
    let sections: Vec<String> = one_host.chain([fleet::section(&results.fleet)]).collect();
    let sections = sections.join("\n");
    let goals = sections::goals(goals);
    let head = format!("# Cost of a login\n\n{}\n", results.host.describe());
    if results.noise.is_quiet() {
        return format!("{head}{sections}\n{goals}");
    }
    format!(
        "{head}{}{}\n{}",
        warning(&results.noise),
        mark::mark_figures(&sections, |_| true),
        mark::mark_figures(&goals, |goal| goal.contains("not judged")),
    )
}

fn of_one_host(results: &OneHost) -> [String; 8] {
    [
        sections::filled(&results.filled),
        sections::logins(&results.logins),
        sections::at_once(&results.at_once),
        sections::load(&results.load),
        sections::sshd(&results.sshd, results.sshd_clients),
        sections::daemon(&results.daemon),
        sections::modules(&results.modules, results.cycles),
        sections::administration(&results.administration),
    ]
}

fn warning(noise: &Noise) -> String {
    let reasons = noise.reasons().join("; ");
    let mark = mark::NOISY;
    format!("NOISY: the host was busy, and no figure with a {mark} is valid: {reasons}.\n\n")
}
