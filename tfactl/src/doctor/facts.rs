//! The facts about this host.

use tfa_client::{Failure, Terminal};
use tfa_doctor::{DaemonProblem, Facts, PamFacts, PolicyFacts};
use tfa_pam_host::PamHost;
use tfa_proto::DaemonFacts;

use crate::daemon::Daemon;

/// Collects what can be known. A daemon that does not answer is a fact, too.
pub(crate) async fn collect(terminal: &Terminal) -> Result<Facts, Failure> {
    let pam = PamFacts::read(&PamHost::new());
    let (policy, daemon) = match ask(terminal).await {
        Ok(facts) => (Some(policy_of(facts)), None),
        Err(Failure::NoBus | Failure::NoDaemon) => (None, Some(DaemonProblem::Down)),
        Err(Failure::NoAnswer) => (None, Some(DaemonProblem::Silent)),
        Err(Failure::Refused(why)) => (None, Some(DaemonProblem::Refuses(why))),
        Err(other) => return Err(other),
    };
    Ok(Facts {
        pam,
        policy,
        daemon,
    })
}

async fn ask(terminal: &Terminal) -> Result<DaemonFacts, Failure> {
    Daemon::connect(terminal).await?.facts().await
}

fn policy_of(facts: DaemonFacts) -> PolicyFacts {
    PolicyFacts {
        requires: facts.requires.unwrap_or_default(),
        names_methods: facts.names_methods.unwrap_or_default(),
        demands_security_keys: facts.demands_security_keys.unwrap_or_default(),
        guard: facts.guard.unwrap_or_default(),
    }
}
