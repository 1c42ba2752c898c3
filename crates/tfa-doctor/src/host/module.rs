//! The files of the PAM module.

use tfa_pam_host::ModuleFile;

use super::HostFacts;
use crate::finding::Finding;
use crate::messages;

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let mut findings = named(host);
    findings.extend(searched(host));
    findings
}

/// Files that a line of PAM names by their paths, and that are not the module of the package.
fn named(host: &HostFacts) -> Vec<Finding> {
    let installed = host.installed_version.as_ref();
    let others = host.named_modules.iter();
    let others = others.filter(|file| installed.is_none() || file.version.as_ref() != installed);
    let fault = |file: &ModuleFile| {
        let kind = &messages::MODULE_OTHER;
        Finding::beside_pam(kind, &file.path, Vec::new(), String::new())
    };
    others.map(fault).collect()
}

fn searched(host: &HostFacts) -> Vec<Finding> {
    let searched: Vec<&ModuleFile> = host.modules.iter().filter(|one| one.is_searched).collect();
    // libpam takes the first one.
    let Some(loaded) = searched.first() else {
        return elsewhere(host).into_iter().collect();
    };
    if !loaded.is_native {
        // The lines that call it are found.
        return elsewhere(host).into_iter().collect();
    }
    let installed = host.installed_version.as_ref();
    let differs = installed.filter(|version| loaded.version.as_ref() != Some(version));
    let version = loaded.version.clone().unwrap_or_default();
    let mut findings: Vec<Finding> = differs
        .map(|installed| {
            let names = vec![installed.clone()];
            Finding::beside_pam(&messages::MODULE_VERSION, &loaded.path, names, version)
        })
        .into_iter()
        .collect();
    findings.extend(elsewhere(host));
    findings
}

/// Files that libpam does not load: the package manager does not update them, and an administrator who
/// replaces one changes nothing.
fn elsewhere(host: &HostFacts) -> Option<Finding> {
    let mut searched = host.modules.iter().filter(|one| one.is_searched);
    let loaded = searched.next().map(|one| one.path.clone());
    let others = host
        .modules
        .iter()
        .filter(|one| Some(&one.path) != loaded.as_ref());
    let names: Vec<String> = others.map(|one| one.path.clone()).collect();
    let place = loaded.unwrap_or_default();
    (!names.is_empty())
        .then(|| Finding::beside_pam(&messages::MODULE_COPIES, place, names, String::new()))
}
