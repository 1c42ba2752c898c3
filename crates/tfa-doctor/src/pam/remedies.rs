//! What mends the faults: pam-auth-update(8), or a change of lines. Each remedy is tried on the files. The
//! faults that one remedy mends have one cause, and are one finding.

use tfa_pam_host::Snapshot;

use super::trial::{Counts, Trial};
use super::{Context, changes};
use crate::auth_update;
use crate::edit::Edit;
use crate::facts::PamFacts;
use crate::finding::{Finding, ProfileUpdate, Severity};

/// How many changes of lines are tried for one fault.
const MAX_CHANGES: usize = 24;

/// The findings with their remedies, those with one cause as one.
pub(super) fn settle(
    pam: &PamFacts,
    context: &Context<'_>,
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    if findings.is_empty() {
        return findings;
    }
    findings.sort_by_key(|finding| finding.kind.severity);
    let trial = Trial::new(pam, context, &findings);
    let update = auth_update::simulate(&pam.files);
    let update = update.and_then(|(files, update)| {
        let left = trial.run(files, Severity::Advice)?;
        Some((update, left))
    });
    let gentle = update.as_ref().filter(|(update, _)| !update.needs_force);
    let mut settled = Vec::new();
    if let Some((update, left)) = gentle {
        settled.extend(merge_update(&trial, &mut findings, update, left));
    }
    let mut by_hand = Vec::new();
    while !findings.is_empty() {
        let finding = findings.remove(0);
        match change_for(&trial, pam, &finding) {
            Some((edits, left)) => {
                let mut finding = finding;
                finding.subject.edits = edits;
                merge(&trial, &mut finding, &mut findings, &left);
                settled.push(finding);
            }
            None => by_hand.push(finding),
        }
    }
    if let Some((update, left)) = update.as_ref().filter(|(update, _)| update.needs_force) {
        settled.extend(merge_update(&trial, &mut by_hand, update, left));
    }
    settled.extend(by_hand);
    settled
}

/// The first change of lines that mends a fault, and what it leaves: no new fault, or at least none as bad.
fn change_for(trial: &Trial<'_>, pam: &PamFacts, finding: &Finding) -> Option<(Vec<Edit>, Counts)> {
    let mut changes = changes::of(finding, pam);
    changes.truncate(MAX_CHANGES);
    // A hole is not mended by a lock-out.
    let gravest = finding.kind.severity.max(Severity::LockOut);
    let severities = [Severity::Advice, gravest].into_iter();
    let mut tried = severities.flat_map(|severity| {
        changes.iter().filter_map(move |edits| {
            let left = trial.run(with(&pam.files, edits), severity)?;
            let has_mended = trial.has_mended(finding, &left);
            has_mended.then(|| (Edit::join(edits.clone()), left))
        })
    });
    tried.next()
}

/// The files with changes of lines.
fn with(files: &Snapshot, edits: &[Edit]) -> Snapshot {
    let mut changed = files.clone();
    let mut paths: Vec<&str> = edits.iter().map(|edit| edit.file.as_str()).collect();
    paths.dedup();
    for path in paths {
        let text = files.text(path).unwrap_or_default();
        changed = changed.with(path, &Edit::apply(edits, path, &text));
    }
    changed
}

/// Takes the findings that pam-auth-update(8) mends, and makes one of them.
fn merge_update(
    trial: &Trial<'_>,
    findings: &mut Vec<Finding>,
    update: &ProfileUpdate,
    left: &Counts,
) -> Option<Finding> {
    let first = findings
        .iter()
        .position(|finding| trial.has_mended_all(finding, left))?;
    let mut finding = findings.remove(first);
    finding.subject.update = Some(update.clone());
    merge(trial, &mut finding, findings, left);
    Some(finding)
}

/// Moves the findings that the remedy of another mends as well into it.
fn merge(trial: &Trial<'_>, into: &mut Finding, findings: &mut Vec<Finding>, left: &Counts) {
    findings.retain(|finding| {
        let is_mended = trial.has_mended_all(finding, left);
        if is_mended {
            into.subject
                .add_also(finding.kind.id, &finding.subject.names);
        }
        !is_mended
    });
}
