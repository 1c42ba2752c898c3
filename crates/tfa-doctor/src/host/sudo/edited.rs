//! Files that sudoedit(8) changes: with some of them, a user becomes root.

/// The program that a rule names without a path.
const SUDOEDIT: &str = "sudoedit";
/// Files and folders that decide who becomes root. Most files in /etc do: services, tasks, hooks and mounts of root, and
/// the sources of users and passwords.
const DECIDING: &[&str] = &[
    "/bin/",
    "/boot/",
    "/etc/",
    "/lib/",
    "/opt/",
    "/root/",
    "/run/",
    "/sbin/",
    "/usr/",
    "/var/lib/tfa/",
    "/var/spool/cron/",
];
/// Files in /etc that decide nothing.
const HARMLESS: [&str; 7] = [
    "/etc/hostname",
    "/etc/hosts",
    "/etc/issue",
    "/etc/issue.net",
    "/etc/localtime",
    "/etc/motd",
    "/etc/timezone",
];

/// Whether a rule lets a user change a file that decides: by its name, by a pattern or folder that has one, or any file.
pub(super) fn is_open(command: &str) -> bool {
    let mut words = command.split_ascii_whitespace();
    if words.next() != Some(SUDOEDIT) {
        return false;
    }
    let mut files = words.peekable();
    files.peek().is_none() || files.any(decides)
}

fn decides(file: &str) -> bool {
    if HARMLESS.contains(&file) {
        return false;
    }
    let is_pattern = |c: char| "*?[^".contains(c);
    let (fixed, has_more) = match file.find(is_pattern) {
        Some(end) => (file.get(..end).unwrap_or_default(), true),
        None => (file, file.ends_with('/')),
    };
    let is_below =
        |known: &&str| fixed.starts_with(*known) || (has_more && known.starts_with(fixed));
    DECIDING.iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_a_file_that_decides_nothing_is_no_way_to_root() {
        for (command, expected) in [
            ("sudoedit", true),
            ("sudoedit /etc/*", true),
            ("sudoedit /etc/pam.d/*", true),
            ("sudoedit /etc/pam.d/sshd", true),
            ("sudoedit /etc/motd /etc/shadow", true),
            ("sudoedit /e*c/x", true),
            ("sudoedit /etc/", true),
            ("sudoedit ^/etc/.*$", true),
            ("sudoedit /etc/logrotate.d/app", true),
            ("sudoedit /etc/motd*", true),
            ("sudoedit /etc/motd", false),
            ("sudoedit /srv/www/*", false),
            ("/usr/bin/sudoedit2", false),
            ("", false),
        ] {
            assert_eq!(is_open(command), expected, "{command}");
        }
    }
}
