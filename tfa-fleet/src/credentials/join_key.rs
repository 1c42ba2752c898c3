//! The key with which this host joins: one for each token.
//!
//! A token is good again for the key that has used it, and for no other one. So the key is found again as long as the
//! token may come again: where the reply of the verifier was lost, and where the command that makes this host a member
//! was interrupted after it.

use tfa_fleet_core::InvitationId;
use zeroize::Zeroizing;

use super::{BadKey, Folder, FolderError, HostKey, pem};

/// The number of the invitation in a line, and the key.
const JOIN: &str = "join.pem";

impl Folder {
    /// The key for this invitation: that of an earlier attempt with it, else a new one. It is on the disk before
    /// it is used. A key of another invitation is replaced: that host may have been removed because its key was stolen.
    pub(crate) fn join_key(&self, invitation: InvitationId) -> Result<HostKey, FolderError> {
        let head = format!("invitation {invitation}\n");
        match self.read(JOIN)? {
            Some(text) if text.starts_with(head.as_bytes()) => self.key_in(JOIN, &text),
            _ => {
                let key = HostKey::generate().map_err(|BadKey| FolderError::NoKey)?;
                let section = pem::section("PRIVATE KEY", key.as_pkcs8());
                let mut text = Zeroizing::new(Vec::with_capacity(head.len() + section.len()));
                text.extend_from_slice(head.as_bytes());
                text.extend_from_slice(&section);
                self.write(JOIN, &text)?;
                Ok(key)
            }
        }
    }

    /// Removes that key, which is not the one of this host any more.
    pub(crate) fn forget_join_key(&self) {
        let _ = std::fs::remove_file(self.0.join(JOIN));
    }
}
