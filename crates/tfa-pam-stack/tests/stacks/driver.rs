//! The libpam of this host, through a small C program.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tfa_pam_stack::Release;

/// The program, and a folder for the files of services.
pub(crate) struct Driver {
    pub(crate) folder: PathBuf,
    pub(crate) release: Release,
}

impl Driver {
    /// Builds the program.
    pub(crate) fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = parent.join(format!("tfa-pam-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/driver.c");
        let mut compiler = Command::new("cc");
        compiler
            .arg("-o")
            .arg(folder.join("driver"))
            .arg(source)
            .arg("-lpam");
        assert!(compiler.status().unwrap().success());
        let release = Release::V1_5;
        let mut driver = Self { folder, release };
        driver.release = driver.find_release();
        driver
    }

    /// A blank line between the parts of a line tells the releases apart.
    fn find_release(&self) -> Release {
        let text = "auth required pam_debug.so \\\n\n auth=cred_err\n";
        fs::create_dir_all(self.folder.join("release")).unwrap();
        fs::write(self.folder.join("release/service"), text).unwrap();
        match self.run(&["release"])[0].split(" | ").nth(1).unwrap() {
            "auth=cred_err 17" => Release::V1_5,
            "6" | "0" => Release::V1_7,
            other => panic!("an unknown libpam: {other}"),
        }
    }

    /// Runs the service `service` of each of these subfolders.
    pub(crate) fn run(&self, cases: &[&str]) -> Vec<String> {
        let cases: Vec<_> = cases
            .iter()
            .map(|case| (*case, "service", own_uid()))
            .collect();
        self.run_as(&cases)
    }

    /// Runs services of these subfolders, in a program with this real uid.
    pub(crate) fn run_as(&self, cases: &[(&str, &str, u32)]) -> Vec<String> {
        let mut program = Command::new(self.folder.join("driver"));
        let program = program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = program.spawn().unwrap();
        let mut input = program.stdin.take().unwrap();
        let lines: String = cases
            .iter()
            .map(|(case, service, uid)| {
                let folder = self.folder.join(case);
                format!("{} {service} {uid}\n", folder.display())
            })
            .collect();
        let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
        let output = program.wait_with_output().unwrap();
        let written = writer.join().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let ended = cases.get(lines.len());
        assert!(
            output.status.success() && written.is_ok(),
            "{:?} at {ended:?}",
            output.status
        );
        assert_eq!(lines.len(), cases.len());
        lines
    }
}

/// The uid of this process.
pub(crate) fn own_uid() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
