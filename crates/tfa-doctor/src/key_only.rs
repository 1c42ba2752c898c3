//! Accounts that log in over SSH by a key only: they have no password, so PAM can ask them for nothing. Accounts that
//! lack the key which sshd demands beside the password.

use std::collections::BTreeSet;

use tfa_pam_stack::{Line, Phase};

use crate::facts::{Facts, Later};
use crate::finding::{Finding, Kind};
use crate::messages;
use crate::required::is_clock_reliable;
use crate::sshd::{QUESTIONS, Settings, SshdFacts};

/// An account of this host with a login shell: one without a password, one with a password and no key where sshd
/// demands both, or root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyAccount {
    /// The login name.
    pub name: String,
    /// Its groups, if sshd admits users by them.
    pub groups: Option<BTreeSet<String>>,
    /// It has a password that can be entered.
    pub has_password: bool,
    /// The keys with which sshd lets it in.
    pub keys: Keys,
    /// The user has enrolled, and has codes.
    pub has_codes: bool,
    /// The policy asks for a second factor after the password over SSH, now or later.
    pub is_asked: bool,
    /// When the daemon refuses a login over SSH by the key alone.
    pub refused: Option<Refused>,
    /// It would, if the policy guarded sshd.
    pub is_unguarded: bool,
}

/// What is known of the keys of an account, in all its files; what says more comes later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keys {
    /// It has none.
    #[default]
    None,
    /// Each has a command that sshd runs in place of a shell, as those of programs.
    Forced,
    /// The files have none, but a program or a certificate authority may vouch for one.
    Elsewhere,
    /// A file could not be read.
    Unknown,
    /// One lets a user in.
    Login,
}

/// When a login is refused; the earlier first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Now.
    Now,
    /// At this time, in seconds since 1970: when the grace period is over.
    At(u64),
    /// When the grace period is over, which begins with a login.
    AfterGrace,
}

impl Refused {
    fn is_later(self) -> bool {
        self != Self::Now
    }
}

const ROOT: &str = "root";
const KEY: &str = "publickey";

/// The accounts that a second factor is required of, and that can enter none.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let refused = accounts(facts)
        .iter()
        .filter_map(|account| Some((account, refused(facts, account)?)));
    let (unknown, shut_out): (Vec<_>, Vec<_>) =
        refused.partition(|(account, _)| account.keys == Keys::Elsewhere);
    let fault = |account: &KeyAccount| -> (&'static Kind, &'static str) {
        match (account.name == ROOT, account.keys) {
            _ if !account.is_asked => (&messages::KEY_ONLY, messages::AFTER_KEY),
            (true, _) => (&messages::KEY_ONLY_ROOT, ""),
            (false, Keys::Forced) => (&messages::KEY_ONLY, messages::FORCED),
            (false, _) => (&messages::KEY_ONLY, ""),
        }
    };
    let finding = |kind: &'static Kind, detail: &str, is_later: bool| {
        let is_meant = |(account, refused): &&(&KeyAccount, Refused)| {
            let (known, known_detail) = fault(account);
            known.id == kind.id && known_detail == detail && refused.is_later() == is_later
        };
        let found = shut_out.iter().filter(is_meant);
        let (names, times): (Vec<String>, BTreeSet<Refused>) = found
            .map(|(account, refused)| (account.name.clone(), *refused))
            .unzip();
        (!names.is_empty()).then(|| {
            let mut finding = Finding::beside_pam(kind, "", names, detail.to_owned());
            finding.subject.later = is_later.then(|| later(facts, &times));
            finding
        })
    };
    let findings = [false, true].into_iter().flat_map(|is_later| {
        [
            finding(&messages::KEY_ONLY, "", is_later),
            finding(&messages::KEY_ONLY, messages::FORCED, is_later),
            finding(&messages::KEY_ONLY, messages::AFTER_KEY, is_later),
            finding(&messages::KEY_ONLY_ROOT, "", is_later),
        ]
    });
    let unknown = unknown.iter().map(|(account, _)| *account);
    let unknown = unknown.filter(|account| account.name != ROOT);
    let missing = accounts(facts).iter().filter(|one| lacks_key(facts, one));
    let of_names = |kind, names: Vec<String>| {
        (!names.is_empty()).then(|| Finding::beside_pam(kind, "", names, String::new()))
    };
    let name = |account: &KeyAccount| account.name.clone();
    let others = [
        of_names(&messages::KEY_MISSING, missing.map(name).collect()),
        of_names(&messages::KEY_UNKNOWN, unknown.map(name).collect()),
    ];
    findings.chain(others).flatten().collect()
}

/// Whether the account has a password and no key, each sshd demands both, and a second factor is asked of it.
fn lacks_key(facts: &Facts, account: &KeyAccount) -> bool {
    let refuses =
        |sshd: &SshdFacts| sshd.refuses_without_key(&account.name, account.groups.as_ref());
    let is_meant = account.has_password && account.name != ROOT && account.is_asked;
    is_meant
        && account.keys == Keys::None
        && !facts.sshd.is_empty()
        && facts.sshd.iter().all(refuses)
}

/// When users are refused who are not refused now.
fn later(facts: &Facts, times: &BTreeSet<Refused>) -> Later {
    match (times.first(), times.last()) {
        _ if !is_clock_reliable(facts) => Later::AfterGrace,
        (Some(Refused::At(first)), Some(Refused::At(last))) if first == last => Later::From(*first),
        (Some(Refused::At(first)), _) => Later::NotBefore(*first),
        _ => Later::AfterGrace,
    }
}

/// Notes the accounts that a remedy would lock out, so that it is not printed: those that would be asked for a
/// password which they do not have. Where it is not known which they are, it is not printed either.
pub(crate) fn settle(facts: &Facts, findings: &mut [Finding]) {
    let host = facts.host.as_ref();
    let is_known = host.is_none_or(|host| host.accounts.by_key.is_some());
    for finding in findings {
        let (id, names) = (finding.kind.id, &finding.subject.names);
        let is_locked_out = |account: &&KeyAccount| match id {
            id if id == messages::SSHD_KEYS_NOT_GUARDED.id => {
                account.is_unguarded && logins(facts, account).any(|login| !login.can_answer())
            }
            id if id == messages::SUDO_NOPASSWD.id => {
                !account.has_password
                    && account.name != ROOT
                    && account.keys != Keys::None
                    && may_be_of(facts, names, &account.name)
            }
            // It would be asked for more than the key.
            id if id == messages::SSHD_MATCH_WEAKER.id => {
                !account.has_password && logins(facts, account).any(|login| login.needs_key_alone())
            }
            _ => false,
        };
        let locked_out = accounts(facts).iter().filter(is_locked_out);
        let locked_out: Vec<String> = locked_out.map(|account| account.name.clone()).collect();
        let asking = [
            &messages::SSHD_KEYS_NOT_GUARDED,
            &messages::SUDO_NOPASSWD,
            &messages::SSHD_MATCH_WEAKER,
        ];
        let asks = asking.iter().any(|kind| kind.id == id);
        finding.subject.may_lock_out = asks && !is_known;
        if !locked_out.is_empty() || finding.subject.may_lock_out {
            finding.subject.locked_out = locked_out;
            finding.subject.edits.clear();
            finding.subject.drop_in.clear();
        }
    }
}

fn accounts(facts: &Facts) -> &[KeyAccount] {
    let host = facts.host.as_ref();
    let known = host.and_then(|host| host.accounts.by_key.as_deref());
    known.unwrap_or_default()
}

/// Whether a rule of sudo for these names may be one for a user. The members of groups and of aliases are not known
/// here: an administrator may be one.
fn may_be_of(facts: &Facts, names: &[String], user: &str) -> bool {
    let is_user =
        |name: &String| name.starts_with(|first: char| first.is_lowercase() || first == '_');
    let host = facts.host.as_ref();
    let mut administrators = host
        .iter()
        .flat_map(|host| host.administrators.iter().flatten());
    let is_administrator = administrators.any(|one| one.name == user);
    names.iter().any(|name| match is_user(name) {
        true => name == user,
        false => is_administrator || name == "ALL",
    })
}

/// When an account is refused by each sshd that accepts its keys.
fn refused(facts: &Facts, account: &KeyAccount) -> Option<Refused> {
    if account.keys == Keys::Unknown {
        return None;
    }
    let all: Option<Vec<Refused>> = logins(facts, account)
        .map(|login| login.refused())
        .collect();
    all?.into_iter().max()
}

fn logins<'a>(facts: &'a Facts, account: &'a KeyAccount) -> impl Iterator<Item = Login<'a>> {
    let sshds = facts.sshd.iter();
    sshds.filter_map(move |sshd| Login::of(facts, sshd, account))
}

/// The logins over SSH of an account that uses a key, because sshd accepts no password of it.
struct Login<'a> {
    facts: &'a Facts,
    account: &'a KeyAccount,
    settings: &'a Settings,
}

impl<'a> Login<'a> {
    /// `None` if the account does not log in by a key, or need not.
    fn of(facts: &'a Facts, sshd: &'a SshdFacts, account: &'a KeyAccount) -> Option<Self> {
        let settings = sshd.of_user(&account.name)?;
        let login = Self {
            facts,
            account,
            settings,
        };
        let mut lists = settings.passable_lists().into_iter();
        let accepts_key = lists.any(|list| list.contains(&KEY));
        let refuses_root = ["no", "forced-commands-only"].contains(&login.root_is_permitted());
        let needs_key = !account.has_password || !login.asks_pam();
        // Images for clouds give root a key whose command says which user to log in as.
        let has_key = match account.keys {
            Keys::None => false,
            Keys::Forced => account.name != ROOT,
            Keys::Elsewhere | Keys::Unknown | Keys::Login => true,
        };
        (has_key && accepts_key && !refuses_root && needs_key).then_some(login)
    }

    /// `PermitRootLogin`, if the account is root. sshd prints `prohibit-password` under its former name, too.
    fn root_is_permitted(&self) -> &str {
        match self.account.name.as_str() {
            ROOT => self.settings.value("permitrootlogin"),
            _ => "yes",
        }
    }

    /// Whether sshd accepts answers to PAM: of root only with `PermitRootLogin yes`.
    fn asks_pam(&self) -> bool {
        ["yes", ""].contains(&self.root_is_permitted())
    }

    /// When the account is refused for want of a second factor.
    fn refused(&self) -> Option<Refused> {
        if self.can_answer() {
            return None;
        }
        let lists = self.settings.lists_beside_pam();
        if !self.account.is_asked {
            // No second factor is asked of it, and PAM asks for the password that it does not have.
            let is_refused = lists.is_empty() && !self.account.has_password;
            return (is_refused && !self.asks_after_key()).then_some(Refused::Now);
        }
        let is_key = |list: &Vec<&str>| list.iter().all(|method| *method == KEY);
        match lists.iter().any(is_key) {
            true => self.account.refused,
            // sshd demands an answer to PAM as well.
            false => Some(Refused::Now),
        }
    }

    /// Whether the key alone lets it in, and PAM would ask for what it does not have.
    fn needs_key_alone(&self) -> bool {
        let lists = self.settings.lists_beside_pam();
        let mut alone = lists.iter();
        alone.any(|list| list.iter().all(|method| *method == KEY)) && !self.can_answer()
    }

    /// Whether PAM asks for the code alone, after the key.
    fn can_answer(&self) -> bool {
        let mut lists = self.settings.passable_lists().into_iter();
        let asks_after_key = lists.any(|list| list.contains(&KEY) && list.contains(&QUESTIONS));
        self.account.has_codes && asks_after_key && self.asks_after_key() && self.asks_pam()
    }

    /// Whether PAM has a line that asks for nothing but the code, after the key.
    fn asks_after_key(&self) -> bool {
        let service = self.settings.pam_service();
        let reading = self
            .facts
            .pam
            .as_ref()
            .and_then(|pam| pam.services.get(service));
        reading.is_some_and(|reading| {
            reading.any(|service| {
                let mut lines = service.stack(Phase::Auth).lines.iter();
                lines.any(Line::asks_after_public_key)
            })
        })
    }
}
