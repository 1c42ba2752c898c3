//! The settings of sshd, as sshd itself prints them.

use std::fs;
use std::path::Path;

use tfa_client::Terminal;
use tfa_doctor::sshd::{Settings, SshdFacts, config, corners};

use super::output::output;
use crate::messages;

const PROGRAM: &str = "/usr/sbin/sshd";
/// The options with which Debian starts sshd, in the variable `SSHD_OPTS`.
const DEFAULTS: &str = "/etc/default/ssh";
/// sshd creates it when it starts. Without it sshd prints nothing.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";
/// How many connections are asked about between two reports.
const STEP: usize = 25;
/// How many lines of sshd's errors are shown.
const MAX_ERRORS: usize = 3;

/// Asks sshd. `None` if there is no sshd, or it does not run.
pub(super) fn collect(terminal: &Terminal) -> Option<SshdFacts> {
    let is_here = Path::new(PROGRAM).exists() && Path::new(PRIVILEGE_SEPARATION).exists();
    is_here.then(|| ask(terminal))
}

fn ask(terminal: &Terminal) -> SshdFacts {
    let lines = config::read(&matching);
    let (connections, is_cut) = corners::corners(&lines, &member);
    let options = options();
    let mut facts = SshdFacts {
        lines,
        is_cut,
        ..SshdFacts::default()
    };
    let count = connections.len();
    for (done, connection) in connections.iter().enumerate() {
        if done > 0 && done.is_multiple_of(STEP) {
            terminal.note(&messages::asking_sshd(done, count));
        }
        match print_settings(&options, &connection.argument()) {
            Ok(text) => facts
                .corners
                .push((connection.label(), Settings::parse(&text))),
            Err(why) => {
                facts.refusal = Some(why);
                break;
            }
        }
    }
    facts
}

/// What is in force for a connection, or why sshd refuses its configuration.
fn print_settings(options: &[String], connection: &str) -> Result<String, String> {
    let mut arguments = vec!["-T", "-C", connection];
    arguments.extend(options.iter().map(String::as_str));
    let output = output(PROGRAM, &arguments).ok_or_else(|| messages::not_started(PROGRAM))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = errors.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty())
        .take(MAX_ERRORS)
        .collect();
    Err(lines.join("; "))
}

/// The files that a pattern of `Include` matches, with their texts, in the order of their names.
fn matching(pattern: &str) -> Vec<(String, String)> {
    let paths = glob::glob(pattern).into_iter().flatten().flatten();
    let read = |path: std::path::PathBuf| {
        let is_file = fs::metadata(&path).ok()?.is_file();
        let text = fs::read(&path).ok().filter(|_| is_file)?;
        let path = path.into_os_string().into_string().ok()?;
        Some((path, String::from_utf8_lossy(&text).into_owned()))
    };
    paths.filter_map(read).collect()
}

/// A member of a group: one that the group lists, else one whose primary group it is.
fn member(group: &str) -> Option<String> {
    let text = getent(&["group", group])?;
    let mut fields = text.trim().split(':').skip(2);
    let gid = fields.next()?.to_owned();
    let listed = fields.next()?.split(',').next()?;
    if !listed.is_empty() {
        return Some(listed.to_owned());
    }
    let users = getent(&["passwd"])?;
    let is_of_group = |line: &&str| line.split(':').nth(3) == Some(gid.as_str());
    let user = users.lines().find(is_of_group)?;
    user.split(':').next().map(str::to_owned)
}

fn getent(arguments: &[&str]) -> Option<String> {
    let output = output("getent", &[&["--"], arguments].concat())?;
    let is_found = output.status.success();
    is_found.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn options() -> Vec<String> {
    let text = fs::read_to_string(DEFAULTS).unwrap_or_default();
    let mut lines = text.lines().rev();
    let set = lines.find_map(|line| line.trim().strip_prefix("SSHD_OPTS="));
    let words = set.unwrap_or_default().trim_matches(['"', '\'']);
    words.split_whitespace().map(str::to_owned).collect()
}
