//! Who calls.

use tfa_core::HostName;

/// A caller, by the uid that the kernel or the bus vouches for. What it says of itself is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of its connection, which no other ever has: on the bus the unique name, at the socket
    /// a number.
    pub name: String,
    /// Its uid.
    pub uid: u32,
    /// Its pid when it connected, as the kernel reports it at the login socket. It may run no more.
    pub pid: Option<u32>,
    /// The member of a fleet that it is on; `None` on this host.
    pub host: Option<HostName>,
}

impl Caller {
    /// Whether it is root, who may begin logins of other users.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
}
