//! The errors of the contract. The name carries the meaning, the text is for people.

/// What the daemon answers instead of a result: `org.tfad.Tfa1.Error.*`.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.tfad.Tfa1.Error")]
pub enum Error {
    /// Anything that the bus itself, or another program, has to say.
    #[zbus(error)]
    Bus(zbus::Error),
    /// The caller may not do that.
    NotAuthorized(String),
    /// polkit asked for a password, and none that is right was given.
    AuthenticationFailed(String),
    /// polkit would ask for a password, and no authentication agent serves the caller.
    NoAuthenticationAgent(String),
    /// The system knows no such user.
    UnknownUser(String),
    /// No dialog of that number belongs to the caller: it is over, or another's.
    NoSuchDialog(String),
    /// The caller has too many dialogs open, or the daemon too much to do.
    Busy(String),
    /// An argument makes no sense.
    InvalidArgument(String),
    /// The change takes a code, and none was given. Nothing was judged or counted.
    CodeNeeded(String),
    /// The code was wrong, or was used before.
    WrongCode(String),
    /// Too many wrong codes: the text says until when.
    Locked(String),
    /// Two-factor login is not set up for that user.
    NotSetUp(String),
    /// Two-factor login is set up already.
    AlreadySetUp(String),
    /// Nothing waits to be confirmed.
    NothingPending(String),
    /// The account is in a state in which that makes no sense (paused, not paused).
    WrongState(String),
    /// A first set-up takes an invitation, and none was given, or none is good now.
    InvitationNeeded(String),
    /// The policy requires two-factor login of this user: it cannot be switched off.
    Required(String),
    /// The record cannot be read: damaged, or sealed with another key.
    Damaged(String),
    /// The sealing key is not there.
    KeyLost(String),
    /// The user name belongs to another uid than when it was set up.
    UidChanged(String),
    /// The daemon runs and serves no login: its configuration or its store cannot be used.
    NotServing(String),
    /// The store did not take the change.
    Storage(String),
}
