//! What mends the faults of a connection: settings, which are tried on those in force, and the file that they
//! are written to.

use super::config::{ConfigLine, Place, absolute};
use super::{Connection, Fault, PAM_SERVICE, checks};
use crate::edit::Edit;
use crate::facts::PolicyFacts;
use crate::finding::{Finding, Kind, Severity};
use crate::messages;
use crate::shell::append;
use crate::shell::quoted;

/// The file of settings that mend a fault. It must be read before the file that is wrong, because the first
/// value of a keyword is in force.
const FOLDER: &str = "/etc/ssh/sshd_config.d/";
const NAME: &str = "00-tfa.conf";
/// What the main file includes on Debian.
const PATTERN: &str = "/etc/ssh/sshd_config.d/*.conf";

/// A keyword as people write it, and its value.
type Setting = (&'static str, String);

/// Settings of which all are needed.
type Settings = [(&'static str, &'static str)];

const UNCHANGED: &Settings = &[];
const QUESTIONS: (&str, &str) = ("KbdInteractiveAuthentication", "yes");

/// The settings that mend a fault, whatever the other settings are; the best first.
const KNOWN: &[(&Kind, &[&Settings])] = &[
    // With PAM alone, a host without questions would lock enrolled users out.
    (
        &messages::SSHD_WITHOUT_PAM,
        &[&[("UsePAM", "yes")], &[("UsePAM", "yes"), QUESTIONS]],
    ),
    (&messages::SSHD_NO_QUESTIONS, &[&[QUESTIONS], UNCHANGED]),
    (
        &messages::SSHD_PASSWORDS,
        &[
            &[("KbdInteractiveAuthentication", "no")],
            &[("PasswordAuthentication", "no"), QUESTIONS],
        ],
    ),
    (&messages::SSHD_METHODS, &[&[QUESTIONS], UNCHANGED]),
    (&messages::SSHD_KEYS_ONLY, &[&[QUESTIONS], UNCHANGED]),
    (&messages::SSHD_MATCH_WEAKER, &[UNCHANGED]),
    (
        &messages::SSHD_PASSWORD_METHOD,
        &[
            &[("PasswordAuthentication", "no")],
            &[("PasswordAuthentication", "no"), QUESTIONS],
        ],
    ),
    (&messages::SSHD_GRACE_TIME, &[&[("LoginGraceTime", "600")]]),
    (&messages::SSHD_CODE_TIME, &[&[("LoginGraceTime", "600")]]),
    (&messages::SSHD_ONE_TRY, &[&[("MaxAuthTries", "6")]]),
    (
        &messages::SSHD_EMPTY_PASSWORDS,
        &[&[("PermitEmptyPasswords", "no")]],
    ),
    (
        &messages::SSHD_TOUCH,
        &[&[("PubkeyAuthOptions", "touch-required")]],
    ),
];

/// The finding of a fault with its remedy, and with the others that it mends, which are taken.
pub(super) fn settle(
    connection: &Connection<'_>,
    fault: Fault,
    known: &[&'static str],
    others: &mut Vec<Fault>,
) -> Finding {
    let place = connection.place(fault.keyword);
    let mut finding = Finding::beside_pam(fault.kind, place, Vec::new(), fault.detail);
    if fault.kind.id == messages::SSHD_KEYS_NOT_GUARDED.id {
        if let Some(policy) = connection.policy {
            guard(connection, policy, &mut finding);
        }
        return finding;
    }
    let Some((change, left)) = mend(connection, fault.kind, known) else {
        return finding;
    };
    finding.subject.drop_in = change.drop_in;
    finding.subject.drop_in.extend(change.option);
    finding.subject.edits = change.edits;
    others.retain(|other| {
        let is_left = left.contains(&other.kind.id);
        if !is_left {
            finding.subject.add_also(other.kind.id, &[]);
        }
        is_left
    });
    finding
}

/// How settings are written: commands that write them into a file that sshd reads first, changes of lines, or a
/// command that changes an option of sshd's command line.
#[derive(Default)]
struct Change {
    drop_in: Vec<String>,
    edits: Vec<Edit>,
    option: Option<String>,
}

/// The best change that mends a fault, with the ids of the faults that are left after it. The change is empty if
/// it can be written to no file.
fn mend(
    connection: &Connection<'_>,
    kind: &Kind,
    known: &[&'static str],
) -> Option<(Change, Vec<&'static str>)> {
    let all = KNOWN.iter().filter(|(known, _)| known.id == kind.id);
    let all = all.flat_map(|(_, all)| all.iter());
    let mut with_methods = all.flat_map(|settings| with_methods(connection, settings));
    with_methods.find_map(|settings| {
        let left = left_after(connection, &settings, kind, known)?;
        Some((write(connection, &settings), left))
    })
}

/// Adds sshd to the guard, if no connection is without a way in then. Settings that open one come before. If none
/// do for a connection, it is named, and the guard is not changed.
fn guard(connection: &Connection<'_>, policy: &PolicyFacts, finding: &mut Finding) {
    let names = |connection: &Connection<'_>| -> Vec<&'static str> {
        let faults = checks::faults(connection);
        faults.iter().map(|fault| fault.kind.id).collect()
    };
    let mut guarding = policy.clone();
    guarding.guard.insert(0, PAM_SERVICE.to_owned());
    let mut change = Change::default();
    for (name, settings) in &connection.sshd.connections {
        let before = Connection {
            name,
            settings,
            ..*connection
        };
        let after = Connection {
            policy: Some(&guarding),
            ..before
        };
        let mut known = names(&before);
        if !names(&after).contains(&messages::SSHD_KEYS_ONLY.id) {
            continue;
        }
        known.push(messages::SSHD_KEYS_ONLY.id);
        let opened = mend(&after, &messages::SSHD_KEYS_ONLY, &known);
        let opened = opened.map(|(change, _)| change);
        match opened.filter(|opened| !opened.drop_in.is_empty() || !opened.edits.is_empty()) {
            Some(opened) => {
                change.drop_in.extend(opened.drop_in);
                change.edits.extend(opened.edits);
            }
            None => {
                finding.subject.place = after.place("kbdinteractiveauthentication");
                finding.subject.refused.push(name.clone());
            }
        }
    }
    if finding.subject.refused.is_empty() {
        change.drop_in.dedup();
        change.edits.dedup();
        change.edits.extend(list_of_guard(policy));
        finding.subject.drop_in = change.drop_in;
        finding.subject.edits = change.edits;
    }
}

/// Adds sshd to the list of guarded services, where it is set: in the last file that has one. Only a list that was
/// set lacks sshd. `None` if it is not found, or is written in another way.
fn list_of_guard(policy: &PolicyFacts) -> Option<Edit> {
    let mut files = policy.files.iter().rev();
    let (file, number, line) = files.find_map(|(file, text)| {
        let (number, line) = line_of_guard(text)?;
        Some((file, number, line))
    })?;
    let (start, rest) = line.split_once('[')?;
    let rest = rest.trim_start();
    let separator = if rest.starts_with(']') { "" } else { ", " };
    let added = format!("{start}[{PAM_SERVICE:?}{separator}{rest}");
    Some(Edit {
        file: file.clone(),
        after: number,
        removed: vec![line.to_owned()],
        added: vec![added.trim_end().to_owned()],
    })
}

/// The first line of the key `guard` in the table `policy`, and the number of the line before it.
fn line_of_guard(text: &str) -> Option<(usize, &str)> {
    let mut table = "";
    text.lines().enumerate().find(|(_, line)| {
        let line = line.trim();
        if line.starts_with('[') {
            table = line.split('#').next().unwrap_or_default().trim();
        }
        let value = line.strip_prefix("guard").map(str::trim_start);
        table == "[policy]" && value.is_some_and(|value| value.starts_with('='))
    })
}

/// The settings as they are, and with lists of methods that ask for a code instead of the password, or after
/// a key.
fn with_methods(connection: &Connection<'_>, settings: &Settings) -> Vec<Vec<Setting>> {
    let whole = settings.iter();
    let whole: Vec<Setting> = whole
        .map(|(keyword, value)| (*keyword, (*value).to_owned()))
        .collect();
    let settings = whole.iter();
    let settings: Vec<Setting> = settings
        .filter(|(keyword, value)| !is_set(connection, keyword, value))
        .cloned()
        .collect();
    let methods = connection.settings.value("authenticationmethods");
    let mut all = vec![settings.clone()];
    if !methods.is_empty() && methods != "any" {
        let instead = methods.replace("password", "keyboard-interactive");
        let lists = methods.split_ascii_whitespace().map(|list| match list {
            list if list.contains("keyboard-interactive") => list.to_owned(),
            list => format!("{list},keyboard-interactive"),
        });
        let lists: Vec<String> = lists.collect();
        for methods in [instead, lists.join(" ")] {
            let setting = ("AuthenticationMethods", methods);
            all.push(settings.iter().cloned().chain([setting]).collect());
        }
    }
    // A line that sets one of them may count only beside the others, such as that of the package.
    if whole != settings {
        all.push(whole);
    }
    all
}

/// Whether a line sets the value already.
fn is_set(connection: &Connection<'_>, keyword: &str, value: &str) -> bool {
    let keyword = keyword.to_ascii_lowercase();
    connection.settings.is(&keyword, value) && connection.line(&keyword).is_some()
}

/// The ids of the faults of a connection after a change; `None` if the change does not mend the fault, or
/// makes a new one.
fn left_after(
    connection: &Connection<'_>,
    settings: &[Setting],
    kind: &Kind,
    known: &[&'static str],
) -> Option<Vec<&'static str>> {
    let mut changed = connection.settings.clone();
    for (keyword, value) in settings {
        changed = changed.with(&keyword.to_ascii_lowercase(), value);
    }
    let places = connection.places_after(settings);
    let changed = Connection {
        settings: &changed,
        written: Some(&places),
        ..*connection
    };
    let left = checks::faults(&changed);
    let is_new =
        |fault: &Fault| !known.contains(&fault.kind.id) && fault.kind.severity != Severity::Advice;
    let is_bad = left
        .iter()
        .any(|fault| fault.kind.id == kind.id || is_new(fault));
    (!is_bad).then(|| left.iter().map(|fault| fault.kind.id).collect())
}

/// Writes settings: into a file that sshd reads first, else in the lines that set them now.
fn write(connection: &Connection<'_>, settings: &[Setting]) -> Change {
    if let Some(file) = drop_in(connection, settings) {
        let write = |(keyword, value): &Setting| append(&format!("{keyword} {value}"), &file);
        return Change {
            drop_in: settings.iter().map(write).collect(),
            ..Change::default()
        };
    }
    if let [setting] = settings
        && let Some(change) = change_of_option(connection, setting)
    {
        return Change {
            option: Some(change),
            ..Change::default()
        };
    }
    // Neither an option of the unit itself nor a line of a block that was not found can be changed.
    let can_change = |(keyword, _): &Setting| {
        let keyword = keyword.to_ascii_lowercase();
        let line = connection.line(&keyword);
        line.map_or(!connection.differs(&keyword), |line| !line.is_option())
    };
    if !settings.iter().all(can_change) {
        return Change::default();
    }
    let edits = settings.iter().map(|(keyword, value)| {
        let setting = format!("{keyword} {value}");
        match connection.line(&keyword.to_ascii_lowercase()) {
            Some(line) => replace(line, &setting),
            None => Edit {
                file: connection.sshd.main().to_owned(),
                after: 0,
                removed: Vec::new(),
                added: vec![setting],
            },
        }
    });
    Change {
        edits: edits.collect(),
        ..Change::default()
    }
}

/// The command that changes an option of sshd's command line in the file that has it.
fn change_of_option(connection: &Connection<'_>, (keyword, value): &Setting) -> Option<String> {
    let line = connection.line(&keyword.to_ascii_lowercase())?;
    let file = line.place.file();
    let is_in_file = line.is_option() && file.starts_with('/');
    let is_plain = |text: &str| {
        let mut characters = text.chars();
        characters.all(|one| one.is_ascii_alphanumeric() || " =,-".contains(one))
    };
    (is_in_file && is_plain(&line.text) && is_plain(value)).then(|| {
        let (old, file) = (&line.text, quoted(file));
        format!("sed -i 's/{old}/{keyword}={value}/' {file}")
    })
}

/// The line with another setting, indented as before.
fn replace(line: &ConfigLine, setting: &str) -> Edit {
    let (file, number) = match &line.place {
        Place::Line(file, number) => (file, *number),
        Place::Option(file) => (file, 1),
    };
    let blank = line.text.len() - line.text.trim_start().len();
    let indent = line.text.get(..blank).unwrap_or_default();
    Edit {
        file: file.clone(),
        after: number.saturating_sub(1),
        removed: vec![line.text.clone()],
        added: vec![format!("{indent}{setting}")],
    }
}

/// The file for settings, if sshd reads it before each line that sets them for the connection.
fn drop_in(connection: &Connection<'_>, settings: &[Setting]) -> Option<String> {
    if connection.sshd.lacks_folder {
        return None;
    }
    let lines = &connection.sshd.lines;
    let file = format!("{FOLDER}{NAME}");
    let includes = |line: &ConfigLine| {
        let is_top = line.keyword == "include"
            && !line.in_match
            && line.place.file() == connection.sshd.main();
        is_top
            && line
                .values
                .iter()
                .any(|pattern| absolute(pattern) == PATTERN)
    };
    let include = lines.iter().position(includes)?;
    let has_block = |line: &ConfigLine| line.in_match && line.place.file() == file;
    let is_before = |(keyword, _): &Setting| {
        let keyword = keyword.to_ascii_lowercase();
        let Some(line) = connection.line(&keyword) else {
            return !connection.differs(&keyword);
        };
        let index = lines.iter().position(|other| other.place == line.place);
        let name = line.place.file().strip_prefix(FOLDER);
        let is_later = index.is_some_and(|index| index > include);
        !line.in_match && !line.is_option() && is_later && name.is_none_or(|name| NAME < name)
    };
    (!lines.iter().any(has_block) && settings.iter().all(is_before)).then_some(file)
}

impl Connection<'_> {
    /// The files in which settings stand after a change.
    fn places_after(&self, settings: &[Setting]) -> Vec<(String, String)> {
        let drop_in = drop_in(self, settings);
        let places = settings.iter().map(|(keyword, _)| {
            let keyword = keyword.to_ascii_lowercase();
            let own = self.line(&keyword).map(|line| line.place.file());
            let file = drop_in
                .as_deref()
                .or(own)
                .unwrap_or(self.sshd.main())
                .to_owned();
            (keyword, file)
        });
        places.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_changed_where_it_is_in_force() {
        let policy = |files: &[(&str, &str)]| PolicyFacts {
            files: files
                .iter()
                .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
                .collect(),
            ..PolicyFacts::default()
        };
        let change = |files: &[(&str, &str)]| -> Vec<String> {
            let edit = list_of_guard(&policy(files));
            edit.iter().flat_map(Edit::lines).collect()
        };
        let main = ("/etc/tfa/tfad.toml", "[policy]\nguard = []\n");
        let later = (
            "/etc/tfa/tfad.toml.d/zz.toml",
            "[policy] # ours\nmode = \"required\"\n guard = [\n  \"samba\",\n] # end\n[remember]\nguard = 1\n",
        );
        let expected = [
            "/etc/tfa/tfad.toml, line 2:",
            "- guard = []",
            "+ guard = [\"sshd\"]",
        ];
        assert_eq!(change(&[main]), expected);
        let expected = [
            "/etc/tfa/tfad.toml.d/zz.toml, line 3:",
            "-  guard = [",
            "+  guard = [\"sshd\",",
        ];
        assert_eq!(change(&[main, later]), expected);
        let expected = [
            "/f, line 2:",
            "- guard = [ \"samba\" ] # x",
            "+ guard = [\"sshd\", \"samba\" ] # x",
        ];
        let text = "[policy]\nguard = [ \"samba\" ] # x\n";
        assert_eq!(change(&[("/f", text)]), expected);
        for text in [
            "policy = { guard = [] }\n",
            "[policy]\nguards = []\n",
            "[x]\nguard = []\n",
        ] {
            assert!(change(&[("/f", text)]).is_empty(), "{text}");
        }
    }
}
