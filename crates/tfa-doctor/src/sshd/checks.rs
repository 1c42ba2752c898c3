//! The faults of one connection.

use super::settings::{PASSWORD, QUESTIONS};
use super::{Connection, Fault};
use crate::facts::PolicyFacts;
use crate::finding::Kind;
use crate::messages;

/// Seconds that an enrollment inside a login can take: a user may have to install an app.
pub(crate) const ENROLLMENT_SECONDS: u32 = 300;
/// The time for a password and a code that is read from a phone.
const CODE_SECONDS: u32 = 60;
/// The file of the package, which sets `KbdInteractiveAuthentication` on a host that accepts passwords.
const OF_THE_PACKAGE: &str = "/etc/ssh/sshd_config.d/zz-tfa.conf";

type Check = fn(&Connection<'_>) -> Option<Fault>;

const CHECKS: &[Check] = &[
    without_pam,
    no_questions,
    passwords_by_questions,
    methods_unsatisfiable,
    keys_not_guarded,
    keys_only,
    weaker_in_match,
    grace_time,
    code_time,
    one_try,
    touch,
    empty_passwords,
    password_method,
];

/// The faults of a connection.
pub(super) fn faults(connection: &Connection<'_>) -> Vec<Fault> {
    CHECKS
        .iter()
        .filter_map(|check| check(connection))
        .collect()
}

fn fault(kind: &'static Kind, keyword: &'static str) -> Option<Fault> {
    let detail = String::new();
    Some(Fault {
        kind,
        keyword,
        detail,
    })
}

impl Connection<'_> {
    fn is(&self, keyword: &str, value: &str) -> bool {
        self.settings.is(keyword, value)
    }

    fn requires(&self) -> bool {
        self.policy.is_some_and(|policy| policy.requires)
    }

    /// Whether a user may have to enroll in the login. The policy of a member does not tell: its verifiers decide.
    fn may_enroll(&self) -> bool {
        self.requires() || self.is_member
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
fn without_pam(connection: &Connection<'_>) -> Option<Fault> {
    let is_so = connection.is("usepam", "no");
    is_so
        .then(|| fault(&messages::SSHD_WITHOUT_PAM, "usepam"))
        .flatten()
}

/// Passwords are accepted, and no method can ask for a code.
fn no_questions(connection: &Connection<'_>) -> Option<Fault> {
    let lists = connection.settings.passable_lists();
    let has = |method: &str| lists.iter().any(|list| list.contains(&method));
    let is_so = connection.is("usepam", "yes") && has("password") && !has(QUESTIONS);
    let keyword = match connection.is("kbdinteractiveauthentication", "yes") {
        true => "authenticationmethods",
        false => "kbdinteractiveauthentication",
    };
    is_so
        .then(|| fault(&messages::SSHD_NO_QUESTIONS, keyword))
        .flatten()
}

/// One file turns passwords off, and another the questions on, which accept passwords too.
fn passwords_by_questions(connection: &Connection<'_>) -> Option<Fault> {
    let file = |keyword: &str| connection.file(keyword).unwrap_or_default();
    let asks = connection
        .settings
        .passable_lists()
        .contains(&vec![QUESTIONS]);
    let off = file("passwordauthentication");
    let on = file("kbdinteractiveauthentication");
    let is_so = connection.is("passwordauthentication", "no")
        && asks
        && !off.is_empty()
        && (on.is_empty() || on == OF_THE_PACKAGE);
    is_so
        .then(|| fault(&messages::SSHD_PASSWORDS, "passwordauthentication"))
        .flatten()
}

/// Each list of `AuthenticationMethods` has a method that is not enabled.
fn methods_unsatisfiable(connection: &Connection<'_>) -> Option<Fault> {
    let is_so = connection.settings.passable_lists().is_empty();
    let detail = connection
        .settings
        .value("authenticationmethods")
        .to_owned();
    is_so.then_some(Fault {
        kind: &messages::SSHD_METHODS,
        keyword: "authenticationmethods",
        detail,
    })
}

/// A second factor is required for some logins, sshd lets users in without the auth phase of PAM, and the
/// policy does not guard it.
fn keys_not_guarded(connection: &Connection<'_>) -> Option<Fault> {
    let is_guarded = connection
        .policy
        .is_none_or(|policy| connection.is_guarded(policy));
    let ways = connection.ways_beside_pam();
    let is_so = connection.requires() && !is_guarded && !ways.is_empty();
    is_so.then_some(Fault {
        kind: &messages::SSHD_KEYS_NOT_GUARDED,
        keyword: "authenticationmethods",
        detail: ways,
    })
}

/// A second factor is required for some logins, and a connection has only ways that are none. Rules on methods
/// may exempt them.
fn keys_only(connection: &Connection<'_>) -> Option<Fault> {
    let has_rules = connection.policy.is_none_or(|policy| policy.names_methods);
    let is_guarded = connection
        .policy
        .is_some_and(|policy| connection.is_guarded(policy));
    let lists = connection.settings.passable_lists();
    let has_no_other = !lists.is_empty() && lists == connection.settings.lists_beside_pam();
    let is_so = connection.requires() && is_guarded && !has_rules && has_no_other;
    let keyword = match connection.is("kbdinteractiveauthentication", "yes") {
        true => "authenticationmethods",
        false => "kbdinteractiveauthentication",
    };
    is_so.then(|| Fault {
        kind: &messages::SSHD_KEYS_ONLY,
        keyword,
        detail: connection.ways_beside_pam(),
    })
}

/// Each way in asks for a code outside the `Match` blocks, and not inside.
fn weaker_in_match(connection: &Connection<'_>) -> Option<Fault> {
    let (_, outside) = connection.sshd.connections.first()?;
    let outside = Connection {
        name: "",
        settings: outside,
        ..*connection
    };
    let has_rules = connection.policy.is_none_or(|policy| policy.names_methods);
    let is_so = outside.always_asks() && !connection.always_asks() && !has_rules;
    let keyword = ["authenticationmethods", "kbdinteractiveauthentication"];
    let keyword = keyword
        .into_iter()
        .find(|keyword| connection.differs(keyword));
    let lists: Vec<String> = connection
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
fn grace_time(connection: &Connection<'_>) -> Option<Fault> {
    let seconds = connection.settings.number("logingracetime")?;
    let is_so = connection.may_enroll() && (1..ENROLLMENT_SECONDS).contains(&seconds);
    is_so.then(|| Fault {
        kind: &messages::SSHD_GRACE_TIME,
        keyword: "logingracetime",
        detail: seconds.to_string(),
    })
}

/// Users have to enter the password and read a code, and sshd ends the login before.
fn code_time(connection: &Connection<'_>) -> Option<Fault> {
    let seconds = connection.settings.number("logingracetime")?;
    let has_enrolled = |policy: &PolicyFacts| policy.enrolled != Some(0) && !policy.is_off;
    let is_so = connection.policy.is_some_and(has_enrolled)
        && !connection.may_enroll()
        && (1..CODE_SECONDS).contains(&seconds);
    is_so.then(|| Fault {
        kind: &messages::SSHD_CODE_TIME,
        keyword: "logingracetime",
        detail: seconds.to_string(),
    })
}

/// The first refused key or wrong answer ends the connection.
fn one_try(connection: &Connection<'_>) -> Option<Fault> {
    let is_so = connection.settings.number("maxauthtries") == Some(1);
    is_so
        .then(|| fault(&messages::SSHD_ONE_TRY, "maxauthtries"))
        .flatten()
}

/// Rules accept security keys only, and a key without touch is enough for sshd.
fn touch(connection: &Connection<'_>) -> Option<Fault> {
    let demands = connection
        .policy
        .is_some_and(|policy| policy.demands_security_keys);
    let options = connection.settings.value("pubkeyauthoptions");
    let requires = ["touch-required", "verify-required"];
    let is_so = demands && !requires.iter().any(|option| options.contains(option));
    is_so
        .then(|| fault(&messages::SSHD_TOUCH, "pubkeyauthoptions"))
        .flatten()
}

/// An account without a password is entered without one.
fn empty_passwords(connection: &Connection<'_>) -> Option<Fault> {
    let is_so = connection.is("permitemptypasswords", "yes");
    is_so
        .then(|| fault(&messages::SSHD_EMPTY_PASSWORDS, "permitemptypasswords"))
        .flatten()
}

/// Beside the questions, a method is offered that answers each of them with the password.
fn password_method(connection: &Connection<'_>) -> Option<Fault> {
    let lists = connection.settings.passable_lists();
    let has = |method: &str| lists.iter().any(|list| list.contains(&method));
    let is_so = connection.is("usepam", "yes") && has(PASSWORD) && has(QUESTIONS);
    is_so
        .then(|| fault(&messages::SSHD_PASSWORD_METHOD, "passwordauthentication"))
        .flatten()
}
