//! The settings of each sshd of a host, as sshd itself prints them.
//!
//! `starts` finds the ways in which sshd is started: `units` names the units, `of_unit` reads one with its
//! `properties` and `variables`, and `processes` finds what runs beside them. `options` reads a command line.
//! `question` asks the program, and `loaded` compares what runs with the files.

mod loaded;
mod not_read;
mod of_unit;
mod options;
mod processes;
mod properties;
mod question;
mod starts;
mod units;
mod users;
mod variables;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tfa_client::Terminal;
use tfa_doctor::sshd::matching;
use tfa_doctor::sshd::{Settings, SshdFacts, StartedBy, config};

use super::bounded::whole_text;
use super::include;
use super::missed::Missed;
use crate::messages;
use options::{NO_FILE, Start};
use question::{Problem, Sshd};

/// The folder of drop-ins.
const FOLDER: &str = "/etc/ssh/sshd_config.d";
/// How many connections are asked about between two reports.
const STEP: usize = 25;
/// How many sshds with settings of their own are examined.
const MAX_EXAMINED: usize = 4;

/// Asks each sshd; that of the packages first. Empty if there is none.
pub(super) fn collect(terminal: &Terminal, missed: &Missed) -> Vec<SshdFacts> {
    let (mut starts, mut not_examined) = starts::all();
    starts.retain(|start| Path::new(&start.program).exists());
    if starts.len() > MAX_EXAMINED {
        not_examined.push(messages::too_many_sshds(starts.len(), MAX_EXAMINED));
        starts.truncate(MAX_EXAMINED);
    }
    let asked = starts.into_iter().map(|start| ask(terminal, missed, start));
    let mut all: Vec<SshdFacts> = asked.collect();
    if all.is_empty() && !not_examined.is_empty() {
        all.push(SshdFacts::default());
    }
    if let Some(first) = all.first_mut() {
        first.not_examined.extend(not_examined);
    }
    all
}

fn ask(terminal: &Terminal, missed: &Missed, start: Start) -> SshdFacts {
    if !is_of_root(Path::new(&start.program)) {
        return SshdFacts {
            not_examined: vec![messages::sshd_not_run(&start.program)],
            files: [start.program].into(),
            ..SshdFacts::default()
        };
    }
    let main = start.main.as_deref().unwrap_or(config::MAIN).to_owned();
    let started_by = started_by(&start);
    let (mut lines, mut files) = (start.lines, start.files);
    let mut not_examined = Vec::new();
    let mut of_configuration = Default::default();
    let mut not_read = BTreeSet::new();
    files.insert(start.program.clone());
    if !main.eq_ignore_ascii_case(NO_FILE) {
        let subject = main.clone();
        let read = move |_: &Missed| {
            let config = config::read(&main, &|path| whole_text(path), &include::matching);
            let not_read = not_read::files(&config.lines, &config.files);
            (config, not_read)
        };
        let (config, others) = missed.in_time(&subject, read).unwrap_or_default();
        not_read = others;
        of_configuration = loaded::configuration(&config.files, &config.lines);
        lines.extend(config.lines);
        files.extend(config.files);
        not_examined.extend(config.not_read);
    }
    let users = users::collect(&lines, &mut not_examined);
    let connections = matching::connections(&lines, &users);
    not_examined.extend(connections.not_examined);
    let connections = connections.connections;
    let command = [&[start.program.clone()][..], &start.words].concat();
    let mut sshd = Sshd::new(start.program, start.words);
    let mut facts = SshdFacts {
        lines,
        files,
        main: start.main,
        command,
        started_by,
        not_examined,
        not_read,
        other_files: start.other_files,
        lacks_folder: !Path::new(FOLDER).is_dir(),
        ..SshdFacts::default()
    };
    let mut pid_file = None;
    let count = connections.len();
    for (done, connection) in connections.iter().enumerate() {
        if done > 0 && done.is_multiple_of(STEP) {
            terminal.show_progress(&messages::asking_sshd(done, count));
        }
        match sshd.settings(&connection.argument()) {
            Ok(text) => {
                let settings = Settings::parse(&text).with_blocks(connection.blocks.clone());
                pid_file = Some(settings.value("pidfile").to_owned());
                facts.connections.push((connection.label(), settings));
                continue;
            }
            Err(Problem::Refuses(why)) => facts.refusal = Some(why),
            Err(Problem::Fails(why)) => facts.failure = Some(why),
        }
        break;
    }
    terminal.show_progress("");
    for run in start.runs {
        facts
            .changed
            .extend(run.changed(&of_configuration, pid_file.as_deref()));
        facts.changed_since_start.extend(run.changed_since_start());
    }
    facts
}

/// Whether only root can change a program, by its file or a folder above.
fn is_of_root(program: &Path) -> bool {
    const WRITABLE: u32 = 0o022;
    let Ok(program) = fs::canonicalize(program) else {
        return false;
    };
    program.ancestors().all(|path| {
        let found = fs::metadata(path);
        found.is_ok_and(|found| found.uid() == 0 && found.mode() & WRITABLE == 0)
    })
}

/// What starts sshd, for the commands of remedies. On Debian, ssh.service has a second name.
fn started_by(start: &Start) -> StartedBy {
    match (start.unit.as_str(), start.runs.first()) {
        ("", Some(run)) => StartedBy::Process(run.pid),
        ("" | "ssh.service" | "sshd.service", _) => StartedBy::Usual,
        (unit, _) if unit.starts_with("ssh@") => StartedBy::Usual,
        (unit, _) => StartedBy::Unit(unit.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_a_folder_of_others_is_not_run() {
        let folder = std::env::temp_dir().join(format!("tfactl-program-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::copy("/bin/true", folder.join("sshd")).unwrap();
        assert!(is_of_root(Path::new("/bin/true")));
        // The temporary folder belongs to all.
        assert!(!is_of_root(&folder.join("sshd")));
        assert!(!is_of_root(&folder.join("absent")));
        fs::remove_dir_all(folder).unwrap();
    }
}
