//! Another module for one-time codes that still stands in the PAM files.

use tfa_pam_stack::{Line, Phase, Service};

use crate::facts::Facts;
use crate::finding::Finding;
use crate::messages;

/// The modules whose enrollments can be imported.
const MODULES: [&str; 2] = ["pam_google_authenticator.so", OATH];
const OATH: &str = "pam_oath.so";
/// Where pam_oath has its users, unless the line says.
const USERS: &str = "/etc/users.oath";
const USERS_OPTION: &str = "usersfile=";

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
        (!names.is_empty()).then(|| Finding::beside_pam(kind, "", names, detail))
    });
    found.collect()
}

fn line<'a>(service: &'a Service, module: &str) -> Option<&'a Line> {
    let mut lines = service.stack(Phase::Auth).lines.iter();
    lines.find(|line| line.module.rsplit('/').next() == Some(module))
}
