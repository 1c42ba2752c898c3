//! The settings of sshd, as sshd itself prints them.

use std::collections::BTreeSet;
use std::path::Path;

use tfa_client::Terminal;
use tfa_doctor::sshd::matching::{self, Users};
use tfa_doctor::sshd::{Settings, SshdFacts, config};

use super::bounded::whole_text;
use super::include;
use super::missed::Missed;
use super::output::output;
use super::sshd_unit::{self, Start};
use crate::messages;

/// What sshd says without the folder that its unit creates at the start.
const NO_FOLDER: &str = "Missing privilege separation directory: ";
/// Starts sshd where the folder exists: in a mount namespace of its own, in which /run is a new file system with
/// links to what the old one has. Its arguments are the folder, and the command.
const WITH_FOLDER: &str = "mount --rbind /run /mnt && mount -t tmpfs -o mode=0755 tmpfs /run && \
                           ln -s /mnt/* /run/ && mkdir -m 0755 \"$0\" && exec \"$@\"";
/// The folder of drop-ins.
const FOLDER: &str = "/etc/ssh/sshd_config.d";
/// How many connections are asked about between two reports.
const STEP: usize = 25;
/// How many names are looked up at once.
const NAMES_AT_ONCE: usize = 100;
/// How many names that the name service does not list are looked up.
const MAX_NAMES: usize = 5_000;
/// How many lines of sshd's errors are shown.
const MAX_ERRORS: usize = 3;

/// Asks sshd. `None` if there is no sshd.
pub(super) fn collect(terminal: &Terminal, missed: &Missed) -> Option<SshdFacts> {
    let (start, not_examined) = sshd_unit::read();
    if Path::new(&start.program).exists() {
        return Some(ask(terminal, missed, start, not_examined));
    }
    (!not_examined.is_empty()).then(|| SshdFacts {
        not_examined,
        ..SshdFacts::default()
    })
}

fn ask(
    terminal: &Terminal,
    missed: &Missed,
    start: Start,
    mut not_examined: Vec<String>,
) -> SshdFacts {
    let main = start.main.as_deref().unwrap_or(config::MAIN).to_owned();
    let (mut lines, mut files) = (start.lines, start.files);
    files.insert(start.program.clone());
    if !main.eq_ignore_ascii_case(sshd_unit::NO_FILE) {
        let subject = main.clone();
        let read =
            move |_: &Missed| config::read(&main, &|path| whole_text(path), &include::matching);
        let config = missed.in_time(&subject, read).unwrap_or_default();
        lines.extend(config.lines);
        files.extend(config.files);
        not_examined.extend(config.not_read);
    }
    let users = users(&lines, &mut not_examined);
    let connections = matching::connections(&lines, &users);
    not_examined.extend(connections.not_examined);
    let connections = connections.connections;
    let mut sshd = Sshd {
        program: start.program,
        options: start.words,
        missing: None,
    };
    let mut facts = SshdFacts {
        lines,
        files,
        main: start.main,
        not_examined,
        lacks_folder: !Path::new(FOLDER).is_dir(),
        ..SshdFacts::default()
    };
    let count = connections.len();
    for (done, connection) in connections.iter().enumerate() {
        if done > 0 && done.is_multiple_of(STEP) {
            terminal.note(&messages::asking_sshd(done, count));
        }
        match sshd.settings(&connection.argument()) {
            Ok(text) => {
                let settings = Settings::parse(&text).with_blocks(connection.blocks.clone());
                facts.connections.push((connection.label(), settings));
                continue;
            }
            Err(Problem::Refuses(why)) => facts.refusal = Some(why),
            Err(Problem::Fails(why)) => facts.failure = Some(why),
        }
        break;
    }
    facts
}

/// Why sshd did not print its settings.
enum Problem {
    /// It refuses its configuration.
    Refuses(String),
    /// It did not come so far.
    Fails(String),
}

/// How sshd is started.
struct Sshd {
    program: String,
    options: Vec<String>,
    /// The folder that sshd misses.
    missing: Option<String>,
}

impl Sshd {
    /// What is in force for a connection.
    fn settings(&mut self, connection: &str) -> Result<String, Problem> {
        let result = self.ask(connection);
        let Err(Problem::Refuses(why)) = &result else {
            return result;
        };
        let Some((_, folder)) = why.split_once(NO_FOLDER) else {
            return result;
        };
        let why = why.clone();
        if self.missing.is_some() || !folder.starts_with("/run/") {
            return Err(Problem::Fails(why));
        }
        self.missing = Some(folder.to_owned());
        // What prevents the second try is of no help.
        self.ask(connection).map_err(|_| Problem::Fails(why))
    }

    fn ask(&self, connection: &str) -> Result<String, Problem> {
        let mut arguments = vec!["-T", "-C", connection];
        arguments.extend(self.options.iter().map(String::as_str));
        let output = match &self.missing {
            None => output(&self.program, &arguments),
            Some(folder) => {
                let program = self.program.as_str();
                let start = [
                    "--mount",
                    "--",
                    "/bin/sh",
                    "-c",
                    WITH_FOLDER,
                    folder,
                    program,
                ];
                output("/usr/bin/unshare", &[&start, &arguments[..]].concat())
            }
        };
        let output = output.map_err(Problem::Fails)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines = errors.lines().map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty())
            .take(MAX_ERRORS)
            .collect();
        Err(Problem::Refuses(lines.join("; ")))
    }
}

/// The users of this host with their groups, if `Match` lines ask for users. If the name service fails, the rest
/// is not looked up.
fn users(lines: &[config::ConfigLine], not_examined: &mut Vec<String>) -> Users {
    let (mut passwd, mut group) = (String::new(), String::new());
    if lines.iter().any(|line| line.keyword == "match") {
        let read = read_users(lines, &mut passwd, &mut group);
        not_examined.extend(read.err());
    }
    Users::parse(&passwd, &group)
}

/// Reads what a name service lists, then what it knows by its name only.
fn read_users(
    lines: &[config::ConfigLine],
    passwd: &mut String,
    group: &mut String,
) -> Result<(), String> {
    let (users, groups) = matching::names(lines);
    *group += &entries("group", &[])?;
    *group += &named("group", &groups)?;
    *passwd += &entries("passwd", &[])?;
    let members = Users::parse("", group);
    let all = users.iter().map(String::as_str).chain(members.names());
    let listed = Users::parse(passwd, "");
    let unlisted = all.filter(|name| !listed.contains(name));
    *passwd += &named("passwd", &unlisted.map(str::to_owned).collect())?;
    *group += &named("group", &matching::primary_groups(passwd, group))?;
    Ok(())
}

/// The entries with some names, or numbers, of a database of the name service.
fn named(database: &str, names: &BTreeSet<String>) -> Result<String, String> {
    if names.len() > MAX_NAMES {
        let why = messages::too_many_names();
        return Err(messages::names_not_read(database, &why));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let parts = names.chunks(NAMES_AT_ONCE);
    parts.map(|names| entries(database, names)).collect()
}

/// The entries of a database: those with the names, or all that it lists.
fn entries(database: &str, names: &[&str]) -> Result<String, String> {
    // The exit status if one of the names is not known.
    const NOT_FOUND: i32 = 2;
    let output = output("getent", &[&["--", database], names].concat());
    let output = output.map_err(|why| messages::names_not_read(database, &why))?;
    if !matches!(output.status.code(), Some(0 | NOT_FOUND)) {
        let why = messages::program_failed("getent", &output.status.to_string());
        return Err(messages::names_not_read(database, &why));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
