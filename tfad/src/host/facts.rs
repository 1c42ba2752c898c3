//! What a login depends on of the host where the user logs in.
//!
//! For a login on this host, the name service and the PAM files answer ([`LocalHost`]). For a login on a
//! member of a fleet, they would answer about the wrong host: its facts come with the request. A fact that
//! is not there is an error and never a no, so that the host can be asked for it.

use std::fmt;
use std::sync::Arc;

use tfa_core::{AttemptId, HostName, Subject, ThrottleScope};
use tfa_proto::{Consoles, Context};

use crate::fleet::Floor;
use crate::host::subject::SubjectQuery;
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::host::{host_name, name_in_rules, pam_files};

/// The host of a login. Each call may block.
pub trait HostFacts: fmt::Debug + Send + Sync {
    /// The name of the host, for the texts of the login.
    fn name(&self) -> String;

    /// The name of the host, for the rules; `None` if they can name none.
    fn name_in_rules(&self) -> Option<HostName>;

    /// Whether the user is at a console. `consoles` are those of this host; another one has its own.
    ///
    /// # Errors
    /// [`Missing::Console`].
    fn is_at_console(&self, context: &Context, consoles: &Consoles) -> Result<bool, Missing>;

    /// The names of a user, and their groups. What the host cannot determine is unknown.
    ///
    /// # Errors
    /// [`Missing::Subject`].
    fn subject(&self, user: &User, query: SubjectQuery) -> Result<Subject, Missing>;

    /// Whether each session of a service that opens has passed a session line of `pam_tfa`.
    ///
    /// # Errors
    /// [`Missing::SessionPhase`]: with a wrong yes nothing would decide the login, and with a wrong no
    /// its method would not count.
    fn session_phase_decides(&self, service: &str) -> Result<bool, Missing>;

    /// Whether the auth lines of a service go on to `pam_tfa` after a wrong password. The answer is also yes
    /// where the host has not told: then nothing replaces a code.
    fn goes_on_after_wrong_password(&self, service: &str) -> bool;

    /// What the policy of the host itself requires of the login, where this daemon has another one.
    fn floor(&self) -> Option<&Floor>;

    /// What wrong codes at this host are counted on, given the scope that they have where the accounts are.
    fn throttle_scope(&self, scope: ThrottleScope) -> ThrottleScope;

    /// The id of the attempt, if the host has drawn one.
    fn attempt(&self) -> Option<AttemptId>;

    /// The same host without what only the begin of a login depends on; `None` if that is nothing.
    fn for_dialog(&self) -> Option<Arc<dyn HostFacts>> {
        None
    }

    /// Whether it is the host of this daemon. The recovery code, the calls that wait for polkit, and the
    /// codes of login sessions belong to this host alone.
    fn is_local(&self) -> bool;
}

/// A fact that a host has not told. A login that depends on it cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Whether the user is at a console.
    Console,
    /// The answer to this question about the user.
    Subject(SubjectQuery),
    /// Whether the session phase of the service decides.
    SessionPhase,
}

/// The host of this daemon, whose name service is called for these callers. It tells every fact.
#[derive(Debug, Clone, Copy)]
pub struct LocalHost(pub CallsFor);

impl HostFacts for LocalHost {
    fn name(&self) -> String {
        host_name()
    }

    fn name_in_rules(&self) -> Option<HostName> {
        name_in_rules()
    }

    fn is_at_console(&self, context: &Context, consoles: &Consoles) -> Result<bool, Missing> {
        Ok(context.at_console(consoles))
    }

    fn subject(&self, user: &User, query: SubjectQuery) -> Result<Subject, Missing> {
        Ok(query.look_up(user, self.0))
    }

    fn session_phase_decides(&self, service: &str) -> Result<bool, Missing> {
        Ok(pam_files::session_phase_decides(service))
    }

    fn goes_on_after_wrong_password(&self, service: &str) -> bool {
        pam_files::goes_on_after_wrong_password(service)
    }

    fn floor(&self) -> Option<&Floor> {
        None
    }

    fn throttle_scope(&self, scope: ThrottleScope) -> ThrottleScope {
        scope
    }

    fn attempt(&self) -> Option<AttemptId> {
        None
    }

    fn is_local(&self) -> bool {
        true
    }
}
