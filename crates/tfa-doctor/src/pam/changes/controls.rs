//! Changes of the control of a line.

use tfa_pam_stack::Phase;

use super::{ACCOUNT_CONTROL, Case};
use crate::edit::Edit;
use crate::pam::lines::{MAX_JUMP, with_control};
use crate::pam::{names_tfa, options};
use crate::{MODULE, messages};

/// The line without its way around: it goes, or it has another control. Of `pam_tfa` only the control is
/// changed, and a line goes that its jump led over.
pub(super) fn control(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let Some((number, text)) = case.faulty_line() else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    let is_tfa = text.contains(MODULE);
    let is_kept = [
        &messages::PAM_WRONG_PASSWORD,
        &messages::PAM_PASSWORD_SKIPPED,
    ];
    if !is_tfa && !is_kept.iter().any(|kind| kind.id == case.finding.kind.id) {
        changes.push(vec![case.replace(number, text, None)]);
    }
    if !is_tfa {
        changes.extend(jumps_to_tfa(case, number, text));
    }
    let strict = strict(case);
    let next = case.text_of(number + 1).filter(|_| is_tfa);
    let without = next.map(|next| case.replace(number + 1, next, None));
    for change in strict {
        let both = without
            .clone()
            .map(|without| [change.clone(), vec![without]].concat());
        changes.push(change);
        changes.extend(both);
    }
    changes
}

/// The line with a jump over other sources of passwords, up to the next line of `pam_tfa`. A jump says no yes, so that
/// the line of `pam_tfa` may have to.
fn jumps_to_tfa(case: &Case<'_>, number: usize, text: &str) -> Vec<Vec<Edit>> {
    let phases = [Phase::Auth, Phase::Account].into_iter();
    let lines = phases.flat_map(|phase| case.own_lines(phase));
    let later = lines
        .skip_while(|line| line.position.line != number)
        .skip(1);
    let Some((length, target)) = (0..).zip(later).find(|(_, line)| names_tfa(line)) else {
        return Vec::new();
    };
    let jump = |length| {
        let control = format!("[success={length} default=ignore]");
        Some(case.replace(number, text, Some(with_control(text, &control)?)))
    };
    let jumps = (1..=length.min(MAX_JUMP))
        .filter_map(jump)
        .map(|jump| vec![jump]);
    let target = target.position.line;
    let says_yes = case.text_of(target).map(|text| {
        let new = format!("{} {}", text.trim_end(), options::NOT_REQUIRED);
        case.replace(target, text, Some(new))
    });
    let both = jump(length)
        .zip(says_yes)
        .map(|(jump, yes)| vec![jump, yes]);
    jumps.chain(both).collect()
}

/// The line with one of the controls of the profile, that of its phase first.
fn strict(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let Some((number, text)) = case.faulty_line() else {
        return Vec::new();
    };
    let controls = match text.trim_start().starts_with("account") {
        true => [ACCOUNT_CONTROL, "requisite"],
        false => ["requisite", ACCOUNT_CONTROL],
    };
    let lines = controls
        .into_iter()
        .filter_map(|control| with_control(text, control));
    let changes = lines.map(|new| vec![case.replace(number, text, Some(new))]);
    changes.collect()
}

/// The line with the control that the profile has in its phase.
pub(super) fn as_shipped(case: &Case<'_>) -> Vec<Vec<Edit>> {
    strict(case).into_iter().take(1).collect()
}
