//! The table of tfa-policy(7), read from the source of the manual.

use std::fmt;

const MANUAL: &str = include_str!("../../../man/tfa-policy.7");

/// The policies and rows of the manual, in its order.
pub(super) struct Table {
    pub(super) policies: Vec<Policy>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Policy {
    pub(super) name: &'static str,
    pub(super) config: String,
}

/// A login under a policy, and its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) policy: &'static str,
    pub(super) user: State,
    pub(super) login: Login,
    pub(super) outcome: Outcome,
}

/// Enums whose variants are words of the manual.
macro_rules! words {
    ($(#[$doc:meta])* $kind:ident { $($value:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $kind { $($value),+ }

        impl $kind {
            pub(super) const ALL: &[Self] = &[$(Self::$value),+];

            pub(super) fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            fn read(word: &str) -> Self {
                let found = Self::ALL.iter().find(|one| one.word() == word);
                *found.unwrap_or_else(|| panic!("{word:?} is no {}", stringify!($kind)))
            }
        }
    };
}

words! {
    /// The enrollment of a user.
    State { None "none", On "on", Paused "paused", Exempt "exempt", Staff "staff" }
}

words! {
    /// The kind of login.
    Login {
        Ssh "ssh", SshInside "ssh-inside", Key "key", SecurityKey "sk", HostKey "host", Console "console", Su "su", SuRoot "su-root",
    }
}

words! {
    Outcome {
        Code "code", In "in", Exempt "exempt", Notified "notified", Offered "offered", SetUp "set-up", Refused "refused",
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            policy,
            user,
            login,
            outcome,
        } = self;
        let (user, login, outcome) = (user.word(), login.word(), outcome.word());
        write!(formatter, "{policy} {user} {login}, wanted {outcome}")
    }
}

impl Table {
    pub(super) fn read() -> Self {
        let rows = MANUAL.lines().filter_map(row).collect();
        Self {
            policies: policies(),
            rows,
        }
    }

    pub(super) fn config(&self, policy: &str) -> &str {
        let found = self.policies.iter().find(|one| one.name == policy);
        &found.expect("the manual has the policy").config
    }
}

/// The name of each policy, with the literal block below it.
fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    let mut lines = MANUAL.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix(".It Sy ") else {
            continue;
        };
        if lines.next_if(|line| line.starts_with(".Bd ")).is_none() {
            continue;
        }
        let block = lines.by_ref().take_while(|line| *line != ".Ed");
        let config: String = block.map(|line| format!("{line}\n")).collect();
        assert!(!config.contains('\\'), "{name} has an escape of mdoc's");
        policies.push(Policy { name, config });
    }
    policies
}

fn row(line: &'static str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix(".It ")?.split(" Ta ").collect();
    let [policy, user, login, outcome] = cells[..] else {
        return None;
    };
    // The heading.
    if policy.starts_with("Em ") {
        return None;
    }
    Some(Row {
        policy,
        user: State::read(user),
        login: Login::read(login),
        outcome: Outcome::read(outcome),
    })
}
