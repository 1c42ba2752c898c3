//! What the doctor reports.

use crate::edit::Edit;
use crate::facts::Later;
use crate::host::PolicyError;
use crate::messages;
use crate::shell::printable;
use crate::sshd::StartedBy;

/// How bad a fault is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A login passes without the second factor that the policy or its owner asks for.
    Hole,
    /// A user who may log in cannot.
    LockOut,
    /// Helps an attacker, or becomes one of the others after a further fault.
    Risk,
    /// Can be better. Monitoring does not report it.
    Advice,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Hole, Self::LockOut, Self::Risk, Self::Advice];

    /// The word in the output and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::LockOut => "lock-out",
            Self::Risk => "risk",
            Self::Advice => "advice",
        }
    }
}

/// A fault that the doctor knows.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the output, in JSON and in tfa-doctor(7), which does not change.
    pub id: &'static str,
    /// How bad it is; see [`Finding::severity`].
    pub severity: Severity,
    /// Why it is dangerous, in one sentence.
    pub why: &'static str,
    pub(crate) what: fn(&Subject) -> String,
    pub(crate) remedy: fn(&Subject) -> Remedy,
}

/// Where a fault was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The file, with the line if there is one: `/etc/pam.d/sshd:4`.
    pub place: String,
    /// What it applies to: PAM services, connections of sshd, users, processes, files.
    pub names: Vec<String>,
    /// The users whom it leaves without a second factor, if they are known.
    pub users: Option<Vec<String>>,
    /// What the kind of the fault adds, such as a value.
    pub detail: String,
    /// The modules on which it depends whether it is a fault, if it is not known what they do.
    pub(crate) depends_on: Vec<String>,
    /// The files of `pam_oath`, if it is about that module.
    pub(crate) users_files: Vec<String>,
    /// The changes to files that mend it, if they are known.
    pub edits: Vec<Edit>,
    /// When to change lines that will be at fault once others are removed.
    pub(crate) when: When,
    /// The commands that write settings where they are in force, if that mends it: into a file that sshd reads
    /// first, or into its command line.
    pub(crate) drop_in: Vec<String>,
    /// The connections of sshd of which the remedy would refuse each login, so that it is not printed.
    pub(crate) refused: Vec<String>,
    /// The accounts that the remedy would lock out, so that another one is printed: they have no password.
    pub(crate) locked_out: Vec<String>,
    /// It is not known which accounts these are.
    pub(crate) may_lock_out: bool,
    /// The processes that cause it.
    pub(crate) pids: Vec<u32>,
    /// What is left, of what runs short.
    pub(crate) left: Option<Left>,
    /// The settings of the daemon's unit that mend it.
    pub(crate) unit_settings: Vec<String>,
    /// The file with which the configuration of sshd begins, if it is not the usual one.
    pub(crate) sshd_file: Option<String>,
    /// The program of that sshd, with its options.
    pub(crate) sshd_command: Vec<String>,
    /// What starts that sshd.
    pub(crate) started_by: StartedBy,
    /// Whether pam-auth-update(8) mends it.
    pub(crate) update: Option<ProfileUpdate>,
    /// From when on it is a fault, if it is none yet.
    pub(crate) later: Option<Later>,
    /// The errors of the configuration on disk, where they are the cause.
    pub policy_errors: Vec<PolicyError>,
    /// The other faults that the same remedy mends, with what they apply to.
    pub also: Vec<(&'static str, Vec<String>)>,
}

/// When to change lines that will be at fault once others are removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum When {
    /// When the others are removed: no change is known that was tried.
    #[default]
    Unknown,
    /// Before.
    Before,
    /// In the same change, which has the removal.
    AtOnce,
    /// After another remedy, which changes the same lines.
    AfterAnother,
}

/// What is left on a file system, or below a limit of the daemon's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Bytes that root may write.
    Bytes(u64),
    /// Files that can be created.
    Inodes(u64),
    /// Bytes by which a file of the database may grow.
    BelowLimit(u64),
}

/// What pam-auth-update(8) does to the common files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProfileUpdate {
    /// The files that it changes.
    pub(crate) files: Vec<String>,
    /// Whether it refuses without `--force`, because of changes by hand.
    pub(crate) needs_force: bool,
    /// The lines of other origin that are lost.
    pub(crate) lost: Vec<String>,
}

impl Subject {
    /// Adds another fault that the same remedy mends.
    pub(crate) fn add_also(&mut self, id: &'static str, names: &[String]) {
        let also = match self.also.iter().position(|(known, _)| *known == id) {
            Some(index) => self.also.get_mut(index),
            None => {
                self.also.push((id, Vec::new()));
                self.also.last_mut()
            }
        };
        if let Some((_, known)) = also {
            known.extend(names.iter().cloned());
            known.sort();
            known.dedup();
        }
    }

    /// The file without the line.
    pub(crate) fn file(&self) -> &str {
        self.line().map_or(&self.place, |(file, _)| file)
    }

    /// The file and the number of the line, if the place has one. A file name may have a colon, too.
    pub(crate) fn line(&self) -> Option<(&str, usize)> {
        let (file, line) = self.place.rsplit_once(':')?;
        Some((file, line.parse().ok()?))
    }
}

/// How a fault is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do, in whole sentences.
    pub text: String,
    /// The commands to run as root, in this order.
    pub commands: Vec<String>,
}

/// A fault of this host.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which one.
    pub kind: &'static Kind,
    /// Where.
    pub subject: Subject,
    /// The lines of a PAM stack through which a login goes, with what the modules return. Empty if the
    /// fault is not in a stack.
    pub witness: Vec<String>,
}

impl Finding {
    /// A fault that is not in a PAM stack.
    pub(crate) fn beside_pam(
        kind: &'static Kind,
        place: impl Into<String>,
        names: Vec<String>,
        detail: String,
    ) -> Self {
        let place = place.into();
        Self {
            kind,
            subject: Subject {
                place,
                names,
                detail,
                ..Subject::default()
            },
            witness: Vec::new(),
        }
    }

    /// How bad it is. What is a fault later only, or only if a module does what is not known, is a risk at most.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.subject.later.is_some() || !self.subject.depends_on.is_empty() {
            true => self.kind.severity.max(Severity::Risk),
            false => self.kind.severity,
        }
    }

    /// Whether it is of that id, or its remedy mends a fault of that id.
    #[must_use]
    pub fn is_about(&self, id: &str) -> bool {
        self.kind.id == id || self.subject.also.iter().any(|(also, _)| *also == id)
    }

    /// Whether a report about this id has it: it is about the id, or it makes the report incomplete, so that
    /// without it the absence of findings would prove nothing.
    #[must_use]
    pub fn is_reported_for(&self, id: &str) -> bool {
        let is_own = |kind: &&Kind| self.is_about(kind.id);
        self.is_about(id) || messages::INCOMPLETE.iter().any(is_own)
    }

    /// What the daemon says, if it refuses each login or a file.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let told = [messages::DAEMON_REFUSES.id, messages::POLICY_ERROR.id];
        told.contains(&self.kind.id)
            .then_some(self.subject.detail.as_str())
    }

    /// What was found, in whole sentences on one line, without control characters.
    #[must_use]
    pub fn what(&self) -> String {
        printable(&(self.kind.what)(&self.subject))
    }

    /// How to mend it. A file whose change is known is not to be edited by hand as well.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let mut remedy = (self.kind.remedy)(&self.subject);
        let by_hand = |command: &str| {
            self.subject.edits.iter().any(|edit| {
                let rest = command.strip_prefix(messages::edit_file(&edit.file).as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(", line "))
            })
        };
        remedy.commands.retain(|command| !by_hand(command));
        remedy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_may_have_a_colon() {
        for (place, file, line) in [
            ("/etc/a:b:12", "/etc/a:b", Some(12)),
            ("/etc/a:b", "/etc/a:b", None),
            ("/etc/a", "/etc/a", None),
        ] {
            let subject = Subject {
                place: place.to_owned(),
                ..Subject::default()
            };
            assert_eq!(subject.file(), file);
            assert_eq!(subject.line().map(|(_, line)| line), line, "{place}");
        }
    }
}
