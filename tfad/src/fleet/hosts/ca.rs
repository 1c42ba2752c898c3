//! The program that has the cryptography of certificates. It is started for one request, and gets the key
//! of the authority on a pipe.

use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tfa_fleet_wire::{CA_PROGRAM, CaReply, CaRequest, frame, read_ca_frame};

use crate::host::child::ChildProcess;
use crate::host::timed_reader::TimedReader;
use crate::messages;
use crate::semaphore::Semaphore;

/// How long one request may take, and how long it may wait for others.
const TIME: Duration = Duration::from_secs(3);

/// How many requests are under way at once. Each is some milliseconds of one processor.
static PROCESSES: Semaphore = Semaphore::new(2);

/// Signs certificates. It blocks.
pub trait CertificateAuthority: Send + Sync {
    /// Does one thing.
    ///
    /// # Errors
    /// Why it could not be asked, for the administrator.
    fn call(&self, request: &CaRequest) -> Result<CaReply, String>;
}

/// The program that signs certificates.
#[derive(Debug, Clone)]
pub struct CaProgram(PathBuf);

impl CaProgram {
    /// The program at that path.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn exchange(&self, request: &CaRequest, deadline: Instant) -> io::Result<CaReply> {
        let mut command = Command::new(&self.0);
        // Nothing of a request is in the arguments or the environment.
        command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let _process = ChildProcess::new(child);
        let broken = || io::Error::from(ErrorKind::BrokenPipe);
        let (mut input, output) = (input.ok_or_else(broken)?, output.ok_or_else(broken)?);
        // A pipe takes the whole request without a wait: it is shorter than a page or two.
        input.write_all(&frame::encode(request).map_err(io::Error::other)?)?;
        drop(input);
        read_ca_frame(&mut TimedReader::new(output, deadline))
    }
}

impl Default for CaProgram {
    fn default() -> Self {
        Self::new(PathBuf::from(CA_PROGRAM))
    }
}

impl CertificateAuthority for CaProgram {
    fn call(&self, request: &CaRequest) -> Result<CaReply, String> {
        let permit = PROCESSES.acquire_within(TIME);
        let _permit = permit.ok_or_else(|| messages::CA_BUSY.to_owned())?;
        let replied = self.exchange(request, Instant::now() + TIME);
        replied.map_err(|error| messages::ca_failed(&self.0, &error))
    }
}
