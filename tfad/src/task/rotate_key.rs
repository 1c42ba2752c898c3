//! Asks the daemon to rotate the sealing key, and follows its report.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tfa_proto::LOGIN_SOCKET;
use tfa_store::{StateDir, ask_for_rotation};
use tfa_text::task::TaskLine;

use super::report::Report;
use super::service::Service;
use crate::rotation::REPORT;

/// How often the report is read.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long the daemon may report nothing new: it may have to start again, and wait for a full disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for a rotation. Returns whether it came to its end.
pub(super) fn run(state_dir: &StateDir, report: &mut Report) -> bool {
    let path = Path::new(LOGIN_SOCKET).with_file_name(REPORT);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            report.refuse("refused", &format!("{}: {error}", path.display()));
            return false;
        }
        _ => {}
    }
    if let Err(error) = ask_for_rotation(state_dir) {
        report.refuse("refused", &error.to_string());
        return false;
    }
    if let Err(why) = Service::wake() {
        report.refuse("asked", &format!("the daemon cannot be told: {why}"));
        return false;
    }
    let (mut last, mut since) = (None, Instant::now());
    loop {
        // A file that is not there yet, or no more because the daemon starts again, says nothing.
        let line = fs::read_to_string(&path).ok();
        if line.is_some() && line != last {
            match line.as_deref().map(str::trim_end).and_then(TaskLine::parse) {
                Some(TaskLine::Progress { done, total }) => {
                    report.progress(done, total);
                }
                Some(TaskLine::Result { value, .. }) => {
                    let (key, records) = value.split_once(' ').unwrap_or_default();
                    report.result("key", key);
                    report.result("records", records);
                    return true;
                }
                Some(TaskLine::Refused { text, .. }) => {
                    report.refuse("refused", &text);
                    return false;
                }
                None => {}
            }
            (last, since) = (line, Instant::now());
        } else if since.elapsed() > PATIENCE {
            report.refuse("asked", "the daemon reports nothing");
            return false;
        }
        if report.is_cancelled() {
            report.refuse("continues", "the daemon continues the rotation");
            return false;
        }
        sleep(INTERVAL);
    }
}
