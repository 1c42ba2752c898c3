//! Commands of sudoers(5) that run every command.

use super::edited;
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

/// Programs that run every command, by their file names without a version. The lists follow the section "sudo" of
/// <https://gtfobins.github.io>, without what is rare on servers.
///
/// Shells and interpreters: an argument that is no option is their script, and the only thing that they run.
const INTERPRETERS: &[&str] = &[
    "ash",
    "awk",
    "bash",
    "busybox",
    "csh",
    "dash",
    "elvish",
    "expect",
    "fish",
    "gawk",
    "ghci",
    "ipython",
    "irb",
    "jjs",
    "jrunscript",
    "jshell",
    "julia",
    "ksh",
    "ksshell",
    "ld-linux-aarch64.so",
    "ld-linux-armhf.so",
    "ld-linux-x86-64.so",
    "ld-linux.so",
    "ld.so",
    "lksh",
    "lua",
    "mawk",
    "mksh",
    "nawk",
    "node",
    "nu",
    "octave",
    "original-awk",
    "perl",
    "php",
    "posh",
    "pry",
    "pwsh",
    "python",
    "rake",
    "rbash",
    "rc",
    "rksh",
    "ruby",
    "rzsh",
    "sash",
    "sh",
    "slsh",
    "tclsh",
    "tcsh",
    "wish",
    "yash",
    "zsh",
];

/// Programs that give a shell, or start one on a command of theirs, whatever their arguments are: editors, pagers, and
/// programs that become another user.
const WITH_SHELL: &[&str] = &[
    "aptitude",
    "at",
    "batch",
    "bconsole",
    "bpftrace",
    "byebug",
    "capsh",
    "chroot",
    "crontab",
    "dc",
    "doas",
    "ed",
    "editor",
    "emacs",
    "ex",
    "facter",
    "ftp",
    "gdb",
    "hping3",
    "iftop",
    "info",
    "jed",
    "joe",
    "knife",
    "ksu",
    "less",
    "lynx",
    "mail",
    "mailx",
    "man",
    "mc",
    "mcedit",
    "micro",
    "more",
    "most",
    "msfconsole",
    "mutt",
    "mysql",
    "nano",
    "ncdu",
    "ncftp",
    "ne",
    "nsenter",
    "nvim",
    "pager",
    "pam-auth-update",
    "pdb",
    "pg",
    "pico",
    "pkexec",
    "psftp",
    "psql",
    "red",
    "run0",
    "runuser",
    "rview",
    "rvim",
    "scanmem",
    "screen",
    "script",
    "sensible-editor",
    "sensible-pager",
    "sftp",
    "sg",
    "smbclient",
    "socat",
    "sqlite",
    "su",
    "sudo",
    "systemd-nspawn",
    "tdbtool",
    "telnet",
    "tmux",
    "unshare",
    "vagrant",
    "vi",
    "view",
    "vigr",
    "vim",
    "vim.basic",
    "vim.gtk",
    "vim.nox",
    "vim.tiny",
    "vimdiff",
    "vipw",
    "visudo",
    "w3m",
];

/// Programs that run every command with the right arguments, or replace a file such as `/etc/shadow`. With arguments
/// that a rule fixes, they do one thing.
const WITH_ARGUMENTS: &[&str] = &[
    "aa-exec",
    "adduser",
    "agetty",
    "ansible",
    "ansible-playbook",
    "apache2ctl",
    "apachectl",
    "apt",
    "apt-get",
    "ar",
    "aria2c",
    "bundle",
    "bundler",
    "busctl",
    "bzip2",
    "c89",
    "c99",
    "cabal",
    "certbot",
    "chattr",
    "chmod",
    "choom",
    "chown",
    "chpasswd",
    "chrt",
    "cmake",
    "composer",
    "cp",
    "cpan",
    "cpio",
    "cpulimit",
    "crash",
    "csplit",
    "ctr",
    "cupsfilter",
    "curl",
    "dd",
    "debconf-set-selections",
    "debugfs",
    "dmsetup",
    "dnf",
    "dnsmasq",
    "docker",
    "docker-compose",
    "dotnet",
    "dpkg",
    "dpkg-reconfigure",
    "easy_install",
    "enscript",
    "env",
    "exiftool",
    "find",
    "flatpak",
    "flock",
    "g++",
    "gcc",
    "gem",
    "genie",
    "ghc",
    "git",
    "gmake",
    "gpasswd",
    "insmod",
    "install",
    "ionice",
    "ip",
    "kubectl",
    "latex",
    "latexmk",
    "ln",
    "logrotate",
    "logsave",
    "losetup",
    "ltrace",
    "lualatex",
    "lwp-download",
    "lxc",
    "machinectl",
    "make",
    "mkfs",
    "mknod",
    "modprobe",
    "mount",
    "msgfilter",
    "multitime",
    "mv",
    "nasm",
    "nc",
    "nerdctl",
    "nft",
    "nginx",
    "nice",
    "nmap",
    "nohup",
    "npm",
    "openssl",
    "openvpn",
    "openvt",
    "pacman",
    "parallel",
    "passwd",
    "patch",
    "pdflatex",
    "pdftex",
    "pexec",
    "pidstat",
    "pip",
    "pip3",
    "podman",
    "prlimit",
    "puppet",
    "restic",
    "rpm",
    "rsync",
    "run-parts",
    "salt-call",
    "scp",
    "sed",
    "service",
    "setarch",
    "setcap",
    "setfacl",
    "setpriv",
    "setsid",
    "shuf",
    "snap",
    "sort",
    "split",
    "ssh",
    "ssh-agent",
    "ssh-keygen",
    "sshfs",
    "sshpass",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "sysctl",
    "systemctl",
    "systemd-run",
    "systemd-tmpfiles",
    "tar",
    "taskset",
    "tcpdump",
    "tee",
    "tex",
    "tfa-fleet",
    "tfactl",
    "tfad",
    "tftp",
    "tic",
    "time",
    "timeout",
    "torify",
    "torsocks",
    "truncate",
    "udevadm",
    "unsquashfs",
    "unzip",
    "update-alternatives",
    "useradd",
    "usermod",
    "valgrind",
    "varnishncsa",
    "virsh",
    "watch",
    "wget",
    "xargs",
    "xdotool",
    "xelatex",
    "xetex",
    "xxd",
    "yarn",
    "yum",
    "zip",
    "zypper",
];

/// Of these programs, what they do with fixed arguments may run every command as well, as `edit` and `link` of
/// systemctl do, or take the second factor from the user, as `disable` of tfactl does. Unless it is one of the verbs, of one
/// word or two.
const WITH_VERB: [(&str, &[&str]); 2] = [("systemctl", &UNIT_VERBS), ("tfactl", &SHOWING_VERBS)];
const SHOWING_VERBS: [&str; 10] = [
    "doctor",
    "exemptions",
    "explain",
    "list",
    "log",
    "policy audit",
    "policy check",
    "policy impact",
    "policy show",
    "show",
];
const UNIT_VERBS: [&str; 18] = [
    "cat",
    "daemon-reload",
    "is-active",
    "is-enabled",
    "is-failed",
    "kill",
    "list-timers",
    "list-units",
    "poweroff",
    "reboot",
    "reload",
    "reload-or-restart",
    "reset-failed",
    "restart",
    "start",
    "status",
    "stop",
    "try-restart",
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
    if edited::is_open(command) {
        return true;
    }
    let arguments = Arguments::of(command, file);
    let open = open(arguments);
    if file.contains(['*', '?', '[', '\\']) || program.contains(['*', '?', '[']) {
        let in_folder = |folder: &str| {
            let mut paths = open.clone().map(|file| format!("{folder}/{file}"));
            paths.any(|path| matches(program, &path))
        };
        return FOLDERS.iter().any(|folder| in_folder(folder));
    }
    let is_version = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let unversioned = file.trim_end_matches(is_version);
    let mut open = open;
    open.any(|known| known == file || known == unversioned)
}

/// What a rule says of the arguments of a command.
#[derive(Debug, Clone, Copy)]
struct Arguments {
    /// The user chooses all, or some.
    are_free: bool,
    /// There is none but options.
    are_options: bool,
    /// The first ones that are no options do harm, if the program has verbs.
    has_harmful_verb: bool,
}

impl Arguments {
    /// Without arguments, a rule allows all of them; with `""`, none.
    fn of(command: &str, file: &str) -> Self {
        let all = command.split(' ').skip(1).filter(|word| *word != "\"\"");
        let has_pattern = |word: &str| word.contains(['*', '?', '[', '^']);
        let verbs = all.clone().filter(|word| !word.starts_with('-'));
        let is_verb = |verb: &&str| {
            let mut words = verbs.clone();
            verb.split(' ').all(|word| words.next() == Some(word))
        };
        Self {
            are_free: !command.contains(' ') || all.clone().any(has_pattern),
            are_options: all.clone().all(|word| word.starts_with('-')),
            has_harmful_verb: verbs.clone().next().is_some()
                && WITH_VERB
                    .iter()
                    .any(|(program, harmless)| *program == file && !harmless.iter().any(is_verb)),
        }
    }
}

/// The programs that run every command with such arguments.
fn open(arguments: Arguments) -> impl Iterator<Item = &'static str> + Clone {
    // A blank is matched by the patterns of sudo.
    let is_interactive = arguments.are_free || arguments.are_options;
    let lists = [
        (INTERPRETERS, is_interactive),
        (WITH_SHELL, true),
        (
            WITH_ARGUMENTS,
            arguments.are_free || arguments.has_harmful_verb,
        ),
    ];
    let open = lists.into_iter().filter(|(_, is_open)| *is_open);
    open.flat_map(|(list, _)| list.iter().copied())
}

/// The command without its arguments.
pub(super) fn program(command: &str) -> &str {
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
            ("/usr/bin/apt*", true),
            ("/usr/bin/vim", true),
            ("/usr/bin/vim /etc/motd", true),
            ("/usr/bin/less /var/log/syslog", true),
            ("/usr/bin/vim.basic \"\"", true),
            ("/bin/su - postgres", true),
            ("/bin/bash \"\"", true),
            ("/bin/bash /opt/deploy.sh", false),
            ("/bin/bash /opt/deploy.sh *", true),
            ("/usr/bin/python3 /opt/x.py", false),
            ("/usr/bin/systemctl", true),
            ("/usr/bin/systemctl *", true),
            ("/usr/bin/systemctl --no-pager *", true),
            ("/usr/bin/systemctl restart nginx", false),
            ("/usr/bin/systemctl --no-pager restart nginx", false),
            ("/usr/bin/systemctl \"\"", false),
            ("/usr/bin/systemctl restart nginx*", true),
            ("/usr/bin/systemctl enable *", true),
            ("/usr/bin/systemctl edit nginx", true),
            ("/usr/bin/systemctl link /home/bob/x.service", true),
            ("/usr/bin/apt-get", true),
            ("/usr/bin/apt-get update", false),
            ("/usr/bin/apt-get install *", true),
            ("/usr/bin/env LANG=C /opt/x", false),
            ("/usr/bin/rsync", true),
            ("/usr/bin/rsync -a /srv/ host:/srv/", false),
            ("/usr/bin/tee -a /etc/motd", false),
            ("/bin/ls", false),
            ("/bin/ls *", false),
            ("/usr/sbin/reboot", false),
            ("/usr/bin/journalctl", false),
            ("sudoedit /etc/*", true),
            ("sudoedit /etc/motd", false),
            ("/usr/sbin/service", true),
            ("/usr/sbin/service * restart", true),
            ("/usr/sbin/service nginx restart", false),
            ("/usr/bin/tfactl", true),
            ("/usr/bin/tfactl disable alice", true),
            ("/usr/bin/tfactl show *", true),
            ("/usr/bin/tfactl show alice", false),
            ("/usr/bin/tfactl policy", true),
            ("/usr/bin/tfactl policy check", false),
            (
                "/usr/bin/tfactl policy publish /home/bob/p.toml --yes",
                true,
            ),
            ("/usr/bin/tfactl policy unpublish --yes", true),
            ("/usr/bin/tfactl doctor --json", false),
            ("/usr/sbin/pam-auth-update", true),
            ("/usr/sbin/tfad", true),
            ("/usr/bin/busctl", true),
            ("/usr/bin/busctl list", false),
            ("/usr/bin/run0 id", true),
            ("/usr/sbin/nginx", true),
            ("/usr/sbin/nginx -t", false),
            ("/usr/bin/patch *", true),
            ("", false),
        ] {
            assert_eq!(runs_all(command), is_open, "{command}");
        }
        assert!(is_expression("^/.*$") && is_expression("^/bin/ba.*$ ^-c$"));
        assert!(!is_expression("/bin/ls ^-l$"));
    }
}
