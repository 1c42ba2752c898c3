//! Another module for one-time codes that still stands in the PAM files.

use tfa_pam_stack::{Line, Phase, Service};

use crate::facts::{Facts, PamFacts};
use crate::finding::Finding;
use crate::{messages, pam};

/// The modules whose enrollments can be imported.
const MODULES: [&str; 2] = [GOOGLE_AUTHENTICATOR, OATH];
const GOOGLE_AUTHENTICATOR: &str = "pam_google_authenticator.so";
const OATH: &str = "pam_oath.so";
/// Where pam_oath has its users, unless the line says.
const USERS: &str = "/etc/users.oath";
const USERS_OPTION: &str = "usersfile=";

/// Whether a service asks for a code by the files that users have in their homes.
#[must_use]
pub fn has_google_authenticator(pam: &PamFacts) -> bool {
    let asks = |service: &Service| line(service, GOOGLE_AUTHENTICATOR).is_some();
    pam.services.values().any(|reading| reading.any(asks))
}

/// What would be wrong once their lines are removed.
pub(crate) fn breaks(facts: &Facts, others: &[Finding]) -> Vec<Finding> {
    let findings = MODULES.into_iter();
    findings
        .flat_map(|module| pam::breaks(facts, module, others))
        .collect()
}

/// A finding for each of them, with the services.
pub(crate) fn unfinished(facts: &Facts) -> Vec<Finding> {
    let found = MODULES.into_iter().filter_map(|module| {
        let pam = facts.pam.as_ref()?;
        let (mut names, mut file) = (Vec::new(), USERS.to_owned());
        for (name, reading) in &pam.services {
            let asks = |service: &Service| line(service, module).is_some();
            if name == "other" || !reading.any(asks) {
                continue;
            }
            names.push(name.clone());
            let services = reading.results().filter_map(Result::ok);
            for line in services.filter_map(|service| line(service, module)) {
                let mut words = line.arguments.iter();
                let named = words.find_map(|word| word.strip_prefix(USERS_OPTION));
                named.unwrap_or(USERS).clone_into(&mut file);
            }
        }
        let detail = match module == OATH {
            true => file,
            false => String::new(),
        };
        let kind = &messages::MOVING_UNFINISHED;
        let users = facts
            .host
            .as_ref()
            .and_then(|host| host.only_old_module.as_ref());
        let users = users.filter(|_| module == GOOGLE_AUTHENTICATOR);
        (!names.is_empty()).then(|| {
            let mut finding = Finding::beside_pam(kind, "", names, detail);
            finding.subject.users = users.map(|users| users.iter().cloned().collect());
            finding
        })
    });
    found.collect()
}

fn line<'a>(service: &'a Service, module: &str) -> Option<&'a Line> {
    let mut lines = service.stack(Phase::Auth).lines.iter();
    lines.find(|line| line.module.rsplit('/').next() == Some(module))
}
