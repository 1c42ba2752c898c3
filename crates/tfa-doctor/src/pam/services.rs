//! What is known of PAM services by their names.

/// Services that let no user in: jobs, greeters of display managers, user managers, and programs that a
/// user or root runs inside a session.
const NO_LOGINS: [&str; 20] = [
    "atd",
    "chage",
    "chfn",
    "chpasswd",
    "chsh",
    "cron",
    "crond",
    "gdm-launch-environment",
    "groupmems",
    "greetd-greeter",
    "lightdm-greeter",
    "newusers",
    "passwd",
    "runuser",
    "runuser-l",
    "sddm-greeter",
    "sssd-shadowutils",
    "systemd-user",
    "useradd",
    "userdel",
];

/// Programs that send the password as the answer to every question: servers that have it from a protocol without
/// questions, and lockers.
const CANNOT_ASK: [&str; 42] = [
    "apache2",
    "courier",
    "cups",
    "cyrus",
    "dovecot",
    "ejabberd",
    "esmtp",
    "exim",
    "exim4",
    "ftp",
    "httpd",
    "i3lock",
    "imap",
    "lighttpd",
    "lmtp",
    "netatalk",
    "nginx",
    "openvpn",
    "pop",
    "pop3",
    "postgresql",
    "ppp",
    "proftpd",
    "prosody",
    "pure-ftpd",
    "pwauth",
    "radiusd",
    "rstudio",
    "samba",
    "saslauthd",
    "sieve",
    "smtp",
    "smtpd",
    "squid",
    "swaylock",
    "tigervnc",
    "vnc",
    "vsftpd",
    "webmail",
    "xlock",
    "xmpp",
    "xrdp-sesman",
];

/// Of these, programs that let a user into the host, to a desktop, a shell or its network.
const OPEN_SESSIONS: [&str; 5] = ["ppp", "rstudio", "tigervnc", "vnc", "xrdp-sesman"];

/// Services of display managers that let a user in by another method than the password. The account phase
/// refuses them where a second factor is required and the policy guards them.
const OWN_METHOD: [&str; 6] = [
    "gdm-autologin",
    "gdm-fingerprint",
    "gdm-smartcard",
    "lightdm-autologin",
    "nodm",
    "sddm-autologin",
];

/// Other services that programs use by these names, even if another file includes theirs.
const KNOWN: [&str; 47] = [
    "cinnamon-screensaver",
    "cockpit",
    "doas",
    "dropbear",
    "gdm",
    "gdm-password",
    "gdm3",
    "gnome-screensaver",
    "greetd",
    "gtklock",
    "hyprlock",
    "kcheckpass",
    "kde",
    "kdm",
    "kscreensaver",
    "lemurs",
    "light-locker",
    "lightdm",
    "login",
    "lxdm",
    "ly",
    "mate-screensaver",
    "mosh",
    "other",
    "physlock",
    "pkexec",
    "polkit-1",
    "remote",
    "rexec",
    "rlogin",
    "rsh",
    "schroot",
    "screen",
    "sddm",
    "slim",
    "sshd",
    "su",
    "su-l",
    "sudo",
    "sudo-i",
    "telnet",
    "vlock",
    "waylock",
    "wdm",
    "xdm",
    "xfce4-screensaver",
    "xscreensaver",
];

/// Programs of a service whose file comes with another package than they do: samba-common has that of samba.
const PROGRAMS: [(&str, &[&str]); 1] = [("samba", &["smbd", "samba"])];

/// Services of the same program: users expect both to ask, or neither.
const TWINS: [(&str, &str); 2] = [("su-l", "su"), ("sudo-i", "sudo")];

pub(super) fn lets_users_in(service: &str) -> bool {
    !NO_LOGINS.contains(&service)
}

/// Whether a program is known that uses a service by its name.
pub(super) fn is_known(service: &str) -> bool {
    KNOWN.contains(&service)
        || !lets_users_in(service)
        || cannot_ask(service)
        || has_own_method(service)
}

/// The services that each have a file without their programs on some hosts, with the names of the programs, of which
/// one is enough.
pub fn programs() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    PROGRAMS.into_iter()
}

pub(super) fn cannot_ask(service: &str) -> bool {
    CANNOT_ASK.contains(&service)
}

/// Whether the program cannot ask, and lets no user into the host: there the password may be enough.
pub(super) fn may_take_password(service: &str) -> bool {
    cannot_ask(service) && !OPEN_SESSIONS.contains(&service)
}

/// Also for the variants that Debian's alternatives link (`gdm-smartcard-sssd-or-password`).
pub(super) fn has_own_method(service: &str) -> bool {
    OWN_METHOD.iter().any(|name| {
        let rest = service.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// The other service of the same program.
pub(super) fn twin(service: &str) -> Option<&'static str> {
    TWINS.iter().find_map(|(first, second)| {
        if service == *first {
            Some(*second)
        } else {
            (service == *second).then_some(*first)
        }
    })
}
