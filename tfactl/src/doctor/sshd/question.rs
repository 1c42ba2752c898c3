//! What is in force for a connection, as sshd itself prints it.

use super::super::output::output;

/// What sshd says without the folder that its unit creates at the start.
const NO_FOLDER: &str = "Missing privilege separation directory: ";
/// Starts sshd where the folder exists: in a mount namespace of its own, in which /run is a new file system with
/// links to what the old one has. Its arguments are the folder, and the command.
const WITH_FOLDER: &str = "mount --rbind /run /mnt && mount -t tmpfs -o mode=0755 tmpfs /run && \
                           ln -s /mnt/* /run/ && mkdir -m 0755 \"$0\" && exec \"$@\"";
/// How many lines of sshd's errors are shown.
const MAX_ERRORS: usize = 3;

/// Why sshd did not print its settings.
pub(super) enum Problem {
    /// It refuses its configuration.
    Refuses(String),
    /// It did not come so far.
    Fails(String),
}

/// A program with options, which can be asked.
pub(super) struct Sshd {
    program: String,
    options: Vec<String>,
    /// The folder that sshd misses.
    missing: Option<String>,
}

impl Sshd {
    pub(super) fn new(program: String, options: Vec<String>) -> Self {
        let missing = None;
        Self {
            program,
            options,
            missing,
        }
    }

    /// What is in force for a connection.
    pub(super) fn settings(&mut self, connection: &str) -> Result<String, Problem> {
        let result = self.ask(connection);
        let Err(Problem::Refuses(why)) = &result else {
            return result;
        };
        let Some((_, folder)) = why.split_once(NO_FOLDER) else {
            return result;
        };
        let why = why.clone();
        if self.missing.is_some() || !folder.starts_with("/run/") {
            return Err(Problem::Fails(why));
        }
        self.missing = Some(folder.to_owned());
        // What prevents the second try is of no help.
        self.ask(connection).map_err(|_| Problem::Fails(why))
    }

    fn ask(&self, connection: &str) -> Result<String, Problem> {
        let mut arguments = vec!["-T", "-C", connection];
        arguments.extend(self.options.iter().map(String::as_str));
        let output = match &self.missing {
            None => output(&self.program, &arguments),
            Some(folder) => {
                let program = self.program.as_str();
                let start = [
                    "--mount",
                    "--",
                    "/bin/sh",
                    "-c",
                    WITH_FOLDER,
                    folder,
                    program,
                ];
                output("/usr/bin/unshare", &[&start, &arguments[..]].concat())
            }
        };
        let output = output.map_err(Problem::Fails)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines = errors.lines().map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty())
            .take(MAX_ERRORS)
            .collect();
        Err(Problem::Refuses(lines.join("; ")))
    }
}
