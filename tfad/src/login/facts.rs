//! What a second factor depends on in a login, or in a simulation of one.

use tfa_core::{Login, PhaseInput, ThrottleScope};
use tfa_proto::Context;

use super::pam_context;
use crate::host::facts::HostFacts;

/// A login in one of its phases, as far as the second factor depends on it.
#[derive(Clone, Copy)]
pub(super) struct LoginFacts<'login> {
    /// The host of the login.
    pub(super) host: &'login dyn HostFacts,
    /// The program runs as root: what it says of the login is true.
    pub(super) is_root: bool,
    pub(super) context: &'login Context,
    pub(super) login: &'login Login,
    pub(super) phase: PhaseInput,
}

impl LoginFacts<'_> {
    /// What its wrong codes count on.
    pub(super) fn throttle_scope(&self) -> ThrottleScope {
        let scope = pam_context::throttle_scope(self.is_root, self.login);
        self.host.throttle_scope(scope)
    }
}
