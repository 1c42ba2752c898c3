//! What was found in files: the enrollment of one user, which is imported as a whole.

use tfa_import::{Algorithm, Entry, Means, Note, Used};
use tfa_proto::{AuthenticatorKind, Import, ImportSource, ImportedAuthenticator, OpenEnum};

use crate::messages;

/// What the files have.
#[derive(Default)]
pub(super) struct Found {
    pub(super) candidates: Vec<Candidate>,
    /// What is wrong, with file and line.
    pub(super) problems: Vec<String>,
}

impl Found {
    /// Whether a policy that wants an invitation applies to files that users own.
    pub(super) fn with_invitation(mut self, applies: bool) -> Self {
        for candidate in &mut self.candidates {
            candidate.is_of_user &= applies;
        }
        self
    }

    /// All of it was kept by a program whose name users know.
    pub(super) fn kept_by(mut self, source: ImportSource) -> Self {
        for candidate in &mut self.candidates {
            candidate.source = Some(source);
        }
        self
    }
}

/// The enrollment of one user.
pub(super) struct Candidate {
    pub(super) user: String,
    pub(super) file: String,
    pub(super) entries: Vec<Entry>,
    /// The names of the authenticators, as many as entries.
    pub(super) names: Vec<String>,
    /// Others can read the file, and may know the keys.
    pub(super) is_readable_by_others: bool,
    /// The user owns the file, and so does any program of the user.
    pub(super) is_of_user: bool,
    /// The program that kept it, if its users know the name.
    pub(super) source: Option<ImportSource>,
    /// When the file last changed, if it is where the other program writes it.
    pub(super) changed: Option<u64>,
}

impl Candidate {
    /// The authenticators are called `name`, where they are not the only one with a number or their own
    /// label behind it.
    pub(super) fn new(user: String, file: String, entries: Vec<Entry>, name: &str) -> Self {
        let mut names: Vec<String> = Vec::with_capacity(entries.len());
        for entry in &entries {
            let own = entry.label.as_ref().map(|label| format!("{name} {label}"));
            let numbered = (2..).map(|number| format!("{name} {number}"));
            let mut all = own.into_iter().chain([name.to_owned()]).chain(numbered);
            let is_free = |name: &String| !names.contains(name);
            names.extend(all.find(is_free));
        }
        Self {
            user,
            file,
            entries,
            names,
            is_readable_by_others: false,
            is_of_user: false,
            source: None,
            changed: None,
        }
    }

    /// The number of backup codes.
    pub(super) fn backup_codes(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.backup_codes.len())
            .sum()
    }

    /// What cannot be carried over, and what the administrator should know, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<Note> = Vec::new();
        for entry in &self.entries {
            // Only the codes of before the last change of such a file are void.
            let is_dated =
                self.changed.is_some() && matches!(entry.used, Used::Until { is_dated: true, .. });
            for note in &entry.notes {
                let is_told = !(is_dated && *note == Note::ReuseAllowed);
                if is_told && !notes.contains(note) {
                    notes.push(*note);
                }
            }
        }
        let mut texts: Vec<String> = notes.into_iter().map(messages::import_note).collect();
        if self.is_readable_by_others {
            texts.push(messages::FILE_READABLE.to_owned());
        }
        texts
    }

    /// The candidate in the terms of the contract.
    pub(super) fn to_import(&self) -> Import {
        let mut import = Import::default();
        import.user.clone_from(&self.user);
        import.source = self.source.map(OpenEnum::from);
        import.of_user = self.is_of_user.then_some(true);
        for (entry, name) in self.entries.iter().zip(&self.names) {
            import
                .authenticators
                .push(authenticator(entry, name, self.changed));
            let codes = entry.backup_codes.iter().map(|code| code.to_string());
            import.backup_codes.extend(codes);
        }
        import
    }
}

/// The kind of an entry.
pub(super) fn kind(entry: &Entry) -> AuthenticatorKind {
    match entry.means {
        Means::Totp { .. } => AuthenticatorKind::Totp,
        Means::Hotp { .. } => AuthenticatorKind::Hotp,
    }
}

/// The hash function of an entry.
pub(super) fn algorithm(entry: &Entry) -> tfa_proto::Algorithm {
    match entry.algorithm {
        Algorithm::Sha1 => tfa_proto::Algorithm::Sha1,
        Algorithm::Sha256 => tfa_proto::Algorithm::Sha256,
        Algorithm::Sha512 => tfa_proto::Algorithm::Sha512,
    }
}

fn authenticator(entry: &Entry, name: &str, changed: Option<u64>) -> ImportedAuthenticator {
    let mut wanted = ImportedAuthenticator::default();
    wanted.kind = kind(entry).into();
    name.clone_into(&mut wanted.name);
    wanted.key = entry.key.to_vec();
    wanted.algorithm = Some(algorithm(entry).into());
    wanted.digits = Some(entry.digits);
    match entry.means {
        Means::Totp { period } => wanted.period = Some(period),
        Means::Hotp { counter } => wanted.counter = Some(counter),
    }
    match &entry.used {
        Used::Unknown => {}
        Used::Until {
            steps_ahead,
            is_dated,
        } => {
            wanted.steps_ahead = Some(*steps_ahead);
            wanted.last_attempt = changed.filter(|_| *is_dated);
        }
        Used::Steps(steps) => wanted.used_steps = Some(steps.clone()),
        Used::LastCode(code) => wanted.last_code = Some(code.to_string()),
    }
    wanted
}
