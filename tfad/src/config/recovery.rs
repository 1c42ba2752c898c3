//! Who may use the recovery code of this host.

use tfa_core::Group;

/// The keys of `[recovery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryRules {
    /// The groups whose members may use it, beside root.
    pub administrators: Vec<Group>,
}

impl Default for RecoveryRules {
    /// The groups of polkit's shipped rules: `sudo` on Debian, `wheel` elsewhere.
    fn default() -> Self {
        let administrators = ["sudo", "wheel"].map(|name| Group::Name(name.to_owned()));
        Self {
            administrators: administrators.to_vec(),
        }
    }
}
