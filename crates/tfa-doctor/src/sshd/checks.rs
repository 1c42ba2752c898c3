//! The faults of one connection.

use super::settings::QUESTIONS;
use super::{Corner, Fault};
use crate::finding::Kind;
use crate::messages;

/// Seconds that an enrollment inside a login can take: a user may have to install an app.
pub(crate) const ENROLLMENT_SECONDS: u32 = 300;
/// The file of the package, which sets `KbdInteractiveAuthentication` on a host that accepts passwords.
const OF_THE_PACKAGE: &str = "/etc/ssh/sshd_config.d/zz-tfa.conf";

type Check = fn(&Corner<'_>) -> Option<Fault>;

const CHECKS: &[Check] = &[
    without_pam,
    no_questions,
    passwords_by_questions,
    methods_unsatisfiable,
    keys_not_guarded,
    keys_only,
    weaker_in_match,
    grace_time,
    one_try,
    touch,
    empty_passwords,
];

/// The faults of a connection.
pub(super) fn faults(corner: &Corner<'_>) -> Vec<Fault> {
    CHECKS.iter().filter_map(|check| check(corner)).collect()
}

fn fault(kind: &'static Kind, keyword: &'static str) -> Option<Fault> {
    let detail = String::new();
    Some(Fault {
        kind,
        keyword,
        detail,
    })
}

impl Corner<'_> {
    fn is(&self, keyword: &str, value: &str) -> bool {
        self.settings.is(keyword, value)
    }

    fn requires(&self) -> bool {
        self.policy.is_some_and(|policy| policy.requires)
    }

    /// The lists by which a login can pass without the auth phase of PAM, for a text.
    fn ways_beside_pam(&self) -> String {
        let lists = self.settings.lists_beside_pam();
        let lists = lists.iter().map(|list| list.join(","));
        let texts: Vec<String> = lists
            .map(
                |list| match self.settings.verifies_passwords_by_kerberos() {
                    true => list.replace("password", "password (KerberosAuthentication)"),
                    false => list,
                },
            )
            .collect();
        texts.join(" or ")
    }

    /// Whether each way in has a method that can ask for a code.
    fn always_asks(&self) -> bool {
        let lists = self.settings.passable_lists();
        !lists.is_empty() && lists.iter().all(|list| list.contains(&QUESTIONS))
    }
}

/// sshd verifies passwords without PAM.
fn without_pam(corner: &Corner<'_>) -> Option<Fault> {
    let is_so = corner.is("usepam", "no");
    is_so
        .then(|| fault(&messages::SSHD_WITHOUT_PAM, "usepam"))
        .flatten()
}

/// Passwords are accepted, and no method can ask for a code.
fn no_questions(corner: &Corner<'_>) -> Option<Fault> {
    let lists = corner.settings.passable_lists();
    let has = |method: &str| lists.iter().any(|list| list.contains(&method));
    let is_so = corner.is("usepam", "yes") && has("password") && !has(QUESTIONS);
    let keyword = match corner.is("kbdinteractiveauthentication", "yes") {
        true => "authenticationmethods",
        false => "kbdinteractiveauthentication",
    };
    is_so
        .then(|| fault(&messages::SSHD_NO_QUESTIONS, keyword))
        .flatten()
}

/// One file turns passwords off, and another the questions on, which accept passwords too.
fn passwords_by_questions(corner: &Corner<'_>) -> Option<Fault> {
    let file = |keyword: &str| {
        let place = corner.place(keyword);
        place.split(':').next().unwrap_or_default().to_owned()
    };
    let asks = corner.settings.passable_lists().contains(&vec![QUESTIONS]);
    let off = file("passwordauthentication");
    let on = file("kbdinteractiveauthentication");
    let is_so = corner.is("passwordauthentication", "no")
        && asks
        && !off.is_empty()
        && (on.is_empty() || on == OF_THE_PACKAGE);
    is_so
        .then(|| fault(&messages::SSHD_PASSWORDS, "passwordauthentication"))
        .flatten()
}

/// Each list of `AuthenticationMethods` has a method that is not enabled.
fn methods_unsatisfiable(corner: &Corner<'_>) -> Option<Fault> {
    let is_so = corner.settings.passable_lists().is_empty();
    let detail = corner.settings.value("authenticationmethods").to_owned();
    is_so.then_some(Fault {
        kind: &messages::SSHD_METHODS,
        keyword: "authenticationmethods",
        detail,
    })
}

/// A second factor is required for some logins, sshd lets users in without the auth phase of PAM, and the
/// policy does not guard it.
fn keys_not_guarded(corner: &Corner<'_>) -> Option<Fault> {
    let is_guarded = corner.policy.is_none_or(|policy| corner.is_guarded(policy));
    let ways = corner.ways_beside_pam();
    let is_so = corner.requires() && !is_guarded && !ways.is_empty();
    is_so.then_some(Fault {
        kind: &messages::SSHD_KEYS_NOT_GUARDED,
        keyword: "authenticationmethods",
        detail: ways,
    })
}

/// A second factor is required for some logins, and a connection has only ways that are none. Rules on methods
/// may exempt them.
fn keys_only(corner: &Corner<'_>) -> Option<Fault> {
    let has_rules = corner.policy.is_none_or(|policy| policy.names_methods);
    let is_guarded = corner
        .policy
        .is_some_and(|policy| corner.is_guarded(policy));
    let lists = corner.settings.passable_lists();
    let has_no_other = !lists.is_empty() && lists == corner.settings.lists_beside_pam();
    let is_so = corner.requires() && is_guarded && !has_rules && has_no_other;
    let keyword = match corner.is("kbdinteractiveauthentication", "yes") {
        true => "authenticationmethods",
        false => "kbdinteractiveauthentication",
    };
    is_so.then(|| Fault {
        kind: &messages::SSHD_KEYS_ONLY,
        keyword,
        detail: corner.ways_beside_pam(),
    })
}

/// Each way in asks for a code outside the `Match` blocks, and not inside.
fn weaker_in_match(corner: &Corner<'_>) -> Option<Fault> {
    let (_, outside) = corner.sshd.corners.first()?;
    let outside = Corner {
        name: "",
        settings: outside,
        ..*corner
    };
    let has_rules = corner.policy.is_none_or(|policy| policy.names_methods);
    let is_so = outside.always_asks() && !corner.always_asks() && !has_rules;
    let keyword = ["authenticationmethods", "kbdinteractiveauthentication"];
    let keyword = keyword.into_iter().find(|keyword| corner.differs(keyword));
    let lists: Vec<String> = corner
        .settings
        .passable_lists()
        .iter()
        .map(|list| list.join(","))
        .collect();
    is_so.then(|| Fault {
        kind: &messages::SSHD_MATCH_WEAKER,
        keyword: keyword.unwrap_or("passwordauthentication"),
        detail: lists.join(" "),
    })
}

/// Users may have to enroll inside a login, and sshd ends the login before.
fn grace_time(corner: &Corner<'_>) -> Option<Fault> {
    let seconds = corner.settings.number("logingracetime")?;
    let is_so = corner.requires() && (1..ENROLLMENT_SECONDS).contains(&seconds);
    is_so.then(|| Fault {
        kind: &messages::SSHD_GRACE_TIME,
        keyword: "logingracetime",
        detail: seconds.to_string(),
    })
}

/// The first refused key or wrong answer ends the connection.
fn one_try(corner: &Corner<'_>) -> Option<Fault> {
    let is_so = corner.settings.number("maxauthtries") == Some(1);
    is_so
        .then(|| fault(&messages::SSHD_ONE_TRY, "maxauthtries"))
        .flatten()
}

/// Rules accept security keys only, and a key without touch is enough for sshd.
fn touch(corner: &Corner<'_>) -> Option<Fault> {
    let demands = corner
        .policy
        .is_some_and(|policy| policy.demands_security_keys);
    let options = corner.settings.value("pubkeyauthoptions");
    let requires = ["touch-required", "verify-required"];
    let is_so = demands && !requires.iter().any(|option| options.contains(option));
    is_so
        .then(|| fault(&messages::SSHD_TOUCH, "pubkeyauthoptions"))
        .flatten()
}

/// An account without a password is entered without one.
fn empty_passwords(corner: &Corner<'_>) -> Option<Fault> {
    let is_so = corner.is("permitemptypasswords", "yes");
    is_so
        .then(|| fault(&messages::SSHD_EMPTY_PASSWORDS, "permitemptypasswords"))
        .flatten()
}
