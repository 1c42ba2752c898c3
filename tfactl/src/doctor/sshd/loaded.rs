//! Whether a process of sshd has read its files as they are now.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tfa_doctor::sshd::config::{ConfigLine, absolute};

use super::super::bounded;

/// A process of sshd that listens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) pid: u32,
    pub(super) started: SystemTime,
    /// The files that are read at the start only: those of the unit.
    pub(super) files: BTreeSet<String>,
}

impl Run {
    /// The files of the configuration that were changed after the process has read them. sshd writes the file with
    /// its pid whenever it has read them, also after a reload.
    pub(super) fn changed(
        &self,
        configuration: &BTreeSet<String>,
        pid_file: Option<&str>,
    ) -> BTreeSet<String> {
        let loaded = pid_file
            .and_then(|path| self.written(path))
            .unwrap_or(self.started);
        changed_after(loaded, configuration)
    }

    /// The files that were changed after the start, and that a reload does not read.
    pub(super) fn changed_since_start(&self) -> BTreeSet<String> {
        changed_after(self.started, &self.files)
    }

    /// When the process has written its pid into a file.
    fn written(&self, path: &str) -> Option<SystemTime> {
        let text = bounded::text(path).ok()??;
        let is_own = text.trim() == self.pid.to_string();
        is_own
            .then(|| fs::metadata(path).ok()?.modified().ok())
            .flatten()
    }
}

/// The files of a configuration, and the folders from which it includes files: one may have been removed.
pub(super) fn configuration(files: &BTreeSet<String>, lines: &[ConfigLine]) -> BTreeSet<String> {
    let includes = lines.iter().filter(|line| line.keyword == "include");
    let patterns = includes
        .flat_map(|line| &line.values)
        .map(|pattern| absolute(pattern));
    let folders = patterns.filter_map(|pattern| {
        let (folder, name) = pattern.rsplit_once('/')?;
        let is_plain = |text: &str| !text.contains(['*', '?', '[']);
        (is_plain(folder) && !is_plain(name)).then(|| folder.to_owned())
    });
    files.iter().cloned().chain(folders).collect()
}

fn changed_after(time: SystemTime, files: &BTreeSet<String>) -> BTreeSet<String> {
    let is_changed = |file: &&String| {
        let found = fs::metadata(Path::new(file));
        found.is_ok_and(|found| changed_at(&found) > time)
    };
    files.iter().filter(is_changed).cloned().collect()
}

/// The last change of a file, also of its owner or its name; of the names in a folder.
fn changed_at(metadata: &Metadata) -> SystemTime {
    let (seconds, nanos) = match metadata.is_dir() {
        true => (metadata.mtime(), metadata.mtime_nsec()),
        false => (metadata.ctime(), metadata.ctime_nsec()),
    };
    let of = |number: i64| u64::try_from(number).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(of(seconds)) + Duration::from_nanos(of(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_file_that_was_changed_or_removed_after_the_load_is_known() {
        let folder = std::env::temp_dir().join(format!("tfactl-loaded-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| format!("{}/{name}", folder.display());
        let modified = |name: &str| fs::metadata(path(name)).unwrap().modified().unwrap();
        fs::write(path("config"), "").unwrap();
        let at_config = modified("config");
        let run = |started| Run {
            pid: 12,
            started,
            files: set(&[&path("config")]),
        };
        let files = set(&[&path("config"), &path("absent")]);
        let changed = set(&[&path("config")]);
        let before = at_config - Duration::from_secs(5);
        assert_eq!(run(before).changed(&files, None), changed);
        assert_eq!(run(before).changed_since_start(), changed);
        assert_eq!(run(at_config).changed(&files, None), BTreeSet::new());
        // A reload, and the file of another process.
        for (pid, expected) in [("12\n", BTreeSet::new()), ("13\n", changed)] {
            fs::write(path("pid"), pid).unwrap();
            let after = SystemTime::now() + Duration::from_secs(60);
            fs::File::options()
                .write(true)
                .open(path("pid"))
                .unwrap()
                .set_modified(after)
                .unwrap();
            let found = run(before).changed(&files, Some(&path("pid")));
            assert_eq!(found, expected, "{pid}");
        }
        // A file was removed.
        let folders = set(&[&path("")]);
        assert_eq!(run(before).changed(&folders, None), folders);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn folders_of_included_files_belong_to_the_configuration() {
        let text = "Include conf.d/*.conf /srv/*/x.conf\nInclude /etc/one.conf\n";
        let read = |path: &str| (path == "/main").then(|| text.to_owned());
        let config = tfa_doctor::sshd::config::read("/main", &read, &|_| Some(Vec::new()));
        let found = configuration(&set(&["/main"]), &config.lines);
        assert_eq!(found, set(&["/etc/ssh/conf.d", "/main"]));
    }
}
