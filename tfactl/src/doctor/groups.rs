//! What is known of groups: whether they exist, and what keeps them.

use std::os::unix::net::UnixStream;

use tfa_doctor::{GroupCacheFacts, NSCD_FILE};

use super::missed::Missed;
use super::output::{failure, output};

pub(super) const SWITCH: &str = "/etc/nsswitch.conf";
/// Where nscd listens.
const NSCD_SOCKET: &str = "/var/run/nscd/socket";
const SSSD: [&str; 2] = ["/etc/sssd/sssd.conf", "/etc/sssd/conf.d/*.conf"];

/// Whether this host knows a group, or why that is not known.
pub(super) fn is_known(group: &str) -> Result<bool, String> {
    // The exit status of a key that was not found.
    const NOT_FOUND: i32 = 2;
    const PROGRAM: &str = "getent";
    let output = output(PROGRAM, &["--", "group", group])?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(NOT_FOUND) => Ok(false),
        _ => Err(failure(PROGRAM, &output)),
    }
}

/// The caches of groups. The daemon knows whether rules name groups.
pub(super) fn caches(missed: &Missed) -> GroupCacheFacts {
    let switch = missed.text(SWITCH).unwrap_or_default();
    let has_nscd = UnixStream::connect(NSCD_SOCKET).is_ok();
    let sssd = missed.texts(&SSSD).into_iter();
    GroupCacheFacts {
        rules_name_groups: false,
        sources: sources(&switch, "group"),
        nscd: has_nscd.then(|| missed.text(NSCD_FILE)).flatten(),
        sssd: sssd
            .map(|(path, text)| (path, without_secrets(&text)))
            .collect(),
    }
}

/// The sources of a database in the text of nsswitch.conf(5), without what is done with their answers:
/// `[NOTFOUND=return]`.
pub(super) fn sources(switch: &str, database: &str) -> Vec<String> {
    let mut lines = switch
        .lines()
        .filter_map(|line| line.trim().strip_prefix(database)?.strip_prefix(':'));
    let words = lines.next().unwrap_or("files").split_whitespace();
    let words = words.take_while(|word| !word.starts_with('#'));
    words
        .filter(|word| !word.starts_with('[') && !word.ends_with(']'))
        .map(str::to_owned)
        .collect()
}

/// The heads of sections and the times, each on its line. The file has passwords, too.
fn without_secrets(text: &str) -> String {
    let is_kept = |line: &str| {
        let line = line.trim();
        line.starts_with('[') || line.starts_with("entry_cache_")
    };
    let lines = text
        .lines()
        .map(|line| if is_kept(line) { line } else { "" });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_words_without_actions() {
        let text = "passwd: files ldap\n group: files [SUCCESS=merge] sss # ldap\ngroup: nis\n";
        assert_eq!(sources(text, "group"), ["files", "sss"]);
        assert_eq!(sources("", "group"), ["files"]);
    }

    #[test]
    fn passwords_of_sssd_are_left_out_and_lines_keep_their_numbers() {
        let text = "[domain/x]\nldap_default_authtok = secret\n entry_cache_timeout = 9\n";
        assert_eq!(
            without_secrets(text),
            "[domain/x]\n\n entry_cache_timeout = 9"
        );
    }
}
