//! What tfactl has this program do, as its user and before it serves: make the key of this host, keep its
//! certificate, or join a fleet. The input comes on the standard input, for it may hold a secret; the output is a
//! line for each value.

use std::fmt::{self, Write as _};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use data_encoding::HEXLOWER;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustls::pki_types::CertificateDer;
use tfa_fleet_core::JoinToken;
use tfa_fleet_wire::frame;
use zeroize::Zeroizing;

use crate::credentials::{BadKey, Folder, FolderError};
use crate::join::{Joined, join};
use crate::report::report;

/// Where the program keeps the key and the certificate of this host.
pub const STATE: &str = "/var/lib/tfa-fleet";

/// The configuration of the program.
pub const CONFIG: &str = "/etc/tfa/tfa-fleet.toml";

/// The longest input, in bytes: two certificates in hex.
const MAX_INPUT: u64 = 64 * 1024;

/// One of these things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Make a key, and print the request for its certificate: the point, the proof.
    Request,
    /// Keep the certificate of a verifier: its own, then that of the authority.
    Accept,
    /// Join a fleet with a token: print the name of the host, and the lines of its configuration.
    Join,
    /// Print what the program would start with, as a frame.
    Report,
}

impl Task {
    /// The task of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "--request-certificate" => Some(Self::Request),
            "--accept-certificate" => Some(Self::Accept),
            "--join" => Some(Self::Join),
            "--report" => Some(Self::Report),
            _ => None,
        }
    }

    /// Does it. The next argument, if there is one, is the folder, and the one behind it the configuration.
    pub fn run(self, mut arguments: impl Iterator<Item = String>) -> ExitCode {
        let mut path = |default| PathBuf::from(arguments.next().unwrap_or(String::from(default)));
        let (folder, config) = (path(STATE), path(CONFIG));
        match self.done(&Folder::new(folder), &config) {
            Ok(output) => {
                let written = io::stdout().write_all(&output);
                match written {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(_) => ExitCode::FAILURE,
                }
            }
            Err(why) => {
                let _ = writeln!(io::stderr(), "{}", crate::log::printable(&why));
                ExitCode::FAILURE
            }
        }
    }

    fn done(self, folder: &Folder, config: &Path) -> Result<Vec<u8>, Failure> {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        let lines = match self {
            Self::Request => request(folder),
            Self::Accept => accept(folder, &input()?),
            Self::Join => join_fleet(folder, &input()?),
            Self::Report => return Ok(frame::encode(&report(config, folder))?.to_vec()),
        };
        lines.map(String::into_bytes)
    }
}

/// Why it is not done.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn input() -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_INPUT as usize));
    io::stdin()
        .lock()
        .take(MAX_INPUT)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn request(folder: &Folder) -> Result<String, Failure> {
    let request = folder.new_key()?.request();
    let request = request.map_err(|BadKey| FolderError::NoKey)?;
    let (point, proof) = (
        HEXLOWER.encode(&request.point),
        HEXLOWER.encode(&request.proof),
    );
    Ok(format!("{point}\n{proof}\n"))
}

fn accept(folder: &Folder, input: &str) -> Result<String, Failure> {
    let mut lines = input.lines().map(|line| HEXLOWER.decode(line.as_bytes()));
    let (Some(Ok(certificate)), Some(Ok(authority))) = (lines.next(), lines.next()) else {
        return Err(Failure("the input is not two certificates".to_owned()));
    };
    let [certificate, authority] = [certificate, authority].map(CertificateDer::from);
    let host = folder.put_in_force(&folder.new_key()?, &certificate, &authority, true, None)?;
    Ok(format!("{host}\n"))
}

fn join_fleet(folder: &Folder, input: &str) -> Result<String, Failure> {
    let token = JoinToken::parse(input)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let joined = runtime.block_on(join(&token, folder))?;
    // Without waiting for a name that is still looked up.
    runtime.shutdown_background();
    let Joined {
        host,
        verifiers,
        port,
    } = joined;
    let mut output = format!("{host}\n");
    let _ = match port {
        Some(port) => writeln!(output, "listen = [\"[::]:{port}\"]"),
        None => {
            let verifiers = verifiers.iter().map(|verifier| format!("\"{verifier}\""));
            let verifiers: Vec<String> = verifiers.collect();
            writeln!(output, "verifiers = [{}]", verifiers.join(", "))
        }
    };
    Ok(output)
}
