//! What happens in a fleet at most, and what of its code is made wrong on purpose.

/// The bounds of a model.
#[derive(Clone)]
pub struct Plan {
    /// The logins.
    pub logins: Vec<Login>,
    /// The number of verifiers.
    pub verifiers: u8,
    /// The wrong codes that are counted at first. `None`: the user has not enrolled.
    pub failures: Option<u32>,
    /// How often an administrator enrolls the user, and how often one removes the record.
    pub enrollments: u8,
    /// As `enrollments`.
    pub removals: u8,
    /// How many calls to etcd get no reply, or arrive twice.
    pub faults: u8,
    /// How often a verifier crashes.
    pub crashes: u8,
    /// How many dialogs a login begins.
    pub dialogs: u8,
    /// How many answers one dialog gets.
    pub answers: usize,
    /// How often a call to etcd is made at most.
    pub tries: u32,
    /// What is wrong.
    pub mutation: Option<Mutation>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            logins: Vec::new(),
            verifiers: 2,
            failures: Some(0),
            enrollments: 0,
            removals: 0,
            faults: 1,
            crashes: 1,
            dialogs: 2,
            answers: 2,
            tries: 2,
            mutation: None,
        }
    }
}

/// A login of the user at a member.
#[derive(Clone)]
pub struct Login {
    /// The member.
    pub member: &'static str,
    /// The bytes that the member has drawn for it.
    pub random: u8,
    /// What the user types, as long as it is asked for.
    pub types: Vec<&'static str>,
}

/// A fault of the code. Each must be found by a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// An answer has no id: one that comes again counts as new.
    NoAttemptId,
    /// All logins have the same attempt id.
    OneAttemptId,
    /// Transactions have no conditions.
    PutAlways,
    /// A verdict is given when the transaction is sent.
    VerdictBeforeCommit,
    /// A read after the begin of a dialog returns what etcd had before its last change.
    StaleReads,
    /// A removal deletes the key.
    RemovalDeletes,
}
