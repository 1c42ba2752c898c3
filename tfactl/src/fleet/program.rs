//! Starts `tfa-fleet` for one thing, as the user that it always has. Only then does anything reach the network.
//!
//! What it prints is not trusted: it is bounded, and each value is checked before it is written or shown.

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::unistd::User;
use tfa_client::{Failure, Interrupt};
use tfa_fleet_core::{HostName, VerifierAddress};
use tfa_fleet_wire::{FaultKind, Report, read_report};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::doctor::plain;
use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfa-fleet";
const SETSID: &str = "/usr/bin/setsid";
const SETPRIV: &str = "/usr/bin/setpriv";
const USER: &str = "tfa-fleet";
/// Where it keeps the key and the certificate of this host. systemd makes the same at the first start.
const STATE: &str = "/var/lib/tfa-fleet";
/// The files that it replaces when this host joins.
pub(super) const FILES: [&str; 2] = ["/var/lib/tfa-fleet/host.pem", "/var/lib/tfa-fleet/ca.pem"];
/// How long it may take: each of 16 verifiers may be tried, at all of its addresses.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// How many bytes of its output, and of its errors, are read.
const MAX_OUTPUT: u64 = 64 * 1024;

/// What this host is in the fleet that it has joined.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// Its name.
    pub(super) host: String,
    /// The line of its configuration: the verifiers, or where a verifier listens.
    pub(super) line: String,
}

/// Has it join a fleet with this token. A signal ends it.
///
/// # Errors
/// Why it has not joined, as it says.
pub(super) async fn join(interrupt: &mut Interrupt, token: &str) -> Result<Joined, Failure> {
    let lines = run(interrupt, "--join", token).await?;
    joined(&lines)
        .ok_or_else(|| Failure::Refused(messages::no_fleet_program(&"it is of another version")))
}

/// Reads what it prints after it has joined.
fn joined(lines: &[String]) -> Option<Joined> {
    let [host, line] = lines else {
        return None;
    };
    let list = |key: &str| {
        line.strip_prefix(key)?
            .strip_prefix(" = [")?
            .strip_suffix(']')
    };
    let quoted = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let is_right = match (list("verifiers"), list("listen")) {
        (Some(verifiers), _) => verifiers.split(", ").all(|one| {
            quoted(one).is_some_and(|address| VerifierAddress::parse(&address).is_some())
        }),
        (_, Some(listen)) => {
            quoted(listen).is_some_and(|address| address.parse::<std::net::SocketAddr>().is_ok())
        }
        _ => false,
    };
    let host = HostName::new(host).ok().filter(|_| is_right)?.to_string();
    let line = line.clone();
    Some(Joined { host, line })
}

/// Has it read its configuration and the files that this names, before its unit is started: systemd does not say why a
/// start has failed.
///
/// # Errors
/// The first fault.
pub(super) async fn check(interrupt: &mut Interrupt) -> Result<(), Failure> {
    match report(interrupt).await?.faults.first() {
        Some(fault) => Err(Failure::Refused(messages::fleet_fault(
            &plain(&fault.path),
            &plain(&fault.text),
        ))),
        None => Ok(()),
    }
}

/// What the certificate of this host says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Certified {
    /// The name of this host; `None` if it has no certificate, or it is not told.
    pub(super) name: Option<String>,
    /// The fleet has made the certificate, or the organisation. `None` if it is not told.
    pub(super) by: Option<CertifiedBy>,
}

/// Who has made a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CertifiedBy {
    Fleet,
    Organisation,
}

/// Has it tell the certificate of this host.
pub(super) async fn certified(interrupt: &mut Interrupt) -> Certified {
    let told = report(interrupt).await;
    told.map_or_else(|_| Certified::default(), |report| certified_in(&report))
}

fn certified_in(report: &Report) -> Certified {
    let mut faults = report.faults.iter();
    if faults.any(|fault| fault.kind == FaultKind::Configuration) {
        return Certified::default();
    }
    let name = report
        .host
        .as_deref()
        .and_then(|name| HostName::new(name).ok());
    let by = match report.is_managed {
        true => CertifiedBy::Fleet,
        false => CertifiedBy::Organisation,
    };
    Certified {
        name: name.map(|name| name.to_string()),
        by: Some(by),
    }
}

async fn report(interrupt: &mut Interrupt) -> Result<Report, Failure> {
    let printed = output(interrupt, "--report", "").await?;
    let report = read_report(&printed);
    report.map_err(|why| Failure::Refused(messages::no_fleet_program(&why)))
}

/// Has it do this, with an input that may hold a secret. Returns the lines of its output. A signal ends it.
///
/// # Errors
/// Why it was not done, as it says.
pub(super) async fn run(
    interrupt: &mut Interrupt,
    task: &str,
    input: &str,
) -> Result<Vec<String>, Failure> {
    let printed = output(interrupt, task, input).await?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.lines().map(str::to_owned).collect())
}

async fn output(interrupt: &mut Interrupt, task: &str, input: &str) -> Result<Vec<u8>, Failure> {
    let unusable = |why: &dyn fmt::Display| Failure::Refused(messages::no_fleet_program(why));
    let user = User::from_name(USER).map_err(|error| unusable(&error))?;
    let user = user.ok_or_else(|| unusable(&format!("there is no user {USER}")))?;
    let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
    make_folder(uid, gid).map_err(|error| unusable(&format!("{STATE}: {error}")))?;
    let mut child = command(uid, gid, task)
        .spawn()
        .map_err(|error| unusable(&format!("{SETSID}: {error}")))?;
    let finished = interrupt.during(timeout(TIME_LIMIT, finish(&mut child, input)));
    let finished = finished.await;
    if !matches!(finished, Some(Ok(_))) {
        // Before this command says that it has ended.
        let _ = child.kill().await;
    }
    let output = match finished {
        None => return Err(Failure::Cancelled(messages::JOINING_INTERRUPTED.to_owned())),
        Some(Err(_)) => {
            return Err(unusable(&messages::no_answer(
                PROGRAM,
                TIME_LIMIT.as_secs(),
            )));
        }
        Some(Ok(output)) => output.map_err(|error| unusable(&error))?,
    };
    if output.status.success() {
        return Ok(output.printed);
    }
    let errors = String::from_utf8_lossy(&output.errors);
    Err(match errors.lines().find(|line| !line.is_empty()) {
        Some(why) => Failure::Refused(plain(why)),
        None => unusable(&output.status),
    })
}

/// The program as a user without privileges, before its first instruction: in a session of its own, without the
/// terminal and the groups of root, and without a privilege that it could get back. It ends with this command.
fn command(uid: u32, gid: u32, task: &str) -> Command {
    let mut command = Command::new(SETSID);
    command
        .args(["--wait", SETPRIV])
        .args([format!("--reuid={uid}"), format!("--regid={gid}")])
        .args(["--clear-groups", "--no-new-privs", "--inh-caps=-all"])
        .args(["--ambient-caps=-all", "--bounding-set=-all"])
        .args(["--pdeathsig=KILL", "--", PROGRAM, task])
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

struct Output {
    status: ExitStatus,
    printed: Vec<u8>,
    errors: Vec<u8>,
}

async fn finish(child: &mut Child, input: &str) -> std::io::Result<Output> {
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early says why.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (printed, errors) = tokio::join!(bytes(stdout), bytes(stderr));
    Ok(Output {
        printed: printed?,
        errors: errors?,
        status: child.wait().await?,
    })
}

/// Reads to the end. More than the limit is an error.
async fn bytes(source: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        let mut source = source.take(MAX_OUTPUT + 1);
        source.read_to_end(&mut bytes).await?;
    }
    match u64::try_from(bytes.len()) {
        Ok(..=MAX_OUTPUT) => Ok(bytes),
        _ => Err(std::io::Error::other(messages::too_much_output(PROGRAM))),
    }
}

/// Makes the folder, if there is none. Its parent is root's alone.
fn make_folder(uid: u32, gid: u32) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(STATE) {
        Ok(()) => chown(STATE, Some(uid), Some(gid)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(STATE)?.is_dir() {
                true => Ok(()),
                false => Err(ErrorKind::NotADirectory.into()),
            }
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use tfa_fleet_wire::Fault;

    use super::*;

    #[test]
    fn configuration_with_an_error_tells_nothing_of_the_certificate() {
        let mut report = Report {
            host: Some("v1.test".to_owned()),
            ..Report::default()
        };
        let found = certified_in(&report);
        assert_eq!(found.name.as_deref(), Some("v1.test"));
        assert_eq!(found.by, Some(CertifiedBy::Organisation));
        report.faults.push(Fault {
            kind: FaultKind::Configuration,
            path: String::new(),
            text: String::new(),
        });
        assert_eq!(certified_in(&report), Certified::default());
    }

    #[test]
    fn only_the_line_of_a_member_or_a_verifier_is_written() {
        let of = |host: &str, line: &str| joined(&[host.to_owned(), line.to_owned()]);
        for line in [
            "verifiers = [\"v1.test:7443\", \"v2.test:7443\"]",
            "listen = [\"[::]:7443\"]",
        ] {
            let expected = Joined {
                host: "web1.test".to_owned(),
                line: line.to_owned(),
            };
            assert_eq!(of("web1.test", line), Some(expected));
            assert_eq!(of("web1\u{1b}[2J", line), None);
        }
        for line in [
            "",
            "verifiers = []",
            "verifiers = [\"v1.test:7443\"]\nlimits = {}",
            "verifiers = [\"v1.test:7443\", ca = \"x:1\"]",
            "verifiers = [\"v1.test\"]",
            "listen = [\"v1.test:7443\"]",
            "[etcd]",
        ] {
            assert_eq!(of("web1.test", line), None, "{line}");
        }
    }
}
