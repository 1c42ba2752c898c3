//! Gives a further verifier of a fleet the store: on the one that invites it, and on the new one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tfa_store::{
    Adoption, EtcdAccess, KeyBefore, StateDir, VerifierFile, VerifierFileError, VerifierInvitation,
    adopt_store, adoption, etcd, undo_adoption,
};

use super::Request;
use super::report::Report;
use super::service::Service;
use crate::fleet;

/// The configuration of tfa-fleet, which names the etcd.
const FLEET_CONFIG: &str = "/etc/tfa/tfa-fleet.toml";

const IN_NO_FLEET: &str =
    "this host is in no fleet. To make one with etcd, run: tfactl fleet init --etcd URL";

const NEEDS_PASSPHRASE: &str = "the file needs a passphrase";

/// Does one of these tasks. `None` if the name is that of another one.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &mut Report) -> Option<bool> {
    let done = match request.name.as_str() {
        "invite-verifier" => invite(state_dir, request, report),
        "look-into-etcd" => look(state_dir, report),
        "read-invitation" => read(state_dir, request, report),
        "adopt-store" => adopt(state_dir, request, report),
        "undo-adoption" => undo(state_dir, request),
        _ => return None,
    };
    Some(match done {
        Ok(()) => true,
        Err(Refusal { reason, text }) => {
            report.refuse(reason, &text);
            false
        }
    })
}

struct Refusal {
    reason: &'static str,
    text: String,
}

impl<T: std::fmt::Display> From<T> for Refusal {
    fn from(why: T) -> Self {
        Self {
            reason: "refused",
            text: why.to_string(),
        }
    }
}

/// Writes the file for a further verifier. Without a file it only checks whether that can be done.
fn invite(state_dir: &StateDir, request: &Request, report: &mut Report) -> Result<(), Refusal> {
    let etcd = etcd_access(Path::new(FLEET_CONFIG))?;
    if request.file.as_os_str().is_empty() {
        return Ok(VerifierFile::check_writable(state_dir, fleet::etcd()?)?);
    }
    let (passphrase, token) = (report.passphrase(), report.token());
    let (Some(passphrase), Some(mut token)) = (passphrase, token) else {
        return Err(NEEDS_PASSPHRASE.into());
    };
    let invitation = VerifierInvitation {
        host: request.host.clone(),
        token: std::mem::take(&mut token),
        port: request.port,
        etcd,
        store: String::new(),
    };
    let kv = fleet::etcd()?;
    Ok(VerifierFile::write(
        &request.file,
        state_dir,
        kv,
        invitation,
        &passphrase,
    )?)
}

/// Tells which store etcd has.
fn look(state_dir: &StateDir, report: &Report) -> Result<(), Refusal> {
    let found = match etcd::look(state_dir, fleet::etcd()?)? {
        etcd::Found::Nothing => "none",
        etcd::Found::Own => "own",
        etcd::Found::OfOthers => "other",
    };
    report.result("store", found);
    Ok(())
}

/// Tells what a file says, and what this host has of it. With `--reach` it checks the etcd as well.
fn read(state_dir: &StateDir, request: &Request, report: &mut Report) -> Result<(), Refusal> {
    let file = open(request, report)?;
    let state = match adoption(state_dir, &file)? {
        Adoption::Free => "free",
        Adoption::Unfinished => "unfinished",
        Adoption::Complete => "complete",
    };
    if request.reach {
        file.check_etcd(fleet::etcd()?)?;
    }
    let VerifierInvitation {
        host,
        token,
        port,
        etcd,
        ..
    } = &file.invitation;
    report.result("state", state);
    report.result("host", host);
    report.result("token", token);
    report.result("port", port);
    for endpoint in &etcd.endpoints {
        report.result("endpoint", endpoint);
    }
    for (name, value) in [
        ("prefix", &etcd.prefix),
        ("ca", &etcd.ca),
        ("certificate", &etcd.certificate),
        ("key", &etcd.key),
    ] {
        if let Some(value) = value {
            report.result(name, value);
        }
    }
    Ok(())
}

/// Stops the daemon, and gives this host the sealing key. `tfactl` writes where its accounts are, and starts it.
fn adopt(state_dir: &StateDir, request: &Request, report: &mut Report) -> Result<(), Refusal> {
    let file = open(request, report)?;
    file.check_etcd(fleet::etcd()?)?;
    let mut service = Service::default();
    let before = adopt_store(state_dir, &file, &mut || service.stop())?;
    report.result("key-before", word(&before));
    Ok(())
}

fn undo(state_dir: &StateDir, request: &Request) -> Result<(), Refusal> {
    let before = match request.key_before.as_str() {
        "absent" => KeyBefore::Absent,
        "same" => KeyBefore::Same,
        name => KeyBefore::Kept(name.to_owned()),
    };
    Service::default().stop()?;
    Ok(undo_adoption(state_dir, &before)?)
}

fn word(before: &KeyBefore) -> &str {
    match before {
        KeyBefore::Absent => "absent",
        KeyBefore::Same => "same",
        KeyBefore::Kept(name) => name,
    }
}

fn open(request: &Request, report: &mut Report) -> Result<VerifierFile, Refusal> {
    let Some(passphrase) = report.passphrase() else {
        return Err(Refusal {
            reason: "needs-passphrase",
            text: NEEDS_PASSPHRASE.to_owned(),
        });
    };
    VerifierFile::read(&request.file, &passphrase).map_err(|error| match error {
        VerifierFileError::WrongPassphrase => Refusal {
            reason: "wrong-passphrase",
            text: error.to_string(),
        },
        _ => error.into(),
    })
}

/// The etcd of the configuration. `tfa-fleet` has checked it.
fn etcd_access(path: &Path) -> Result<EtcdAccess, Refusal> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => IN_NO_FLEET.to_owned(),
        _ => format!("{shown}: {error}"),
    })?;
    let config: toml::Table = text.parse().map_err(|_| format!("{shown} is not TOML"))?;
    let Some(etcd) = config.get("etcd").and_then(toml::Value::as_table) else {
        return Err(VerifierFileError::NotInEtcd.into());
    };
    let text = |key: &str| etcd.get(key)?.as_str().map(str::to_owned);
    let endpoints = etcd.get("endpoints").and_then(toml::Value::as_array);
    let endpoints = endpoints.into_iter().flatten();
    Ok(EtcdAccess {
        endpoints: endpoints
            .filter_map(|url| url.as_str().map(str::to_owned))
            .collect(),
        prefix: text("prefix"),
        ca: text("ca"),
        certificate: text("certificate"),
        key: text("key"),
    })
}
