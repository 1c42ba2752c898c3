//! Accounts without a password, their keys for SSH, and what the policy says to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use tfa_client::{Failure, Terminal};
use tfa_doctor::sshd::SshdFacts;
use tfa_doctor::{KeyAccount, PolicyFacts, Refused};
use tfa_proto::{Impact, OpenEnum, PUBLICKEY_METHOD, Reason, SECURITY_KEY_METHOD};

use super::asked::{asks, told};
use super::bounded;
use super::missed::Missed;
use crate::args::Login;
use crate::daemon::Daemon;
use crate::messages;
use crate::policy::in_force;

const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const ROOT: &str = "root";
/// The endings of shells that let no user in.
const NO_SHELLS: [&str; 3] = ["/nologin", "/false", "/sync"];
/// How much of a file of keys is read, in bytes.
const MAX_KEYS: u64 = 1 << 20;
const SECONDS_A_DAY: u64 = 86_400;

/// The accounts of this host that log in by a key, if there is an sshd.
pub(super) async fn collect(
    daemon: &mut Daemon,
    terminal: &Terminal,
    sshd: &[SshdFacts],
    policy: &PolicyFacts,
    missed: &Missed,
) -> Result<Vec<KeyAccount>, Failure> {
    let first = sshd.iter().filter_map(|sshd| sshd.connections.first());
    let patterns: Vec<&str> = first
        .map(|(_, settings)| settings.value("authorizedkeysfile"))
        .collect();
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let patterns = patterns.join(" ");
    let local = missed.in_time(SHADOW, move |missed| local(&patterns, missed));
    let mut accounts = local.unwrap_or_default();
    let with_key = accounts.iter().filter(|account| account.has_key);
    let users: BTreeSet<String> = with_key.map(|account| account.name.clone()).collect();
    if users.is_empty() || !policy.requires || policy.audits {
        return Ok(accounts);
    }
    let mut answers = Vec::new();
    for method in [None, Some(PUBLICKEY_METHOD), Some(SECURITY_KEY_METHOD)] {
        let login = Login::over_ssh_by(method);
        let impacts = in_force(daemon, terminal, &users, &login).await;
        let Some(impacts) = told(impacts, messages::LOGINS, missed)? else {
            return Ok(accounts);
        };
        let impacts = impacts.into_iter();
        let impacts: BTreeMap<String, Impact> =
            impacts.map(|one| (one.user.clone(), one)).collect();
        answers.push(impacts);
    }
    for account in &mut accounts {
        let mut of_user = answers.iter().filter_map(|all| all.get(&account.name));
        let Some(by_password) = of_user.next() else {
            continue;
        };
        let by_key: Vec<&Impact> = of_user.collect();
        account.is_asked = asks(&by_password.now) || asks(&by_password.later);
        // A rule may exempt one of the methods: which one the user has is not known.
        let refused = by_key.iter().map(|impact| refused(impact));
        account.refused = refused
            .min_by_key(|refused| match refused {
                None => 0,
                Some(Refused::Later) => 1,
                Some(Refused::Now) => 2,
            })
            .flatten();
        account.is_unguarded = account.is_asked && by_key.iter().all(|impact| is_unguarded(impact));
        let status = daemon.show_if_known(&account.name).await;
        let status = told(status, messages::RECORDS, missed)?.flatten();
        account.has_codes = status.is_some_and(|status| status.is_set_up() && status.has_codes());
    }
    Ok(accounts)
}

fn refused(impact: &Impact) -> Option<Refused> {
    match (asks(&impact.now), asks(&impact.later)) {
        (true, _) => Some(Refused::Now),
        (false, true) => Some(Refused::Later),
        (false, false) => None,
    }
}

/// Whether a login passes because the policy does not guard sshd, or would be refused anyway.
fn is_unguarded(impact: &Impact) -> bool {
    let is = |reason: &Option<OpenEnum<Reason>>| {
        reason.as_ref().and_then(OpenEnum::known) == Some(Reason::NotGuarded)
    };
    is(&impact.now_reason) || is(&impact.later_reason) || refused(impact).is_some()
}

/// What is known of the password of an account. The hash is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Password {
    /// No password matches.
    Locked,
    /// sshd accepts none by default.
    Empty,
    Usable,
}

/// The accounts with a login shell that have no password, and root. An account that `/etc/shadow` does not have,
/// such as one of a directory, is not known, and none that has expired logs in.
fn local(patterns: &str, missed: &Missed) -> Vec<KeyAccount> {
    let passwd = missed.text(PASSWD).unwrap_or_default();
    let passwords = states_of_passwords(missed);
    let mut accounts = Vec::new();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, _, _, home, shell] = fields[..] else {
            continue;
        };
        let has_shell = !NO_SHELLS.iter().any(|ending| shell.ends_with(ending));
        let has_password = match passwords.get(name) {
            Some(password) => *password == Password::Usable,
            None => continue,
        };
        if !has_shell || (has_password && name != ROOT) {
            continue;
        }
        let files = patterns.split_ascii_whitespace();
        let mut files = files.filter(|pattern| *pattern != "none").map(|pattern| {
            let path = expand(pattern, name, uid, home);
            // A path without a slash at its beginning is one in the home directory.
            Path::new(home).join(path).to_string_lossy().into_owned()
        });
        accounts.push(KeyAccount {
            name: name.to_owned(),
            has_password,
            has_key: files.any(|file| missed.known(has_key(home, &file)) == Some(true)),
            ..KeyAccount::default()
        });
    }
    accounts
}

/// Reads `/etc/shadow`: only what is known of each password leaves this function.
fn states_of_passwords(missed: &Missed) -> BTreeMap<String, Password> {
    let shadow = missed.text(SHADOW).unwrap_or_default();
    states(&shadow, tfa_client::now() / SECONDS_A_DAY)
}

/// The passwords of the accounts that have not expired, in the form of shadow(5). `today` is in days since 1970.
fn states(shadow: &str, today: u64) -> BTreeMap<String, Password> {
    let state = |line: &str| {
        let mut fields = line.split(':');
        let (name, hash) = (fields.next()?, fields.next()?);
        let expiry = fields.nth(5).and_then(|field| field.parse::<u64>().ok());
        let state = match hash.chars().next() {
            None => Password::Empty,
            Some('!' | '*') => Password::Locked,
            Some(_) => Password::Usable,
        };
        expiry
            .is_none_or(|day| day > today)
            .then(|| (name.to_owned(), state))
    };
    shadow.lines().filter_map(state).collect()
}

/// A path of `AuthorizedKeysFile`, in which sshd replaces words.
fn expand(pattern: &str, name: &str, uid: &str, home: &str) -> String {
    let mut path = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, character == '%') {
            (_, true) => match characters.next() {
                Some('h') => path.push_str(home),
                Some('u') => path.push_str(name),
                Some('U') => path.push_str(uid),
                other => path.extend(other),
            },
            (other, false) => path.push(other),
        }
    }
    path
}

/// Whether a file has a key, or is a link: what users write is not followed.
fn has_key(home: &str, path: &str) -> Result<bool, String> {
    let failed = |error: &dyn std::fmt::Display| messages::file_not_read(path, error);
    // The administrator decides where the home directory is, and the user what is in it.
    let (folder, name) = match Path::new(path).strip_prefix(home) {
        Ok(name) if home != "/" => (home, name),
        _ => ("/", Path::new(path.trim_start_matches('/'))),
    };
    let as_folder = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let folder = match open(folder, as_folder, Mode::empty()) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(false),
        other => other.map_err(|error| failed(&error))?,
    };
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)
        .mode(Mode::empty())
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH);
    let file = match openat2(folder.as_fd(), name, how) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(false),
        Err(Errno::ELOOP) => return Ok(true),
        other => File::from(other.map_err(|error| failed(&error))?),
    };
    if !file.metadata().map_err(|error| failed(&error))?.is_file() {
        return Ok(false);
    }
    let bytes = bounded::bytes(file, MAX_KEYS).map_err(|error| failed(&error))?;
    let text = String::from_utf8_lossy(&bytes);
    let is_key = |line: &str| !line.is_empty() && !line.starts_with('#');
    Ok(text.lines().map(str::trim).any(is_key))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_the_state_of_a_password_is_known() {
        let shadow = "root:$y$j9T$salt$hash:19000:0:99999:7:::\n\
                      cloud:!:19000:0:99999:7:::\nlocked:!$6$x$y:19000::::::\nstar:*:19000:0:99999:7:::\n\
                      empty::19000:0:99999:7:::\ngone:!:19000:0:99999:7::19999:\n\
                      stays:!:19000:0:99999:7::20001:\nbroken\n";
        let states = states(shadow, 20_000);
        let state = |name: &str| states.get(name).copied();
        for (name, expected) in [
            ("root", Some(Password::Usable)),
            ("cloud", Some(Password::Locked)),
            ("locked", Some(Password::Locked)),
            ("star", Some(Password::Locked)),
            ("empty", Some(Password::Empty)),
            ("gone", None),
            ("stays", Some(Password::Locked)),
            ("broken", None),
        ] {
            assert_eq!(state(name), expected, "{name}");
        }
        assert!(!format!("{states:?}").contains("hash"));
    }

    #[test]
    fn names_of_key_files_are_those_of_sshd() {
        for (pattern, expected) in [
            (".ssh/authorized_keys", ".ssh/authorized_keys"),
            ("%h/keys", "/home/bob/keys"),
            ("/etc/ssh/keys/%u.%U", "/etc/ssh/keys/bob.1001"),
            ("100%%", "100%"),
        ] {
            assert_eq!(expand(pattern, "bob", "1001", "/home/bob"), expected);
        }
    }

    #[test]
    fn keys_are_found_and_links_of_users_are_not_followed() {
        let folder = std::env::temp_dir().join(format!("tfactl-keys-{}", std::process::id()));
        let folder = folder.to_str().unwrap();
        let home = format!("{folder}/home");
        let path = |name: &str| format!("{home}/{name}");
        fs::create_dir_all(path("folder")).unwrap();
        fs::write(format!("{folder}/secret"), "# no key\n").unwrap();
        fs::write(path("keys"), "# mine\n\nssh-ed25519 AAAA\n").unwrap();
        fs::write(path("empty"), "# none\n \n").unwrap();
        symlink(format!("{folder}/secret"), path("link")).unwrap();
        symlink(folder, path("way")).unwrap();
        // A pipe is not waited for.
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.unwrap().success());
        for (name, expected) in [
            ("keys", true),
            ("empty", false),
            ("absent", false),
            ("keys/absent", false),
            ("folder", false),
            ("pipe", false),
            // sshd follows them.
            ("link", true),
            ("way/secret", true),
        ] {
            assert_eq!(has_key(&home, &path(name)), Ok(expected), "{name}");
        }
        assert_eq!(has_key("/nonexistent", "/nonexistent/keys"), Ok(false));
        fs::remove_dir_all(folder).unwrap();
    }
}
