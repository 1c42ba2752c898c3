//! What the doctor reports.

use crate::shell::printable;

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
    /// How bad it is.
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
    /// What the kind of the fault adds, such as a value.
    pub detail: String,
}

impl Subject {
    /// The file without the line.
    pub(crate) fn file(&self) -> &str {
        self.place.split(':').next().unwrap_or_default()
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
            },
            witness: Vec::new(),
        }
    }

    /// What was found, in whole sentences on one line, without control characters.
    #[must_use]
    pub fn what(&self) -> String {
        printable(&(self.kind.what)(&self.subject))
    }

    /// How to mend it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        (self.kind.remedy)(&self.subject)
    }
}
