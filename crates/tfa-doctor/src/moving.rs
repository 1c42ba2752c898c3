//! Another module for one-time codes that still stands in the PAM files.

use std::collections::BTreeSet;

use tfa_pam_stack::{Line, Phase, Service};

use crate::facts::{Facts, PamFacts};
use crate::finding::{Finding, When};
use crate::{messages, pam};

/// The modules whose enrollments can be imported.
const MODULES: [&str; 2] = [GOOGLE_AUTHENTICATOR, OATH];
const GOOGLE_AUTHENTICATOR: &str = "pam_google_authenticator.so";
const OATH: &str = "pam_oath.so";
/// Where pam_oath has its users, unless the line says.
const USERS: &str = "/etc/users.oath";
const USERS_OPTION: &str = "usersfile=";
const SECRET_OPTION: &str = "secret=";

/// Whether a service asks for a code by the files that users have in their homes.
#[must_use]
pub fn has_google_authenticator(pam: &PamFacts) -> bool {
    let asks = |service: &Service| lines(service, GOOGLE_AUTHENTICATOR).next().is_some();
    pam.services.values().any(|reading| reading.any(asks))
}

/// Whether a service lets users in where google-authenticator cannot write their files, which then lack used codes.
#[must_use]
pub fn google_authenticator_may_not_write(pam: &PamFacts) -> bool {
    let allows = |service: &Service| {
        lines(service, GOOGLE_AUTHENTICATOR)
            .any(|line| line.arguments.iter().any(|word| word == "allow_readonly"))
    };
    pam.services.values().any(|reading| reading.any(allows))
}

/// The files with the users of pam_oath. `None` if no line calls it, or one names a file for each user.
#[must_use]
pub fn oath_files(pam: &PamFacts) -> Option<BTreeSet<String>> {
    let services = pam
        .services
        .values()
        .flat_map(|reading| reading.results().filter_map(Result::ok));
    let files = services.flat_map(|service| lines(service, OATH).map(users_file));
    let files: BTreeSet<String> = files.map(str::to_owned).collect();
    let is_known = |file: &String| file.starts_with('/') && !file.contains('$');
    (!files.is_empty() && files.iter().all(is_known)).then_some(files)
}

/// What would be wrong once their lines are removed.
pub(crate) fn breaks(facts: &Facts, others: &[Finding]) -> Vec<Finding> {
    let findings = MODULES.into_iter();
    findings
        .flat_map(|module| pam::breaks(facts, module, others))
        .collect()
}

/// Notes the modules whose lines cannot be removed as they are.
pub(crate) fn settle(findings: &mut [Finding], breaks: &[Finding]) {
    for finding in findings {
        let is_unfinished = finding.kind.id == messages::MOVING_UNFINISHED.id;
        let breaks = breaks.iter().flat_map(|one| &one.subject.names);
        let is_of = |name: &String| is_oath(name) != finding.subject.users_files.is_empty();
        if is_unfinished && breaks.into_iter().any(is_of) {
            finding.subject.when = When::AfterAnother;
        }
    }
}

/// Whether a module has this name, with or without its ending.
fn is_oath(module: &str) -> bool {
    OATH.trim_end_matches(".so") == module.trim_end_matches(".so")
}

/// A finding for each of them, with the services.
pub(crate) fn unfinished(facts: &Facts) -> Vec<Finding> {
    let found = MODULES.into_iter().filter_map(|module| {
        let pam = facts.pam.as_ref()?;
        let (mut names, mut files, mut are_in_homes) = (Vec::new(), BTreeSet::new(), true);
        for (name, reading) in &pam.services {
            let services = reading.results().filter_map(Result::ok);
            let lines = services.flat_map(|service| lines(service, module));
            let lines: Vec<&Line> = lines.collect();
            are_in_homes &= !lines.iter().any(|line| has_files_elsewhere(line));
            let named: Vec<&str> = lines.into_iter().map(users_file).collect();
            if name != "other" && !named.is_empty() && !pam.is_part(name) {
                names.push(name.clone());
                files.extend(named);
            }
        }
        let kind = &messages::MOVING_UNFINISHED;
        let users = facts.host.as_ref().and_then(|host| match module == OATH {
            true => host.only_oath.as_ref(),
            false => {
                let is_whole = are_in_homes && host.old_module_is_whole;
                let users = host.only_old_module.as_ref();
                users.filter(|users| is_whole || !users.is_empty())
            }
        });
        (!names.is_empty()).then(|| {
            let mut finding = Finding::beside_pam(kind, "", names, String::new());
            if module == OATH {
                finding.subject.users_files = files.into_iter().map(str::to_owned).collect();
            }
            finding.subject.users = users.map(|users| users.iter().cloned().collect());
            finding
        })
    });
    found.collect()
}

/// The lines of a module that ask for codes.
fn lines<'a>(service: &'a Service, module: &str) -> impl Iterator<Item = &'a Line> {
    let lines = service.stack(Phase::Auth).lines.iter();
    lines.filter(move |line| line.module.rsplit('/').next() == Some(module))
}

/// Whether a line of google-authenticator names the files of users, which may be elsewhere than in their homes.
fn has_files_elsewhere(line: &Line) -> bool {
    let mut words = line.arguments.iter();
    words.any(|word| word.starts_with(SECRET_OPTION))
}

/// The file with the users of a line of pam_oath, for which the last option counts.
fn users_file(line: &Line) -> &str {
    let mut words = line.arguments.iter().rev();
    let named = words.find_map(|word| word.strip_prefix(USERS_OPTION));
    named.unwrap_or(USERS)
}
