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

    /// Whether the other program lets users in where it cannot write their files.
    pub(super) fn lacking_uses(mut self, applies: bool) -> Self {
        for candidate in &mut self.candidates {
            candidate.may_lack_uses = applies;
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
    /// The other program lets users in where it cannot write the file, which then lacks used codes.
    pub(super) may_lack_uses: bool,
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
            may_lack_uses: false,
        }
    }

    /// The number of backup codes.
    pub(super) fn backup_codes(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.backup_codes.len())
            .sum()
    }

    /// What cannot be carried over, and what the administrator should know, in words. A first import makes more
    /// codes void than a repeated one.
    pub(super) fn notes(&self, is_first: bool) -> Vec<String> {
        let mut notes: Vec<Note> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        for entry in &self.entries {
            for note in &entry.notes {
                if !notes.contains(note) {
                    notes.push(*note);
                    texts.push(messages::import_note(*note));
                }
            }
        }
        if self.may_lack_uses {
            texts.push(messages::USES_NOT_WRITTEN.to_owned());
        }
        let void = self.entries.iter().filter_map(|entry| {
            let wanted = self.authenticator(entry, "");
            let period = wanted.period?;
            all_are_void(&wanted, is_first)
                .then(|| messages::codes_are_void(period, wanted.steps_ahead.is_some()))
        });
        for text in void {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
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
            import.authenticators.push(self.authenticator(entry, name));
            let codes = entry.backup_codes.iter().map(|code| code.to_string());
            import.backup_codes.extend(codes);
        }
        import
    }

    /// An authenticator, and what is known of its used codes. Of a file that may lack some, nothing is.
    fn authenticator(&self, entry: &Entry, name: &str) -> ImportedAuthenticator {
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
                let is_dated = *is_dated && !self.may_lack_uses;
                wanted.last_attempt = self.changed.filter(|_| is_dated);
            }
            Used::Steps { steps_ahead, .. } if self.may_lack_uses => {
                wanted.steps_ahead = Some(*steps_ahead);
            }
            Used::Steps { steps, .. } => wanted.used_steps = Some(steps.clone()),
            Used::LastCode(code) => wanted.last_code = Some(code.to_string()),
        }
        wanted
    }
}

/// Whether an import makes all codes of a time-based authenticator until now void.
fn all_are_void(wanted: &ImportedAuthenticator, is_first: bool) -> bool {
    let is_known = wanted.used_steps.is_some() || wanted.last_attempt.is_some();
    !is_known && (is_first || wanted.steps_ahead.is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY\n";

    fn candidate(options: &str, may_lack_uses: bool) -> Candidate {
        let file = format!("{KEY}{options}");
        let entry = tfa_import::google_authenticator(file.as_bytes());
        let entry = entry.unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut candidate = Candidate::new("alice".into(), "/f".into(), vec![entry], "phone");
        candidate.changed = Some(1_796_000_000);
        candidate.may_lack_uses = may_lack_uses;
        candidate
    }

    #[test]
    fn a_file_that_may_lack_used_codes_leaves_none_before_the_import_valid() {
        for (options, is_known) in [
            ("\" DISALLOW_REUSE 7\n", true),
            ("\" RATE_LIMIT 3 30\n", true),
            ("", false),
        ] {
            for may_lack in [false, true] {
                let candidate = candidate(options, may_lack);
                let import = candidate.to_import();
                let [authenticator] = import.authenticators.as_slice() else {
                    panic!("one authenticator")
                };
                let is_void =
                    authenticator.used_steps.is_none() && authenticator.last_attempt.is_none();
                assert_eq!(is_void, may_lack || !is_known, "{options}");
                assert_eq!(
                    authenticator.steps_ahead.is_some(),
                    options != "\" DISALLOW_REUSE 7\n" || may_lack
                );
                let notes = candidate.notes(false).join("\n");
                assert_eq!(notes.contains("are void"), is_void, "{notes}");
                assert_eq!(notes.contains("allow_readonly"), may_lack, "{notes}");
            }
        }
    }
}
