//! `tfactl export`: writes the keys of users to a new file, for another program.

mod file;

use std::path::Path;

use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;
use tfa_client::{Failure, Terminal, host, is_root};
use tfa_import::{Algorithm, Entry, Lock, Means, Used, write_otpauth, write_pskc};
use tfa_proto::{AuthenticatorKind, ExportedAuthenticator};
use zeroize::Zeroizing;

use crate::args::{ExportCommand, ExportOptions};
use crate::daemon::Daemon;
use crate::{json, messages, passphrase};
use file::NewFile;

/// The iterations of PBKDF2 with HMAC-SHA1 that OWASP recommends.
const ITERATIONS: u32 = 1_300_000;

pub(crate) async fn run(command: ExportCommand) -> Result<(), Failure> {
    if !is_root() {
        return Err(Failure::NotAllowed(messages::EXPORT_NEEDS_ROOT.to_owned()));
    }
    match command {
        ExportCommand::Pskc {
            passphrase_file,
            options,
        } => {
            let passphrase = passphrase_file
                .as_deref()
                .map(passphrase::new_in)
                .transpose()?;
            let is_encrypted = passphrase.is_some();
            export(options, is_encrypted, |entries| {
                container(entries, passphrase)
            })
            .await
        }
        ExportCommand::Otpauth { options } => {
            export(options, false, |entries| Ok(uris(entries))).await
        }
    }
}

/// Writes the file. It is made first, so that no key leaves the daemon in vain, and it is removed if
/// anything fails.
async fn export(
    options: ExportOptions,
    is_encrypted: bool,
    write: impl FnOnce(&[Entry]) -> Result<Zeroizing<String>, Failure>,
) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let ExportOptions {
        users,
        output,
        json: as_json,
    } = options;
    let mut daemon = Daemon::connect(&terminal).await?;
    let file = NewFile::create(&output).map_err(|error| not_written(&output, &error))?;
    let mut entries = Vec::new();
    for user in &users {
        for authenticator in daemon.export(user).await? {
            entries.push(entry(user, &authenticator)?);
        }
    }
    let text = write(&entries)?;
    file.fill(text.as_bytes())
        .map_err(|error| not_written(&output, &error))?;
    if as_json {
        let exported = ExportJson {
            file: output.display().to_string(),
            encrypted: is_encrypted,
            authenticators: entries.iter().map(of_json).collect(),
        };
        json::print(&terminal, &exported)?;
    } else {
        terminal.print(&messages::exported(&output, entries.len(), is_encrypted))?;
    }
    daemon.fail_if_not_serving()
}

fn not_written(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Refused(messages::export_not_written(file, error))
}

fn container(
    entries: &[Entry],
    passphrase: Option<Zeroizing<String>>,
) -> Result<Zeroizing<String>, Failure> {
    let mut is_random = true;
    let mut fill = |bytes: &mut [u8]| is_random &= SysRng.try_fill_bytes(bytes).is_ok();
    let lock = passphrase.map(|passphrase| Lock::new(passphrase.as_bytes(), ITERATIONS, &mut fill));
    let written = write_pskc(entries, lock.as_ref(), &mut fill);
    let written = written.filter(|_| is_random);
    written.ok_or_else(|| Failure::Refused(messages::EXPORT_NOT_ENCRYPTED.to_owned()))
}

fn uris(entries: &[Entry]) -> Zeroizing<String> {
    let host = host();
    let uris: Vec<Zeroizing<String>> = entries
        .iter()
        .map(|one| write_otpauth(one, &host))
        .collect();
    let length = uris.iter().map(|uri| uri.len() + 1).sum();
    let mut text = Zeroizing::new(String::with_capacity(length));
    for uri in &uris {
        text.push_str(uri);
        text.push('\n');
    }
    text
}

/// What the daemon returned, as an entry of a file.
fn entry(user: &str, exported: &ExportedAuthenticator) -> Result<Entry, Failure> {
    let version = || Failure::OtherVersion(messages::EXPORT_UNKNOWN.to_owned());
    let means = match (exported.kind.known(), exported.period, exported.counter) {
        (Some(AuthenticatorKind::Totp), Some(period), _) => Means::Totp { period },
        (Some(AuthenticatorKind::Hotp), _, Some(counter)) => Means::Hotp { counter },
        _ => return Err(version()),
    };
    let algorithm = match exported.algorithm.known() {
        Some(tfa_proto::Algorithm::Sha1) => Algorithm::Sha1,
        Some(tfa_proto::Algorithm::Sha256) => Algorithm::Sha256,
        Some(tfa_proto::Algorithm::Sha512) => Algorithm::Sha512,
        None => return Err(version()),
    };
    let key = data_encoding::BASE32_NOPAD.decode(exported.key.as_bytes());
    Ok(Entry {
        line: 0,
        user: user.to_owned(),
        label: Some(exported.name.clone()),
        means,
        key: Zeroizing::new(key.map_err(|_| version())?),
        algorithm,
        digits: exported.digits,
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: Vec::new(),
    })
}

/// The JSON output.
#[derive(Serialize)]
struct ExportJson<'a> {
    file: String,
    encrypted: bool,
    authenticators: Vec<AuthenticatorJson<'a>>,
}

#[derive(Serialize)]
struct AuthenticatorJson<'a> {
    user: &'a str,
    kind: &'a str,
    name: Option<&'a str>,
}

fn of_json(entry: &Entry) -> AuthenticatorJson<'_> {
    AuthenticatorJson {
        user: &entry.user,
        kind: match entry.means {
            Means::Totp { .. } => AuthenticatorKind::Totp.name(),
            Means::Hotp { .. } => AuthenticatorKind::Hotp.name(),
        },
        name: entry.label.as_deref(),
    }
}
