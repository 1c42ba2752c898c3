//! The keys that the file knows, by table.

use super::mistake::Wrong;
use super::values::{nearest, shown};

/// The keys of one table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// How the table's header is written.
    pub(super) title: &'static str,
    /// Its keys.
    pub(super) names: &'static [&'static str],
}

/// The tables.
pub(super) const FILE: Keys = Keys {
    title: "the file",
    names: &["policy", "enrollment"],
};

/// What holds for everybody.
pub(super) const POLICY: Keys = Keys {
    title: "[policy]",
    names: &[
        "mode",
        "since",
        "grace",
        "after_grace",
        "audit",
        "guard",
        "invitation",
        "sshd_methods",
        "consoles",
        "rule",
    ],
};

/// A rule: for whom, and what.
pub(super) const RULE: Keys = Keys {
    title: "[[policy.rule]]",
    names: &[
        "users",
        "groups",
        "uids",
        "services",
        "origins",
        "methods",
        "mode",
        "since",
        "grace",
        "after_grace",
    ],
};

/// How authenticators are set up.
pub(super) const ENROLLMENT: Keys = Keys {
    title: "[enrollment]",
    names: &["issuer", "qr"],
};

impl Keys {
    /// What is wrong with a key that is not among these.
    pub(super) fn unknown(&self, key: &str) -> Wrong {
        let wrong = Wrong::new(format!("unknown key {} in {}", shown(key), self.title));
        if key == "rule" {
            return wrong.help("write [[policy.rule]]");
        }
        let home = [POLICY, RULE, ENROLLMENT]
            .into_iter()
            .find(|table| table.names.contains(&key));
        match home {
            // Whatever follows the header of a rule belongs to the rule.
            Some(POLICY) if *self == RULE => {
                wrong.help("it belongs to [policy], above the first [[policy.rule]]")
            }
            Some(home) => wrong.help(format!("it belongs to {}", home.title)),
            None => match nearest(key, self.names.iter().copied()) {
                None => wrong.help(format!("known are {}", self.names.join(", "))),
                near => wrong.meant(near),
            },
        }
    }
}
