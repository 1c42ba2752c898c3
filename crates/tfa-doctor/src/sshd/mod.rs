//! Faults in the settings of sshd.

mod checks;
pub mod config;
pub mod matching;
mod remedies;
mod settings;

use std::collections::BTreeSet;

use crate::facts::{Facts, PolicyFacts};
use crate::finding::{Finding, Kind};
use crate::fleet;
use crate::messages;

pub(crate) use checks::ENROLLMENT_SECONDS;
pub(crate) use settings::QUESTIONS;
pub use settings::Settings;

/// The settings of sshd on a host.
#[derive(Debug, Clone, Default)]
pub struct SshdFacts {
    /// The lines of its options and files.
    pub lines: Vec<config::ConfigLine>,
    /// The files from which they come, and the program.
    pub files: BTreeSet<String>,
    /// The file with which the configuration begins, if the unit names another than `/etc/ssh/sshd_config`.
    pub main: Option<String>,
    /// The program, and the options that change its configuration.
    pub command: Vec<String>,
    /// What starts it.
    pub started_by: StartedBy,
    /// The files, and folders of files, that were changed after it has read them.
    pub changed: BTreeSet<String>,
    /// Those of its unit that were changed after it was started: a reload does not read them.
    pub changed_since_start: BTreeSet<String>,
    /// What is in force for each connection, by what is special about it; that outside all `Match` blocks
    /// first, with an empty name.
    pub connections: Vec<(String, Settings)>,
    /// Files in a folder of drop-ins that no `Include` line matches.
    pub not_read: BTreeSet<String>,
    /// The folder of drop-ins does not exist.
    pub lacks_folder: bool,
    /// Why sshd refuses its configuration.
    pub refusal: Option<String>,
    /// Why sshd did not print its settings.
    pub failure: Option<String>,
    /// Why there may be connections with other settings, in whole sentences.
    pub not_examined: Vec<String>,
    /// The settings of units with which this sshd has other files than those that were examined.
    pub other_files: Vec<OtherFiles>,
}

/// A setting of a unit that gives sshd other files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherFiles {
    /// The name of the unit.
    pub unit: String,
    /// The name of the setting, or of an environment variable.
    pub setting: String,
}

/// What starts an sshd, and with what its settings are loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StartedBy {
    /// The unit of the package.
    #[default]
    Usual,
    /// Another unit.
    Unit(String),
    /// No unit of its own: this process was started.
    Process(u32),
}

/// The PAM service of sshd, unless `PAMServiceName` names another.
const PAM_SERVICE: &str = "sshd";

impl SshdFacts {
    /// The PAM services of sshd, of all connections that were asked about.
    #[must_use]
    pub fn pam_services(&self) -> BTreeSet<&str> {
        self.settings().map(Settings::pam_service).collect()
    }

    /// The files that decide about logins: those that were read, and those that settings name.
    #[must_use]
    pub fn named_files(&self) -> BTreeSet<String> {
        let named = self.settings().flat_map(Settings::files);
        self.files.iter().cloned().chain(named).collect()
    }

    /// The settings of the connections that were asked about.
    fn settings(&self) -> impl Iterator<Item = &Settings> {
        self.connections.iter().map(|(_, settings)| settings)
    }

    /// Whether connections were asked about, and this holds for each.
    fn holds_for_each(&self, holds: fn(&Settings) -> bool) -> bool {
        !self.connections.is_empty() && self.settings().all(holds)
    }

    /// Whether each connection that was asked about has a method of sshd's own in each list with PAM.
    pub(crate) fn demands_own_method(&self) -> bool {
        self.holds_for_each(Settings::adds_own_method)
    }

    /// Whether each connection that was asked about has a public key in each list with PAM.
    pub(crate) fn demands_public_key(&self) -> bool {
        self.holds_for_each(Settings::adds_public_key)
    }

    /// What is in force for the connections of a user about which nothing else is special. `None` if no connection
    /// was asked about.
    pub(crate) fn of_user(&self, user: &str) -> Option<&Settings> {
        let label = format!("user={user}");
        let mut connections = self.connections.iter();
        let own = connections.find(|(name, _)| *name == label);
        let (_, settings) = own.or(self.connections.first())?;
        Some(settings)
    }

    /// Whether a user without a key is refused although sshd asks PAM, and may admit the user.
    #[must_use]
    pub fn refuses_without_key(&self, user: &str, groups: Option<&BTreeSet<String>>) -> bool {
        let settings = self.of_user(user);
        settings.is_some_and(|settings| {
            settings.refuses_without_key() && settings.may_admit(user, groups)
        })
    }

    /// Whether the groups of a user decide about that.
    #[must_use]
    pub fn needs_groups(&self, user: &str) -> bool {
        let settings = self.of_user(user);
        settings.is_some_and(|settings| settings.refuses_without_key() && settings.names_groups())
    }

    /// Whether connections may be let in by keys that no file of a user has: a program or a certificate authority
    /// vouches for them.
    #[must_use]
    pub fn has_other_keys(&self) -> bool {
        self.settings().any(Settings::has_other_keys)
    }

    /// The file with which the configuration begins.
    pub(crate) fn main(&self) -> &str {
        self.main.as_deref().unwrap_or(config::MAIN)
    }
}

/// A connection under examination.
pub(crate) struct Connection<'a> {
    name: &'a str,
    settings: &'a Settings,
    sshd: &'a SshdFacts,
    policy: Option<&'a PolicyFacts>,
    /// Verifiers answer the logins of the host.
    is_member: bool,
    /// The files of keywords that a change writes, while it is tried.
    written: Option<&'a [(String, String)]>,
}

/// A fault for one connection: its kind, the keyword that it is about, and what else the text needs.
pub(crate) struct Fault {
    kind: &'static Kind,
    keyword: &'static str,
    detail: String,
}

/// The faults of each sshd. A line of a file that several have is one finding.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for sshd in &facts.sshd {
        let found = of_one(facts, sshd).into_iter();
        let is_known = |finding: &Finding| {
            let mut findings = findings.iter();
            findings.any(|known| {
                let (known_in, found_in) = (&known.subject, &finding.subject);
                let has_line = known_in.line().is_some() && known_in.place == found_in.place;
                let is_like =
                    known_in.names == found_in.names && known_in.detail == found_in.detail;
                known.kind.id == finding.kind.id && has_line && is_like
            })
        };
        let new: Vec<Finding> = found.filter(|finding| !is_known(finding)).collect();
        findings.extend(new);
    }
    findings
}

/// The faults of one sshd. One that several connections share is one finding.
fn of_one(facts: &Facts, sshd: &SshdFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = loaded(sshd).into_iter().collect();
    if let Some(why) = &sshd.refusal {
        findings.push(Finding::beside_pam(
            &messages::SSHD_REFUSES,
            "",
            Vec::new(),
            why.clone(),
        ));
    }
    if let Some(why) = &sshd.failure {
        findings.push(Finding::beside_pam(
            &messages::SSHD_NOT_EXAMINED,
            "",
            Vec::new(),
            why.clone(),
        ));
    }
    for (name, settings) in &sshd.connections {
        let connection = Connection {
            name,
            settings,
            sshd,
            policy: facts.policy.as_ref(),
            is_member: fleet::is_member(facts),
            written: None,
        };
        let mut faults: Vec<Fault> = checks::faults(&connection);
        let known: Vec<&str> = faults.iter().map(|fault| fault.kind.id).collect();
        while !faults.is_empty() {
            let fault = faults.remove(0);
            let finding = remedies::settle(&connection, fault, &known, &mut faults);
            add(&mut findings, &connection, finding);
        }
    }
    if !sshd.not_read.is_empty() {
        let files = sshd.not_read.iter().cloned().collect();
        let kind = &messages::SSHD_NOT_READ;
        findings.push(Finding::beside_pam(kind, "", files, String::new()));
    }
    let cut = |why: &String| {
        Finding::beside_pam(
            &messages::SSHD_PARTLY_EXAMINED,
            sshd.main(),
            Vec::new(),
            why.clone(),
        )
    };
    findings.extend(sshd.not_examined.iter().map(cut));
    findings.extend(sshd.other_files.iter().map(|other| {
        let (kind, setting) = (&messages::SSHD_OTHER_FILES, other.setting.clone());
        Finding::beside_pam(kind, &*other.unit, Vec::new(), setting)
    }));
    for finding in &mut findings {
        finding.subject.sshd_file.clone_from(&sshd.main);
        finding.subject.sshd_command.clone_from(&sshd.command);
        finding.subject.started_by.clone_from(&sshd.started_by);
    }
    findings
}

/// What runs has read other settings than those of the files. Files that sshd refuses cannot be loaded.
fn loaded(sshd: &SshdFacts) -> Option<Finding> {
    let SshdFacts {
        changed,
        changed_since_start,
        ..
    } = sshd;
    let detail = match changed_since_start.is_empty() {
        true => messages::BY_RELOAD,
        false => messages::BY_RESTART,
    };
    let files: Vec<String> = changed.union(changed_since_start).cloned().collect();
    let kind = &messages::SSHD_NOT_LOADED;
    let is_old = !files.is_empty() && sshd.refusal.is_none();
    is_old.then(|| Finding::beside_pam(kind, "", files, detail.to_owned()))
}

/// Adds a finding of a connection. What holds outside all `Match` blocks is not repeated for those inside,
/// if it stands in the same place or has the same remedy.
fn add(findings: &mut Vec<Finding>, connection: &Connection<'_>, mut found: Finding) {
    let is_same = |finding: &&mut Finding| {
        let (known, new) = (&finding.subject, &found.subject);
        let has_same_remedy = !known.edits.is_empty() && known.edits == new.edits;
        let is_alike = known.place == new.place && known.detail == new.detail;
        finding.kind.id == found.kind.id && (is_alike || has_same_remedy)
    };
    match findings.iter_mut().find(is_same) {
        Some(finding) => {
            let (known, new) = (&mut finding.subject.detail, &found.subject.detail);
            if !known.split(" or ").any(|one| one == new) {
                known.push_str(" or ");
                known.push_str(new);
            }
            let names = &mut finding.subject.names;
            if !names.is_empty() && !names.iter().any(|name| includes(connection.name, name)) {
                names.push(connection.name.to_owned());
            }
        }
        None => {
            if !connection.name.is_empty() {
                found.subject.names.push(connection.name.to_owned());
            }
            findings.push(found);
        }
    }
}

impl Connection<'_> {
    /// Whether the policy guards the connection. The daemon knows sshd under each name.
    fn is_guarded(&self, policy: &PolicyFacts) -> bool {
        policy.guards(PAM_SERVICE) || policy.guards(self.settings.pam_service())
    }

    /// Where the value that is in force stands. Empty for a value that no line sets.
    fn place(&self, keyword: &str) -> String {
        if let Some(file) = self.written_to(keyword) {
            return file.to_owned();
        }
        let line = self.line(keyword);
        line.map(|line| line.place.to_string()).unwrap_or_default()
    }

    /// The file of that place.
    fn file(&self, keyword: &str) -> Option<&str> {
        let own = || Some(self.line(keyword)?.place.file());
        self.written_to(keyword).or_else(own)
    }

    /// The file to which a change writes a keyword.
    fn written_to(&self, keyword: &str) -> Option<&str> {
        let mut written = self.written?.iter();
        let (_, file) = written.find(|(written, _)| written == keyword)?;
        Some(file)
    }

    /// The line that sets the value that is in force: the first one in a block that applies. If it is not known
    /// which do, the first one with the value outside `Match` blocks for the connection outside, else the first
    /// one with it inside.
    fn line(&self, keyword: &str) -> Option<&config::ConfigLine> {
        let mut all = self.sshd.lines.iter();
        let in_block = all.find(|line| line.keyword == keyword && self.settings.is_in_block(line));
        if in_block.is_some() {
            return in_block;
        }
        let value = self.settings.value(keyword);
        let mut lines = self.sshd.lines.iter().filter(|line| {
            line.keyword == keyword && line.values.join(" ").eq_ignore_ascii_case(value)
        });
        let outside = lines.clone().find(|line| !line.in_match);
        let inside = lines.find(|line| line.in_match);
        match self.differs(keyword) {
            true => inside.or(outside),
            false => outside,
        }
    }

    /// Whether the value is another one than outside all `Match` blocks.
    fn differs(&self, keyword: &str) -> bool {
        let outside = self.sshd.connections.first().map(|(_, settings)| settings);
        outside.is_some_and(|outside| outside.value(keyword) != self.settings.value(keyword))
    }
}

/// Whether a connection is one of those with this name: it has each part of the name.
fn includes(connection: &str, name: &str) -> bool {
    let mut parts = name.split(',');
    parts.all(|part| connection.split(',').any(|own| own == part))
}
