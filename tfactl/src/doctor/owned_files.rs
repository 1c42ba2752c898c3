//! Who may write the files that decide about logins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tfa_doctor::{OwnedFile, Reached};

use super::missed::Missed;

/// The files and folders that decide about logins. A star stands for each entry of a folder. The folders
/// above each of them are looked at, too.
const FILES: [&str; 64] = [
    "/etc/tfa",
    "/etc/tfa/tfad.toml",
    "/etc/tfa/tfad.toml.d",
    "/etc/tfa/tfad.toml.d/*",
    "/var/lib/tfa",
    "/var/lib/tfa/*",
    "/run/tfa",
    "/run/tfa/*",
    "/etc/pam.conf",
    "/etc/pam.d",
    "/etc/pam.d/*",
    "/usr/lib/pam.d/*",
    "/usr/sbin/tfad",
    "/usr/bin/tfactl",
    "/usr/bin/tfa-enroll",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d",
    "/etc/ssh/sshd_config.d/*",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/sudoers.d/*",
    "/etc/doas.conf",
    "/etc/sudo.conf",
    "/etc/security",
    "/etc/security/*",
    "/etc/login.defs",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/default/ssh",
    "/etc/nsswitch.conf",
    "/etc/shadow",
    "/{etc,run,usr/lib}/systemd/system/*ssh*.service",
    "/{etc,run,usr/lib}/systemd/system/*ssh*.socket",
    "/{etc,run,usr/lib}/systemd/system/ssh*.service.d",
    "/{etc,run,usr/lib}/systemd/system/ssh*.service.d/*",
    "/usr/lib/*/security/*",
    "/usr/lib*/security/*",
    "/usr/sbin/sshd",
    "/usr/bin/sudo",
    "/usr/bin/su",
    "/etc/passwd",
    "/etc/group",
    "/{etc,run,usr/lib}/credstore*/tfad.key",
    "/etc/dbus-1/system.d",
    "/etc/dbus-1/system.d/*",
    "/usr/share/dbus-1/system.d/org.tfad.Tfa1.conf",
    "/usr/share/dbus-1/system-services/org.tfad.Tfa1.service",
    "/{etc,run,usr/lib}/systemd/system/tfad.service",
    "/{etc,run,usr/lib}/systemd/system/tfad.service.d",
    "/{etc,run,usr/lib}/systemd/system/tfad.service.d/*",
    "/usr/bin/login",
    "/usr/bin/pkexec",
    "/usr/lib/*/libpam*.so*",
    "/usr/lib*/libpam*.so*",
    "/usr/lib*/polkit-1/polkit-agent-helper-1",
    "/usr/libexec/polkit-agent-helper-1",
    "/usr/share/polkit-1/actions",
    "/usr/share/polkit-1/actions/*",
    "/usr/share/pam-configs/tfa",
    "/usr/sbin/tfa-fleet",
    "/{etc,run,usr/lib}/systemd/system/tfa-fleet.service",
    "/{etc,run,usr/lib}/systemd/system/tfa-fleet.service.d",
    "/{etc,run,usr/lib}/systemd/system/tfa-fleet.service.d/*",
];
/// The files that only root may read. Encrypted credentials are no secrets.
const SECRETS: [&str; 5] = [
    "/var/lib/tfa",
    "/var/lib/tfa/key*",
    "/var/lib/tfa/accounts.db*",
    "/var/lib/tfa/recovery*",
    "/{etc,run,usr/lib}/credstore/tfad.key",
];
const BRACES: &str = "{etc,run,usr/lib}";
/// In a folder with this bit, only the owner of a file can rename or remove it.
const STICKY: u32 = 0o1000;

/// Each regular file, each folder, and the folders above, by their paths without links. `named` are files that
/// others name.
pub(super) fn collect(named: &BTreeSet<String>, missed: &Missed) -> Vec<OwnedFile> {
    let fixed = FILES.iter().flat_map(|pattern| matching(pattern, missed));
    let (links, files): (Vec<PathBuf>, Vec<PathBuf>) = fixed.partition(|path| path.is_symlink());
    let mut found = BTreeMap::new();
    for path in files {
        add(&mut found, &path, &Reached::Place, missed);
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    for path in links {
        add(&mut found, &path, &Reached::Link(text(&path)), missed);
    }
    for path in named {
        add(
            &mut found,
            Path::new(path),
            &Reached::Name(path.clone()),
            missed,
        );
    }
    found.into_values().collect()
}

/// Files at these paths, with the folders above them. One that is not there has none.
pub(super) fn with_folders<'a>(
    paths: impl Iterator<Item = &'a Path>,
    missed: &Missed,
) -> Vec<OwnedFile> {
    let mut found = BTreeMap::new();
    for path in paths {
        add(&mut found, path, &Reached::Place, missed);
    }
    found.into_values().collect()
}

/// Adds a file and the folders above it, which may have been reached before.
fn add(found: &mut BTreeMap<PathBuf, OwnedFile>, path: &Path, reached: &Reached, missed: &Missed) {
    // The target of a link may be gone. Who can write the folder can create what another file names.
    let mut existing = path.ancestors().take(match reached {
        Reached::Name(_) => usize::MAX,
        _ => 1,
    });
    let found_at = existing.find_map(|path| missed.existing(path, fs::canonicalize(path)));
    let Some(path) = found_at else {
        return;
    };
    let Some(own) = metadata(&path, missed) else {
        return;
    };
    let owned = |path: &Path, metadata: &Metadata| OwnedFile {
        reached: reached.clone(),
        ..owned(path, metadata)
    };
    found
        .entry(path.clone())
        .or_insert_with(|| owned(&path, &own));
    for folder in path.ancestors().skip(1) {
        if let Some(metadata) = metadata_of_folder_above(folder, missed) {
            found
                .entry(folder.to_owned())
                .or_insert_with(|| owned(folder, &metadata));
        }
    }
}

/// The files that only root may read, and their folder. A link is no secret, and is not followed.
pub(super) fn secrets(missed: &Missed) -> Vec<OwnedFile> {
    let paths = SECRETS.iter().flat_map(|pattern| matching(pattern, missed));
    let found = paths.filter_map(|path| {
        let metadata = missed.existing(&path, fs::symlink_metadata(&path))?;
        Some(owned(&path, &metadata))
    });
    found.collect()
}

fn owned(path: &Path, metadata: &Metadata) -> OwnedFile {
    OwnedFile {
        path: path.to_string_lossy().into_owned(),
        uid: metadata.uid(),
        mode: metadata.mode(),
        reached: Reached::default(),
    }
}

fn matching(pattern: &str, missed: &Missed) -> Vec<PathBuf> {
    let patterns = match pattern.split_once(BRACES) {
        Some((_, rest)) => ["/etc", "/run", "/usr/lib"]
            .map(|folder| format!("{folder}{rest}"))
            .to_vec(),
        None => vec![pattern.to_owned()],
    };
    let found = patterns.iter().flat_map(|pattern| missed.paths(pattern));
    found.collect()
}

/// `None` for sockets, which are examined by themselves, and devices: a masked unit is `/dev/null`.
fn metadata(path: &Path, missed: &Missed) -> Option<Metadata> {
    let metadata = missed.existing(path, fs::metadata(path))?;
    (metadata.is_file() || metadata.is_dir()).then_some(metadata)
}

fn metadata_of_folder_above(folder: &Path, missed: &Missed) -> Option<Metadata> {
    let metadata = metadata(folder, missed)?;
    let is_sticky = metadata.uid() == 0 && metadata.mode() & STICKY != 0;
    (!is_sticky).then_some(metadata)
}
