//! Commands of sudoers(5) that run every command.

use crate::sshd::matching::pattern;

/// Where programs are.
const FOLDERS: [&str; 6] = [
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];

/// Programs that run every command, by their file names without a version: shells, interpreters, and programs
/// whose arguments or input are a command.
const PROGRAMS: [&str; 84] = [
    "ash",
    "at",
    "awk",
    "bash",
    "batch",
    "busybox",
    "capsh",
    "chroot",
    "chrt",
    "crontab",
    "csh",
    "dash",
    "doas",
    "elvish",
    "env",
    "expect",
    "find",
    "fish",
    "flock",
    "gawk",
    "gdb",
    "gmake",
    "ionice",
    "ksh",
    "ld-linux-aarch64.so",
    "ld-linux-armhf.so",
    "ld-linux-x86-64.so",
    "ld-linux.so",
    "ld.so",
    "lksh",
    "ltrace",
    "lua",
    "make",
    "mawk",
    "mksh",
    "nawk",
    "nice",
    "node",
    "nohup",
    "nsenter",
    "nu",
    "original-awk",
    "parallel",
    "perl",
    "php",
    "pkexec",
    "posh",
    "prlimit",
    "pwsh",
    "python",
    "rbash",
    "rc",
    "rksh",
    "ruby",
    "run-parts",
    "runuser",
    "rzsh",
    "screen",
    "script",
    "setarch",
    "setpriv",
    "setsid",
    "sh",
    "socat",
    "ssh",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "systemd-nspawn",
    "systemd-run",
    "taskset",
    "tclsh",
    "tcsh",
    "time",
    "timeout",
    "tmux",
    "unshare",
    "valgrind",
    "watch",
    "xargs",
    "yash",
    "zsh",
];

/// Whether a command is a regular expression, which sudo knows since release 1.9.10.
pub(super) fn is_expression(command: &str) -> bool {
    program(command).starts_with('^')
}

/// Whether a command is one of the programs, a pattern that matches one, or a folder that has them.
pub(in crate::host) fn runs_all(command: &str) -> bool {
    let program = program(command);
    let file = program.rsplit('/').next().unwrap_or_default();
    if let Some(folder) = program.strip_suffix('/') {
        return FOLDERS.iter().any(|known| matches(folder, known));
    }
    if file.contains(['*', '?', '[', '\\']) || program.contains(['*', '?', '[']) {
        let in_folder = |folder: &str| {
            let mut paths = PROGRAMS.iter().map(|file| format!("{folder}/{file}"));
            paths.any(|path| matches(program, &path))
        };
        return FOLDERS.iter().any(|folder| in_folder(folder));
    }
    let is_version = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    PROGRAMS.contains(&file) || PROGRAMS.contains(&file.trim_end_matches(is_version))
}

/// The command without its arguments.
fn program(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

/// Whether a pattern of fnmatch(3) matches a path, part by part. A list of characters counts as any character.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = without_lists(pattern);
    let (patterns, parts) = (pattern.split('/'), path.split('/'));
    let mut pairs = patterns.clone().zip(parts.clone());
    patterns.count() == parts.count() && pairs.all(|(one, part)| pattern::matches(one, part))
}

/// A pattern with a question mark for each list of characters and each escaped character.
fn without_lists(pattern: &str) -> String {
    let mut simple = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['[', '\\']) {
        let (before, list) = rest.split_at(at);
        simple.push_str(before);
        simple.push('?');
        let after = match list.strip_prefix('\\') {
            Some(escaped) => escaped.char_indices().nth(1).map(|(end, _)| end + 1),
            // The first character of a list may be the bracket itself.
            None => list
                .get(2..)
                .and_then(|list| list.find(']'))
                .map(|end| end + 3),
        };
        rest = after.and_then(|end| list.get(end..)).unwrap_or_default();
    }
    simple + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_run_every_command_are_known() {
        for (command, is_open) in [
            ("/bin/bash -l", true),
            ("/usr/bin/su", true),
            ("/opt/tools/zsh-5.9", true),
            ("/usr/bin/python3.11", true),
            ("/usr/bin/csh", true),
            ("/usr/bin/awk", true),
            ("/usr/bin/gawk", true),
            ("/usr/bin/mawk", true),
            ("/usr/bin/tclsh8.6", true),
            ("/lib64/ld-linux-x86-64.so.2", true),
            ("/usr/bin/make", true),
            ("/usr/bin/ssh", true),
            ("/sbin/start-stop-daemon", true),
            ("/usr/bin/rbash", true),
            ("/usr/bin/", true),
            ("/usr/*/", true),
            ("/usr/bin/*", true),
            ("/bin/ba*", true),
            ("/bin/[b]ash", true),
            ("/bin/[]b]ash", true),
            ("/bin/[!x]ash *", true),
            ("/bin/ba\\sh", true),
            ("/bin/[a", false),
            ("/usr/*", false),
            ("/opt/app/", false),
            ("/opt/app/*", false),
            ("/usr/bin/apt*", false),
            ("/bin/ls", false),
            ("/usr/bin/rsync", false),
            ("sudoedit /etc/*", false),
            ("", false),
        ] {
            assert_eq!(runs_all(command), is_open, "{command}");
        }
        assert!(is_expression("^/.*$") && is_expression("^/bin/ba.*$ ^-c$"));
        assert!(!is_expression("/bin/ls ^-l$"));
    }
}
