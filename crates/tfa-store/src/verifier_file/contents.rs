//! What a further verifier is told.

use minicbor::{Decode, Encode};
use zeroize::{Zeroize as _, Zeroizing};

/// Longer than any contents: a buffer that grows would leave the token in freed memory.
const CAPACITY: usize = 32 * 1024;

/// What a further verifier is told. The token is wiped on drop.
#[derive(Encode, Decode)]
pub struct VerifierInvitation {
    /// The name of the host.
    #[n(0)]
    pub host: String,
    /// The token with which it joins the fleet.
    #[n(1)]
    pub token: String,
    /// The TCP port at which it accepts hosts.
    #[n(2)]
    pub port: u16,
    /// Where etcd is.
    #[n(3)]
    pub etcd: EtcdAccess,
    /// Which store it is: the contents of the file `etcd.id`. Set where the file is written.
    #[n(4)]
    pub store: String,
}

/// Where etcd is, as in tfa-fleet.toml of the verifier that invites.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct EtcdAccess {
    /// The URLs of its members.
    #[n(0)]
    pub endpoints: Vec<String>,
    /// What the names of all keys begin with. `None` for the default.
    #[n(1)]
    pub prefix: Option<String>,
    /// The file of the authority of etcd.
    #[n(2)]
    pub ca: Option<String>,
    /// The file of the certificate for etcd.
    #[n(3)]
    pub certificate: Option<String>,
    /// The file of its key.
    #[n(4)]
    pub key: Option<String>,
}

impl VerifierInvitation {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(CAPACITY));
        // Writing to a vector does not fail.
        let _ = minicbor::encode(self, &mut *bytes);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

impl Drop for VerifierInvitation {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}
