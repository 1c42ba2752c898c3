//! What is in force for a connection, from the output of `sshd -T`.

use std::collections::{BTreeMap, BTreeSet};

use super::PAM_SERVICE;
use super::config::{ConfigLine, words};
use super::matching::pattern::matches;

/// Whether a method asks PAM.
fn is_of_pam(method: &&str) -> bool {
    [QUESTIONS, PASSWORD, "none"].contains(method)
}

/// The settings of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The values of each keyword. sshd prints one that may be repeated, such as `HostKey`, once for each value.
    values: BTreeMap<String, Vec<String>>,
    /// The places of the `Match` lines that apply to the connection.
    blocks: Vec<String>,
}

impl Settings {
    /// Parses the output of `sshd -T`: a keyword in lower case and its value in each line.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut settings = Self::default();
        for (keyword, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            let values = settings.values.entry(keyword.to_owned()).or_default();
            values.push(value.trim().to_owned());
        }
        settings
    }

    /// The same settings, of a connection to which these `Match` lines apply, by their places.
    #[must_use]
    pub fn with_blocks(mut self, blocks: Vec<String>) -> Self {
        self.blocks = blocks;
        self
    }

    /// Whether a line of the configuration is in a block that applies to the connection.
    pub(super) fn is_in_block(&self, line: &ConfigLine) -> bool {
        !line.blocks.is_empty() && line.blocks.iter().all(|block| self.blocks.contains(block))
    }

    /// The same settings, except that a keyword has this value.
    #[must_use]
    pub(crate) fn with(mut self, keyword: &str, value: &str) -> Self {
        self.values
            .insert(keyword.to_owned(), vec![value.to_owned()]);
        self
    }

    /// The value of a keyword, which is in lower case; empty if sshd does not know it.
    #[must_use]
    pub fn value(&self, keyword: &str) -> &str {
        let values = self.values.get(keyword);
        values
            .and_then(|values| values.last())
            .map_or("", String::as_str)
    }

    /// The files and programs that decide about logins, by their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        let of = |keyword: &&str| self.values.get(*keyword).into_iter().flatten();
        let programs = PROGRAMS.iter().flat_map(of);
        // What stands behind a program are its arguments.
        let programs = programs.filter_map(|command| words(command).into_iter().next());
        let all = FILES.iter().flat_map(of).cloned().chain(programs);
        all.filter(|path| path.starts_with('/'))
    }

    /// The PAM service. Releases before OpenSSH 10 have no keyword for it.
    pub(crate) fn pam_service(&self) -> &str {
        match self.value("pamservicename") {
            "" => PAM_SERVICE,
            name => name,
        }
    }

    pub(crate) fn is(&self, keyword: &str, value: &str) -> bool {
        self.value(keyword).eq_ignore_ascii_case(value)
    }

    /// The number of seconds, or the count, of a keyword.
    pub(crate) fn number(&self, keyword: &str) -> Option<u32> {
        self.value(keyword).parse().ok()
    }

    /// The lists of `AuthenticationMethods`: a login passes one of them. Without the keyword, each method
    /// that is enabled is a list.
    pub(crate) fn method_lists(&self) -> Vec<Vec<&str>> {
        let value = self.value("authenticationmethods");
        if value.is_empty() || value == "any" {
            let methods = METHODS.iter().map(|(method, _)| *method);
            return methods
                .filter(|method| self.offers(method))
                .map(|method| vec![method])
                .collect();
        }
        let lists = value.split_ascii_whitespace();
        lists
            .map(|list| list.split(',').map(base).collect())
            .collect()
    }

    /// The lists of which each method is enabled.
    pub(crate) fn passable_lists(&self) -> Vec<Vec<&str>> {
        let mut lists = self.method_lists();
        lists.retain(|list| list.iter().all(|method| self.offers(method)));
        lists
    }

    /// Whether each list in which PAM may be asked has a method of sshd's own as well, such as a key.
    pub(crate) fn adds_own_method(&self) -> bool {
        let lists = self.passable_lists();
        lists.iter().all(|list| !list.iter().all(is_of_pam))
    }

    /// Whether each list in which PAM may be asked has a public key as well.
    pub(crate) fn adds_public_key(&self) -> bool {
        let mut lists = self.passable_lists();
        lists.retain(|list| list.iter().any(is_of_pam));
        lists.iter().all(|list| list.contains(&PUBLIC_KEY))
    }

    /// Whether a user without a key is refused, although sshd asks PAM: each list has a public key, and some have an
    /// answer to PAM as well.
    pub(crate) fn refuses_without_key(&self) -> bool {
        let lists = self.passable_lists();
        let demands_key = lists.iter().all(|list| list.contains(&PUBLIC_KEY));
        let asks_pam = lists.iter().any(|list| list.iter().any(is_of_pam));
        demands_key && asks_pam
    }

    /// Whether sshd admits users by their groups.
    pub(crate) fn names_groups(&self) -> bool {
        self.lists("allowgroups").next().is_some() || self.lists("denygroups").next().is_some()
    }

    /// Whether sshd may admit a user, from some address at least (`allowed_user`). Without the groups, one whom it
    /// admits by them is not known to be.
    pub(crate) fn may_admit(&self, user: &str, groups: Option<&BTreeSet<String>>) -> bool {
        let is_of_user = |pattern: &str| {
            let name = pattern.split('@').next().unwrap_or_default();
            matches(name, user)
        };
        let has = |pattern: &str| {
            let mut groups = groups.into_iter().flatten();
            groups.any(|group| matches(pattern, group))
        };
        let denies_user = |pattern: &str| !pattern.contains('@') && is_of_user(pattern);
        let is_denied =
            self.lists("denyusers").any(denies_user) || self.lists("denygroups").any(has);
        let is_allowed = |keyword: &str, applies: &dyn Fn(&str) -> bool| {
            let mut patterns = self.lists(keyword).peekable();
            patterns.peek().is_none() || patterns.any(applies)
        };
        let is_known = groups.is_some() || !self.names_groups();
        is_known
            && !is_denied
            && is_allowed("allowusers", &is_of_user)
            && is_allowed("allowgroups", &has)
    }

    /// The patterns of a keyword that admits users.
    fn lists(&self, keyword: &str) -> impl Iterator<Item = &str> {
        let values = self.values.get(keyword).into_iter().flatten();
        values.flat_map(|value| value.split_ascii_whitespace())
    }

    /// Whether a program or a certificate authority vouches for keys that no file of the user has.
    pub(crate) fn has_other_keys(&self) -> bool {
        let is_set = |keyword: &&str| !["", "none"].contains(&self.value(keyword));
        OTHER_KEYS.iter().any(is_set)
    }

    /// The lists that a login can pass without the auth phase of PAM.
    pub(crate) fn lists_beside_pam(&self) -> Vec<Vec<&str>> {
        let mut lists = self.passable_lists();
        lists.retain(|list| !list.iter().any(|method| self.always_asks_pam(method)));
        lists
    }

    /// Whether a method always runs the auth phase of PAM. For a password, Kerberos is asked before PAM.
    fn always_asks_pam(&self, method: &str) -> bool {
        match method {
            QUESTIONS => true,
            PASSWORD | "none" => !self.verifies_passwords_by_kerberos(),
            _ => false,
        }
    }

    pub(crate) fn verifies_passwords_by_kerberos(&self) -> bool {
        self.is("kerberosauthentication", "yes")
    }

    /// Whether a method is enabled.
    fn offers(&self, method: &str) -> bool {
        let method = METHODS.iter().find(|(name, _)| *name == method);
        method.is_some_and(|(_, keywords)| keywords.iter().all(|keyword| self.is(keyword, "yes")))
    }
}

/// The keywords with which keys are accepted that no file of a user has.
const OTHER_KEYS: [&str; 2] = ["authorizedkeyscommand", "trustedusercakeys"];
/// The keywords whose value is a file.
const FILES: [&str; 3] = ["hostkey", "revokedkeys", "trustedusercakeys"];
/// The keywords whose value is the command line of a program.
const PROGRAMS: [&str; 2] = ["authorizedkeyscommand", "authorizedprincipalscommand"];

/// The methods of sshd, and the keywords that enable them.
const METHODS: [(&str, &[&str]); 7] = [
    (PUBLIC_KEY, &["pubkeyauthentication"]),
    (QUESTIONS, &["kbdinteractiveauthentication"]),
    (PASSWORD, &["passwordauthentication"]),
    // The empty password.
    ("none", &["permitemptypasswords"]),
    ("hostbased", &["hostbasedauthentication"]),
    ("gssapi-with-mic", &["gssapiauthentication"]),
    // Of Debian and Fedora.
    (
        "gssapi-keyex",
        &["gssapiauthentication", "gssapikeyexchange"],
    ),
];
const PUBLIC_KEY: &str = "publickey";
pub(crate) const PASSWORD: &str = "password";
/// The only method that asks questions.
pub(crate) const QUESTIONS: &str = "keyboard-interactive";

/// A method without its submethod `pam`. With PAM, sshd has no other one.
fn base(method: &str) -> &str {
    method.strip_suffix(":pam").unwrap_or(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_and_program_that_sshd_prints_is_known() {
        let settings = Settings::parse(
            "hostkey /etc/ssh/one\nport 22\nhostkey /srv/a b\nrevokedkeys none\n\
             authorizedkeyscommand \"/opt/a b/keys\" %u\n",
        );
        let files: Vec<String> = settings.files().collect();
        assert_eq!(files, ["/etc/ssh/one", "/srv/a b", "/opt/a b/keys"]);
        assert_eq!(settings.value("port"), "22");
    }
}
