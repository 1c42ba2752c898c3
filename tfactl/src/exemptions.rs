//! `tfactl exemptions`: what lets logins in without a second factor.

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_proto::{Exemption, OpenEnum};
use tfa_text::time::rfc3339;

use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct ExemptionJson<'a> {
    kind: &'a str,
    user: Option<&'a str>,
    service: Option<&'a str>,
    mode: Option<&'a str>,
    rule: Option<Rule<'a>>,
    until: Option<String>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Rule<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> From<&'a Exemption> for ExemptionJson<'a> {
    fn from(exemption: &'a Exemption) -> Self {
        Self {
            kind: exemption.kind.name(),
            user: exemption.user.as_deref(),
            service: exemption.service.as_deref(),
            mode: exemption.mode.as_ref().map(OpenEnum::name),
            rule: exemption.file.as_deref().map(|file| Rule {
                file,
                line: exemption.line.unwrap_or_default(),
            }),
            until: exemption.until.map(rfc3339),
            reason: exemption.reason.as_deref(),
        }
    }
}

pub(crate) async fn run(as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    // No policy is in force otherwise.
    daemon.fail_if_not_serving()?;
    let mut exemptions = daemon.policy_exemptions().await?;
    exemptions.extend(daemon.user_exemptions().await?);
    if as_json {
        let exemptions: Vec<_> = exemptions.iter().map(ExemptionJson::from).collect();
        return json::print(&terminal, &exemptions);
    }
    let width = messages::width(&terminal);
    Ok(terminal.print(&messages::exemptions(&exemptions, width))?)
}
