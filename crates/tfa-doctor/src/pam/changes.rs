//! The changes of lines that may mend a fault, the best first. They are tried before one is printed.

mod controls;

use controls::{as_shipped, control};
use tfa_pam_stack::{Line, Phase, Service, takes_password, verifies_password};

use super::lines::{self, shorter_jumps, text_of, with_control};
use super::{names_tfa, options};
use crate::MODULE;
use crate::edit::Edit;
use crate::facts::PamFacts;
use crate::finding::{Finding, Kind};
use crate::{auth_update, messages};

const AUTH: &str = "auth requisite pam_tfa.so enroll=account";
const ACCOUNT_CONTROL: &str = "[success=ignore ignore=ignore default=die]";
/// The option of an account line that leaves logins to a session line behind it.
const GATE: &str = "session=gate";
/// Modules that verify passwords, and ask with `try_first_pass` only where no earlier module has.
const TRIES: [&str; 4] = [
    "pam_unix.so",
    "pam_ldap.so",
    "pam_winbind.so",
    "pam_krb5.so",
];
const PERMIT: &str = "auth required pam_permit.so";
const SESSION: &str = "session requisite pam_tfa.so";

/// The changes that mend faults of a kind.
type Changes = fn(&Case<'_>) -> Vec<Vec<Edit>>;

/// The kinds of which the changes are known.
const KNOWN: &[(&Kind, Changes)] = &[
    (&messages::PAM_NOT_ASKED, auth_and_account),
    (&messages::PAM_TWIN, auth_and_account),
    (&messages::PAM_AUTH_MISSING, auth),
    (&messages::PAM_ACCOUNT_MISSING, account),
    (&messages::PAM_SKIPPED, control),
    (&messages::PAM_AFTER_PUBLICKEY, without_after_publickey),
    (&messages::PAM_WRONG_PASSWORD, control),
    (&messages::PAM_PASSWORD_SKIPPED, control),
    (&messages::PAM_PASSWORD_NOT_ASKED, asking),
    (&messages::PAM_REFUSAL_IGNORED, control),
    (&messages::PAM_REFUSAL_LATE, control),
    (&messages::PAM_ACCOUNT_SKIPPED, before_line),
    (&messages::PAM_MODULE_FIRST, behind_password),
    (&messages::PAM_TWICE, once),
    (&messages::PAM_SESSION_GATE, gate),
    (&messages::PAM_SESSION_MISSING, session),
    (&messages::PAM_SESSION_SKIPPED, session_before_line),
    (&messages::PAM_NULLOK, without_nullok),
    (&messages::PAM_UNKNOWN_OPTION, without_option),
    (&messages::PAM_CANNOT_ENROLL, with_enroll),
    (&messages::PAM_UNREADABLE, without_backslash),
    (&messages::PAM_REFUSES, passable),
    (&messages::PAM_JUMP_REFUSES, passable),
    (&messages::PAM_EXEMPT_REFUSED, with_yes),
    (&messages::PAM_CODE_REFUSED, as_shipped),
    (&messages::PAM_PROFILE_CHANGED, as_in_profile),
];

/// A fault, with the files that it is about.
struct Case<'a> {
    finding: &'a Finding,
    pam: &'a PamFacts,
    file: &'a str,
    text: String,
}

/// The changes that may mend a fault.
pub(super) fn of(finding: &Finding, pam: &PamFacts) -> Vec<Vec<Edit>> {
    if finding.kind.id == messages::PAM_OFF.id {
        return auth_update::added_lines(&pam.files).into_iter().collect();
    }
    let file = finding.subject.file();
    let mut known = KNOWN.iter();
    let changes = known.find(|(kind, _)| kind.id == finding.kind.id);
    match (changes, pam.files.text(file)) {
        (Some((_, changes)), Some(text)) => changes(&Case {
            finding,
            pam,
            file,
            text,
        }),
        _ => Vec::new(),
    }
}

impl Case<'_> {
    /// The lines of a phase.
    fn lines(&self, phase: Phase) -> &[Line] {
        self.service()
            .map_or(&[], |service| &service.stack(phase).lines)
    }

    /// The first service that the fault is about.
    fn service(&self) -> Option<&Service> {
        let name = self.finding.subject.names.first()?;
        let reading = self.pam.services.get(name)?;
        reading.results().find_map(Result::ok)
    }

    /// The lines of a phase that stand in the file, from its start.
    fn own_lines(&self, phase: Phase) -> Vec<&Line> {
        let lines = self.lines(phase).iter();
        let mut lines: Vec<&Line> = lines
            .filter(|line| &*line.position.file == self.file)
            .collect();
        lines.sort_by_key(|line| line.position.line);
        lines
    }

    /// The account line; a service with a session line that can refuse gets the option for it.
    fn account_line(&self) -> String {
        let line = format!("account {ACCOUNT_CONTROL} pam_tfa.so enroll=account");
        let decides = |service: &Service| service.session_undecided().is_none();
        match self.service().is_some_and(decides) {
            true => format!("{line} {GATE}"),
            false => line,
        }
    }

    /// The line of a kind that was made a comment, as a line again.
    fn uncommented(&self, kind: &str) -> Option<Edit> {
        let mut lines = self.text.lines().zip(1..);
        lines.find_map(|(line, number)| {
            let bare = line.trim_start().strip_prefix('#')?.trim_start();
            let is_line = bare.starts_with(kind) && bare.contains(MODULE);
            is_line.then(|| self.replace(number, line, Some(bare.to_owned())))
        })
    }

    /// The included files that were made a comment, each as a line again.
    fn uncommented_includes(&self) -> Vec<Vec<Edit>> {
        let lines = self.text.lines().zip(1..);
        let edits = lines.filter_map(|(line, number)| {
            let bare = line.trim_start().strip_prefix('#')?.trim_start();
            let is_include = bare.starts_with("@include ");
            is_include.then(|| vec![self.replace(number, line, Some(bare.to_owned()))])
        });
        edits.collect()
    }

    /// The number and the text of the line with the fault.
    fn faulty_line(&self) -> Option<(usize, &str)> {
        let (_, number) = self.finding.subject.place.rsplit_once(':')?;
        let number = number.parse().ok()?;
        Some((number, self.text_of(number)?))
    }

    fn text_of(&self, number: usize) -> Option<&str> {
        text_of(&self.text, number)
    }

    /// No such line in a file.
    fn removed(&self, file: &str, number: usize) -> Option<Vec<Edit>> {
        let text = self.pam.files.text(file)?;
        let line = text_of(&text, number)?;
        Some(vec![Edit {
            file: file.to_owned(),
            after: number.saturating_sub(1),
            removed: vec![line.to_owned()],
            added: Vec::new(),
        }])
    }

    /// A new line. In a file of pam-auth-update(8) it stands in the second block, and not before the comment at the
    /// head of that: there the program does not know it as its own, and adds another one.
    fn insert(&self, after: usize, line: &str) -> Edit {
        let begins_block = |line: &str| line.starts_with(auth_update::ADDITIONAL);
        let is_before_block = self.text_of(after + 1).is_some_and(begins_block);
        Edit {
            file: self.file.to_owned(),
            after: after + usize::from(is_before_block),
            removed: Vec::new(),
            added: vec![line.to_owned()],
        }
    }

    fn replace(&self, number: usize, old: &str, new: Option<String>) -> Edit {
        Edit {
            file: self.file.to_owned(),
            after: number.saturating_sub(1),
            removed: vec![old.to_owned()],
            added: new.into_iter().collect(),
        }
    }
}

/// The auth line behind each line of the phase, the last first, with the module that verifies the password
/// as it is, or ending the phase after a wrong one.
fn auth(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let lines = case.own_lines(Phase::Auth);
    let password = lines.iter().find(|line| verifies_password(line));
    let strict = password.and_then(|line| {
        let number = line.position.line;
        let text = case.text_of(number)?;
        Some(case.replace(number, text, Some(with_control(text, "requisite")?)))
    });
    let mut changes: Vec<Vec<Edit>> = Vec::new();
    changes.extend(case.uncommented("auth").map(|edit| vec![edit]));
    for strict in [None, strict] {
        for line in lines.iter().rev() {
            let insert = case.insert(line.position.line, AUTH);
            changes.push(strict.clone().into_iter().chain([insert]).collect());
        }
    }
    changes
}

/// The account line before the others of the phase.
fn account(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let lines = case.own_lines(Phase::Account);
    let first = lines.first().map(|line| line.position.line);
    let after = first.map_or_else(|| case.text.lines().count(), |line| line.saturating_sub(1));
    let comment = case.uncommented("account");
    let line = case.insert(after, &case.account_line());
    comment
        .into_iter()
        .chain([line])
        .map(|edit| vec![edit])
        .collect()
}

fn auth_and_account(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let Some(account) = account(case).pop() else {
        return Vec::new();
    };
    let with_account = |auth: Vec<Edit>| [auth, account.clone()].concat();
    auth(case).into_iter().map(with_account).collect()
}

/// The account line before the line that ends the phase.
fn before_line(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let line = case.faulty_line();
    let insert = |(number, _): (usize, &str)| {
        vec![case.insert(number.saturating_sub(1), &case.account_line())]
    };
    line.map(insert).into_iter().collect()
}

/// No such line, if there is another one; else the line behind each later one of the phase, the last first.
fn behind_password(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let Some((number, text)) = case.faulty_line() else {
        return Vec::new();
    };
    let lines = case.own_lines(Phase::Auth);
    let later = lines
        .iter()
        .rev()
        .filter(|line| line.position.line > number);
    let own = later.map(|line| line.position.line);
    // The password may be verified in a file that this one includes.
    let end = case.text.lines().count();
    let places = own.chain((number + 1..=end).rev());
    let removed = case.replace(number, text, None);
    let moved = |after| vec![removed.clone(), case.insert(after, text)];
    [vec![removed.clone()]]
        .into_iter()
        .chain(places.map(moved))
        .collect()
}

/// One of the two lines less, or one of the lines that include them: in the file of the service, where other
/// services stay as they are.
fn once(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let service = case.finding.subject.names.first();
    let own = service.map(|name| format!("/etc/pam.d/{name}"));
    let places = [&case.finding.subject.place, &case.finding.subject.detail];
    let mut changes = Vec::new();
    for place in places {
        let Some((file, number)) = place.rsplit_once(':') else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        changes.extend(case.removed(file, number));
        let Some((own, text)) = own
            .as_deref()
            .and_then(|own| Some((own, case.pam.files.text(own)?)))
        else {
            continue;
        };
        let name = file.rsplit('/').next();
        let includes = text.lines().zip(1..).filter(|(line, _)| {
            let mut words = line.split_whitespace();
            let is_line = words.next().is_some_and(|word| !word.starts_with('#'));
            is_line && words.last() == name
        });
        let includes: Vec<usize> = includes.map(|(_, number)| number).collect();
        changes.extend(
            includes
                .iter()
                .rev()
                .filter_map(|number| case.removed(own, *number)),
        );
    }
    // pam-auth-update(8) would write its own line again, or refuse from then on.
    let is_own = |edit: &Edit| {
        let mut lines = edit.removed.iter();
        lines.any(|line| auth_update::is_of_profile(&case.pam.files, &edit.file, line))
    };
    let (own, others): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|edits: &Vec<Edit>| edits.iter().any(is_own));
    if others.is_empty() { own } else { others }
}

/// The account line leaves logins to the session line, which is added where there is none.
fn gate(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let mut lines = case
        .own_lines(Phase::Account)
        .into_iter()
        .filter(|line| names_tfa(line));
    let Some(number) = lines.next().map(|line| line.position.line) else {
        return Vec::new();
    };
    let Some(text) = case.text_of(number) else {
        return Vec::new();
    };
    let gate = case.replace(number, text, Some(format!("{} {GATE}", text.trim_end())));
    let with_session = session(case)
        .into_iter()
        .map(|session| [vec![gate.clone()], session].concat());
    [vec![gate.clone()]]
        .into_iter()
        .chain(with_session)
        .collect()
}

/// The session line before each line of the phase, the first one first; one that ignores refusals gets another
/// control.
fn session(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let lines = case.own_lines(Phase::Session);
    let stricter = lines
        .iter()
        .filter(|line| names_tfa(line))
        .filter_map(|line| {
            let number = line.position.line;
            let text = case.text_of(number)?;
            Some(vec![case.replace(
                number,
                text,
                Some(with_control(text, "requisite")?),
            )])
        });
    let before = lines
        .iter()
        .map(|line| line.position.line.saturating_sub(1));
    let end = case.text.lines().count();
    let places = before.chain([end]);
    let comment = case.uncommented("session").map(|edit| vec![edit]);
    let known = comment.into_iter().chain(stricter);
    known
        .chain(places.map(|after| vec![case.insert(after, SESSION)]))
        .collect()
}

/// The session line before the line that leads around it.
fn session_before_line(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let line = case.faulty_line();
    let before = line.map(|(number, _)| vec![case.insert(number.saturating_sub(1), SESSION)]);
    before.into_iter().chain(session(case)).collect()
}

fn without_nullok(case: &Case<'_>) -> Vec<Vec<Edit>> {
    without(case, "nullok")
}

fn without_after_publickey(case: &Case<'_>) -> Vec<Vec<Edit>> {
    without(case, "after_publickey")
}

/// The line asks where no earlier module has: with the option that says so, if the module has it, or without one.
fn asking(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let number = case.faulty_line().map(|(number, _)| number);
    let mut lines = case.own_lines(Phase::Auth).into_iter();
    let Some(line) = lines.find(|line| Some(line.position.line) == number) else {
        return Vec::new();
    };
    let Some(option) = takes_password(line) else {
        return Vec::new();
    };
    let tries = TRIES.iter().any(|module| line.calls(module));
    let instead = tries.then_some(" try_first_pass").into_iter().chain([""]);
    instead
        .flat_map(|new| with_instead(case, option, new))
        .collect()
}

/// The option as it was meant, or none.
fn without_option(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let option = &case.finding.subject.detail;
    let meant = options::meant(option);
    let meant = meant.map_or_else(Vec::new, |meant| {
        with_instead(case, option, &format!(" {meant}"))
    });
    [meant, without(case, option)].concat()
}

fn with_enroll(case: &Case<'_>) -> Vec<Vec<Edit>> {
    with_option(case, options::ENROLL)
}

/// The line goes on where no second factor is required, or says yes there, or another one does before it.
fn with_yes(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let line = case.faulty_line();
    let permit = line.map(|(number, _)| vec![case.insert(number.saturating_sub(1), PERMIT)]);
    let option = with_option(case, options::NOT_REQUIRED);
    as_shipped(case)
        .into_iter()
        .chain(option)
        .chain(permit)
        .collect()
}

fn with_option(case: &Case<'_>, option: &str) -> Vec<Vec<Edit>> {
    let line = case.faulty_line();
    let change = |(number, text): (usize, &str)| {
        let new = format!("{} {option}", text.trim_end());
        vec![case.replace(number, text, Some(new))]
    };
    line.map(change).into_iter().collect()
}

fn without(case: &Case<'_>, option: &str) -> Vec<Vec<Edit>> {
    with_instead(case, option, "")
}

fn with_instead(case: &Case<'_>, option: &str, new: &str) -> Vec<Vec<Edit>> {
    let line = case.faulty_line();
    let change = |(number, text): (usize, &str)| {
        let changed = lines::with_instead(text, option, new)?;
        Some(vec![case.replace(number, text, Some(changed))])
    };
    line.and_then(change).into_iter().collect()
}

/// The last line without the backslash at its end.
fn without_backslash(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let last = case.text.lines().zip(1..).last();
    let change = last.and_then(|(line, number)| {
        let new = line.trim_end().strip_suffix('\\')?.trim_end();
        Some(vec![case.replace(number, line, Some(new.to_owned()))])
    });
    change.into_iter().collect()
}

/// An included file that was made a comment, the line with a shorter jump, or no such line, unless it verifies the
/// password or ends the block of pam-auth-update(8).
fn passable(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let Some((number, text)) = case.faulty_line() else {
        return Vec::new();
    };
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let mut lines = phases.flat_map(|phase| case.own_lines(phase));
    let is_kept = |line: &Line| verifies_password(line) || names_tfa(line);
    let is_kept = lines.any(|line| line.position.line == number && is_kept(line));
    let shorter = shorter_jumps(text).into_iter();
    let shorter = shorter.map(|new| vec![case.replace(number, text, Some(new))]);
    let before = number
        .checked_sub(1)
        .and_then(|before| case.text_of(before));
    let is_fallback = before.is_some_and(|text| text.starts_with(auth_update::FALLBACK));
    let removed = (!is_kept && !is_fallback).then(|| vec![case.replace(number, text, None)]);
    let includes = case.uncommented_includes().into_iter();
    includes.chain(shorter).chain(removed).collect()
}

/// The line with a control of the profile.
fn as_in_profile(case: &Case<'_>) -> Vec<Vec<Edit>> {
    let profile = auth_update::tfa_profile(&case.pam.files).unwrap_or_default();
    let lines = profile.lines().filter_map(|line| line.split_once(MODULE));
    let controls = lines.map(|(control, _)| control.trim());
    let Some((number, text)) = case.faulty_line() else {
        return Vec::new();
    };
    let is_account = text.trim_start().starts_with("account");
    let fits = controls.filter(|control| control.starts_with('[') == is_account);
    let change = |control| {
        let new = with_control(text, control)?;
        Some(vec![case.replace(number, text, Some(new))])
    };
    fits.filter_map(change).take(1).collect()
}
