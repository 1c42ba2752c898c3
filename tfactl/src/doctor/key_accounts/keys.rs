//! The keys with which sshd lets a user in. Users write these files.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use tfa_doctor::Keys;

use super::super::bounded;
use super::super::missed::Missed;
use super::passwords::Local;
use crate::messages;

/// How much of a file of keys is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// How the names of types of keys begin. Options stand before them, and none begins so.
const TYPES: [&str; 3] = ["ssh-", "ecdsa-", "sk-"];

/// What is known of the keys of a user, in the files that these values of `AuthorizedKeysFile` name.
pub(super) fn of(user: &Local, patterns: &BTreeSet<String>, missed: &Missed) -> Keys {
    let home = &user.home;
    let files = patterns.iter().map(|pattern| {
        let path = expand(pattern, &user.name, &user.uid, home);
        // A path without a slash at its beginning is one in the home directory.
        let path = Path::new(home).join(path).to_string_lossy().into_owned();
        missed.known(of_file(home, &path)).unwrap_or(Keys::Unknown)
    });
    files.max().unwrap_or_default()
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

/// The keys of a file. A link, which sshd follows, counts as a key: what users write is not followed here.
fn of_file(home: &str, path: &str) -> Result<Keys, String> {
    let failed = |error: &dyn std::fmt::Display| messages::file_not_read(path, error);
    // The administrator decides where the home directory is, and the user what is in it.
    let (folder, name) = match Path::new(path).strip_prefix(home) {
        Ok(name) if home != "/" => (home, name),
        _ => ("/", Path::new(path.trim_start_matches('/'))),
    };
    let as_folder = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let folder = match open(folder, as_folder, Mode::empty()) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(Keys::None),
        other => other.map_err(|error| failed(&error))?,
    };
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)
        .mode(Mode::empty())
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH);
    let file = match openat2(folder.as_fd(), name, how) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(Keys::None),
        Err(Errno::ELOOP) => return Ok(Keys::Login),
        other => File::from(other.map_err(|error| failed(&error))?),
    };
    if !file.metadata().map_err(|error| failed(&error))?.is_file() {
        return Ok(Keys::None);
    }
    let bytes = bounded::bytes(file, MAX_BYTES).map_err(|error| failed(&error))?;
    Ok(of_text(&String::from_utf8_lossy(&bytes)))
}

fn of_text(text: &str) -> Keys {
    let lines = text.lines().map(str::trim);
    let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = keys.map(|line| match forces_command(line) {
        true => Keys::Forced,
        false => Keys::Login,
    });
    keys.max().unwrap_or_default()
}

/// Whether the options at the beginning of a line have a command. A comma or a blank in quotation marks belongs to
/// a value.
fn forces_command(line: &str) -> bool {
    if TYPES.iter().any(|start| line.starts_with(start)) {
        return false;
    }
    let (mut is_quoted, mut last) = (false, ' ');
    let mut options = vec![String::new()];
    for character in line.chars() {
        match character {
            '"' if last != '\\' => is_quoted = !is_quoted,
            ' ' | '\t' if !is_quoted => break,
            ',' if !is_quoted => options.push(String::new()),
            other => options
                .last_mut()
                .into_iter()
                .for_each(|one| one.push(other)),
        }
        last = character;
    }
    let mut options = options.iter().map(|option| option.to_ascii_lowercase());
    options.any(|option| option.starts_with("command="))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_command_in_the_options_takes_the_place_of_a_login() {
        const IMAGE: &str = "no-port-forwarding,command=\"echo 'Please login as \\\"debian\\\", please';sleep 10;exit 142\" \
                             ssh-rsa AAAA";
        for (text, expected) in [
            ("ssh-ed25519 AAAA command=\"x\"\n", Keys::Login),
            ("sk-ssh-ed25519@openssh.com AAAA\n", Keys::Login),
            ("restrict,pty ssh-rsa AAAA\n", Keys::Login),
            ("from=\"10.0.0.1,command=1\" ssh-rsa AAAA\n", Keys::Login),
            ("environment=\"A=b command=c\" ssh-rsa AAAA\n", Keys::Login),
            ("cert-authority ssh-rsa AAAA\n", Keys::Login),
            (IMAGE, Keys::Forced),
            (
                "restrict,COMMAND=\"borg serve\" ssh-rsa AAAA\n",
                Keys::Forced,
            ),
            ("command=\"x\" ssh-rsa AAAA\nssh-rsa BBBB\n", Keys::Login),
            ("# ssh-rsa AAAA\n\n", Keys::None),
            ("", Keys::None),
        ] {
            assert_eq!(of_text(text), expected, "{text}");
        }
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
        fs::write(path("forced"), "command=\"borg\" ssh-ed25519 AAAA\n").unwrap();
        symlink(format!("{folder}/secret"), path("link")).unwrap();
        symlink(folder, path("way")).unwrap();
        // A pipe is not waited for.
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.unwrap().success());
        for (name, expected) in [
            ("keys", Keys::Login),
            ("forced", Keys::Forced),
            ("absent", Keys::None),
            ("keys/absent", Keys::None),
            ("folder", Keys::None),
            ("pipe", Keys::None),
            // sshd follows them.
            ("link", Keys::Login),
            ("way/secret", Keys::Login),
        ] {
            assert_eq!(of_file(&home, &path(name)), Ok(expected), "{name}");
        }
        let pipe = path("pipe");
        assert_eq!(of_file(&pipe, &format!("{pipe}/keys")), Ok(Keys::None));
        // Of several files, the one that says most counts, and one that cannot be read comes before commands.
        let user = Local {
            name: "bob".to_owned(),
            uid: "1001".to_owned(),
            gid: "1001".to_owned(),
            home: home.clone(),
            has_password: false,
        };
        let of = |patterns: &[&str]| {
            let patterns = patterns.iter().map(|one| (*one).to_owned()).collect();
            let missed = Missed::default();
            let keys = of(&user, &patterns, &missed);
            (keys, missed.reasons().len())
        };
        let long = "a".repeat(300);
        assert_eq!(of(&["absent", "forced"]), (Keys::Forced, 0));
        assert_eq!(of(&["forced", "keys"]), (Keys::Login, 0));
        assert_eq!(of(&["forced", &long]), (Keys::Unknown, 1));
        fs::remove_dir_all(folder).unwrap();
    }
}
