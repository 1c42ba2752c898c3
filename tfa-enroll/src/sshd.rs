//! Whether the sshd of this host can ask for a code, and whether it uses security keys as a second factor.
//! If it cannot ask, SSH logins of an enrolled user are refused, so the setup warns about it.
//!
//! Only simple configurations are evaluated. A `Match` block, a file that cannot be read, or an option
//! on the command line of sshd makes the result unknown, and no warning is printed.

use std::fs;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "/usr/sbin/sshd";
const CONFIG: &str = "/etc/ssh/sshd_config";
/// Debian's file with options for the command line.
const OPTIONS: &str = "/etc/default/ssh";
const MAX_DEPTH: usize = 8;

/// Whether sshd is installed, uses PAM, and certainly cannot ask questions.
pub(crate) fn cannot_ask() -> bool {
    let options = fs::read_to_string(OPTIONS).unwrap_or_default();
    Path::new(PROGRAM).exists()
        && !has_options(&options)
        && Settings::read(Path::new(CONFIG)).is_some_and(|settings| settings.cannot_ask())
}

/// Whether sshd is installed, and certainly does not ask for a key and then for PAM's questions.
pub(crate) fn ignores_security_keys() -> bool {
    let options = fs::read_to_string(OPTIONS).unwrap_or_default();
    Path::new(PROGRAM).exists()
        && !has_options(&options)
        && Settings::read(Path::new(CONFIG)).is_some_and(|settings| settings.ignores_keys())
}

fn has_options(defaults: &str) -> bool {
    defaults
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SSHD_OPTS="))
        .any(|value| !value.trim_matches(['"', '\'', ' ']).is_empty())
}

/// The values of the global section. The first value of a keyword is used.
#[derive(Debug, Default)]
struct Settings {
    questions: Option<String>,
    pam: Option<String>,
    /// The lists of methods of `AuthenticationMethods`.
    methods: Option<String>,
}

impl Settings {
    /// `None` if the result is not certain.
    fn read(file: &Path) -> Option<Self> {
        let mut settings = Self::default();
        settings.add(file, 0)?;
        Some(settings)
    }

    fn cannot_ask(&self) -> bool {
        let is = |setting: &Option<String>, value: &str| {
            setting
                .as_ref()
                .is_some_and(|found| found.eq_ignore_ascii_case(value))
        };
        is(&self.questions, "no") && is(&self.pam, "yes")
    }

    /// Whether no list of methods has PAM's questions after a key.
    fn ignores_keys(&self) -> bool {
        let asks_after_key = |list: &str| {
            let mut methods = list.split(',').map(|method| {
                let name = method.split(':').next().unwrap_or_default();
                name.to_ascii_lowercase()
            });
            methods.any(|method| method == "publickey")
                && methods.any(|method| matches!(&*method, "keyboard-interactive" | "password"))
        };
        let lists = self.methods.as_deref().unwrap_or_default();
        !lists.split_ascii_whitespace().any(asks_after_key)
    }

    fn add(&mut self, file: &Path, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let text = fs::read_to_string(file).ok()?;
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keyword, value) = line
                .split_once(|c: char| c.is_whitespace() || c == '=')
                .unwrap_or((line, ""));
            let value = value.trim_matches(|c: char| c.is_whitespace() || c == '=');
            match keyword.to_ascii_lowercase().as_str() {
                "kbdinteractiveauthentication" | "challengeresponseauthentication" => {
                    self.questions.get_or_insert_with(|| first_word(value));
                }
                "usepam" => {
                    self.pam.get_or_insert_with(|| first_word(value));
                }
                "authenticationmethods" => {
                    self.methods.get_or_insert_with(|| value.replace('"', " "));
                }
                "include" => {
                    for included in files(value)? {
                        self.add(&included, depth + 1)?;
                    }
                }
                "match" => return None,
                _ => {}
            }
        }
        Some(())
    }
}

fn first_word(value: &str) -> String {
    let word = value.split([' ', '\t', '#']).next().unwrap_or_default();
    word.trim_matches('"').to_owned()
}

/// The files of an `Include`, in sshd's order. Only a single `*` in the last part is supported.
fn files(patterns: &str) -> Option<Vec<PathBuf>> {
    let mut all = Vec::new();
    for pattern in patterns.split_whitespace() {
        let pattern = pattern.trim_matches('"');
        let path = Path::new("/etc/ssh").join(pattern);
        let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
        if folder.to_str()?.contains(['*', '?', '[']) || name.contains(['?', '[']) {
            return None;
        }
        match name.split_once('*') {
            None => all.push(path),
            Some((_, end)) if end.contains('*') => return None,
            Some((start, end)) => all.extend(matching(folder, start, end)?),
        }
    }
    Some(all)
}

fn matching(folder: &Path, start: &str, end: &str) -> Option<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let long_enough = name.len() >= start.len() + end.len();
        let hidden = name.starts_with('.') && start.is_empty();
        if long_enough && !hidden && name.starts_with(start) && name.ends_with(end) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Some(names.into_iter().map(|name| folder.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "Include FOLDER/*.conf\n# KbdInteractiveAuthentication yes\n\
                          KbdInteractiveAuthentication no\n  UsePAM   yes\n";

    fn cannot_ask(files: &[(&str, &str)]) -> bool {
        settings(files).is_some_and(|settings| settings.cannot_ask())
    }

    /// The settings of a directory with these files, the first of which is the main one.
    fn settings(files: &[(&str, &str)]) -> Option<Settings> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-sshd-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            let text = text.replace("FOLDER", folder.to_str().unwrap());
            fs::write(folder.join(name), text).unwrap();
        }
        let settings = Settings::read(&folder.join(files[0].0));
        fs::remove_dir_all(&folder).unwrap();
        settings
    }

    #[test]
    fn security_keys_are_used_where_questions_follow_a_key() {
        let ignores = |text: &str| {
            let settings = settings(&[("main", text)]);
            settings.map(|settings| settings.ignores_keys())
        };
        for used in [
            "AuthenticationMethods publickey,keyboard-interactive",
            "authenticationmethods \"hostbased publickey,keyboard-interactive:pam\"",
            "AuthenticationMethods publickey,password",
        ] {
            assert_eq!(ignores(used), Some(false), "{used}");
        }
        for ignored in [
            "",
            "AuthenticationMethods any",
            "AuthenticationMethods publickey",
            "AuthenticationMethods keyboard-interactive,publickey",
            "AuthenticationMethods any\nAuthenticationMethods publickey,keyboard-interactive",
        ] {
            assert_eq!(ignores(ignored), Some(true), "{ignored}");
        }
        let unknown = "Match group ssh\n AuthenticationMethods publickey,keyboard-interactive";
        assert_eq!(ignores(unknown), None);
    }

    #[test]
    fn debians_default_cannot_ask() {
        assert!(cannot_ask(&[("main", DEBIAN)]));
        assert!(cannot_ask(&[(
            "main",
            "usepam=yes\nchallengeresponseauthentication \"no\" # old\n"
        )]));
    }

    #[test]
    fn the_first_value_is_used_in_the_order_of_names() {
        let yes = "KbdInteractiveAuthentication yes\n";
        let no = "KbdInteractiveAuthentication no\n";
        assert!(!cannot_ask(&[("main", DEBIAN), ("zz.conf", yes)]));
        assert!(cannot_ask(&[
            ("main", DEBIAN),
            ("b.conf", yes),
            ("a.conf", no)
        ]));
        for unread in ["zz.conf~", ".zz.conf", "zz"] {
            assert!(cannot_ask(&[("main", DEBIAN), (unread, yes)]), "{unread}");
        }
    }

    #[test]
    fn an_uncertain_result_gives_no_warning() {
        for text in [
            "",
            "UsePAM yes\n",
            "KbdInteractiveAuthentication no\n",
            "KbdInteractiveAuthentication no\nUsePAM no\n",
            "KbdInteractiveAuthentication no\nUsePAM yes\nMatch all\n",
            "KbdInteractiveAuthentication no\nUsePAM yes\nInclude FOLDER/missing\n",
            "KbdInteractiveAuthentication no\nUsePAM yes\nInclude FOLDER/[ab].conf\n",
            "Include FOLDER/main\nKbdInteractiveAuthentication no\nUsePAM yes\n",
        ] {
            assert!(!cannot_ask(&[("main", text)]), "{text}");
        }
    }

    #[test]
    fn command_line_options_make_the_result_unknown() {
        assert!(!has_options("# SSHD_OPTS=-d\nSSHD_OPTS=\nSSHD_OPTS=\"\"\n"));
        assert!(has_options(
            "SSHD_OPTS=\"-o KbdInteractiveAuthentication=yes\"\n"
        ));
    }
}
