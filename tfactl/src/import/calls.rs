//! The calls of an import: as few as the limits of the contract allow.

use tfa_client::Failure;
use tfa_proto::{Import, ImportOutcome, ImportResult};
use tfa_proto::{MAX_IMPORTED_AUTHENTICATORS, MAX_IMPORTED_CODES, MAX_IMPORTED_USERS};

use super::candidate::Candidate;
use super::report::Report;
use crate::call_size::{self, MAX_BODY};
use crate::daemon::Daemon;
use crate::messages;

/// Bytes for the imports of one call. The rest is for the header and the other arguments.
const MAX_IMPORTS: usize = MAX_BODY - 2 * 1024;
/// What the keys of the dictionary of an authenticator take at most, with values of a fixed size.
const AUTHENTICATOR_OVERHEAD: usize = 512;
/// The same of the dictionary of an import.
const IMPORT_OVERHEAD: usize = 192;
/// Backup codes in one call, unless one user has more: about half a second of hashing, so that the progress
/// is seen, and that a command which is interrupted leaves little to the daemon.
const CODES_AT_ONCE: usize = 20;

/// Imports all candidates, or checks them, and reports each.
pub(super) async fn run(
    daemon: &mut Daemon,
    candidates: Vec<Candidate>,
    check: bool,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut call = Call::default();
    for candidate in candidates {
        let import = candidate.to_import();
        if !Call::default().has_room_for(&import) {
            let refused = ImportResult {
                user: candidate.user.clone(),
                outcome: ImportOutcome::Refused.into(),
                why: messages::import_too_large(MAX_IMPORTED_AUTHENTICATORS),
                weak: 0,
            };
            report.add(&candidate, &refused)?;
            continue;
        }
        if !call.has_room_for(&import) {
            std::mem::take(&mut call)
                .send(daemon, check, report)
                .await?;
        }
        call.add(candidate, import);
    }
    call.send(daemon, check, report).await
}

/// The imports of one call.
#[derive(Default)]
struct Call {
    candidates: Vec<Candidate>,
    imports: Vec<Import>,
    size: usize,
    codes: usize,
}

impl Call {
    fn has_room_for(&self, import: &Import) -> bool {
        let max_codes = match self.codes {
            0 => MAX_IMPORTED_CODES,
            _ => CODES_AT_ONCE,
        };
        import.authenticators.len() <= MAX_IMPORTED_AUTHENTICATORS
            && self.imports.len() < MAX_IMPORTED_USERS
            && self.codes + import.backup_codes.len() <= max_codes
            && self.size + size(import) <= MAX_IMPORTS
    }

    fn add(&mut self, candidate: Candidate, import: Import) {
        self.size += size(&import);
        self.codes += import.backup_codes.len();
        self.candidates.push(candidate);
        self.imports.push(import);
    }

    async fn send(
        self,
        daemon: &mut Daemon,
        check: bool,
        report: &mut Report<'_>,
    ) -> Result<(), Failure> {
        if self.imports.is_empty() {
            return Ok(());
        }
        report.show_progress();
        let results = daemon.import(&self.imports, check).await?;
        if results.len() != self.candidates.len() {
            return Err(Failure::OtherVersion(messages::OTHER_RESULTS.to_owned()));
        }
        for (candidate, result) in self.candidates.iter().zip(&results) {
            report.add(candidate, result)?;
        }
        Ok(())
    }
}

/// The bytes that an import takes in a call, at most.
fn size(import: &Import) -> usize {
    let authenticators = import.authenticators.iter().map(|one| {
        let steps = one.used_steps.as_ref().map_or(0, Vec::len);
        AUTHENTICATOR_OVERHEAD + one.name.len() + one.key.len() + 8 * steps
    });
    let codes = import
        .backup_codes
        .iter()
        .map(|code| call_size::string(code));
    IMPORT_OVERHEAD
        + call_size::string(&import.user)
        + authenticators.sum::<usize>()
        + codes.sum::<usize>()
}
