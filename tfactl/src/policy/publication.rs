//! `tfactl policy publish`, `show` and `unpublish`: the policy that is in force on every verifier.

use std::path::Path;

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_proto::PublishedPolicy;
use tfa_text::time::rfc3339;

use super::files::Files;
use super::impact;
use crate::confirm::confirm;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct PublishedJson<'a> {
    revision: Option<u64>,
    published: Option<String>,
    host: Option<&'a str>,
    uid: Option<u32>,
    zone: Option<&'a str>,
    problem: Option<&'a str>,
    text: Option<&'a str>,
}

/// Publishes the policy of a file.
pub(crate) async fn publish(file: &Path, yes: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    if !yes && !terminal.is_interactive() {
        return Err(Failure::Refused(messages::PUBLISHING_NEEDS_YES.to_owned()));
    }
    let files = Files::one(file)?;
    let mut daemon = Daemon::connect(&terminal).await?;
    let before = daemon.published_policy().await?;
    let width = messages::width(&terminal);
    for warning in daemon.check_publication(files.text()).await? {
        terminal.error(&messages::policy_warning(&warning, width));
    }
    let impacts = impact::of_draft(&mut daemon, &terminal, &files).await?;
    let is_verifier = daemon.is_verifier().await?;
    let impact = messages::impact_of_publication(file, &impacts, is_verifier, width);
    terminal.print(&impact)?;
    if !yes {
        let (question, otherwise) = (messages::ASK_TO_PUBLISH, messages::NOT_PUBLISHED);
        confirm(&mut terminal, daemon.interrupt(), question, otherwise).await?;
    }
    let expected = before.revision.unwrap_or_default();
    let revision = daemon.publish_policy(files.text(), expected).await?;
    terminal.print(&messages::published(revision, width))?;
    daemon.unrepeated(Daemon::serves_now(&terminal).await)
}

/// Prints the published policy, in a form that can be published again.
pub(crate) async fn show(as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let policy = daemon.published_policy().await?;
    if as_json {
        let report = PublishedJson {
            revision: policy.revision,
            published: policy.published.map(rfc3339),
            host: policy.host.as_deref(),
            uid: policy.uid,
            zone: policy.zone.as_deref(),
            problem: policy.problem.as_deref(),
            text: policy.text.as_deref(),
        };
        json::print(&terminal, &report)?;
    } else if policy.revision.is_none() {
        let width = messages::width(&terminal);
        terminal.print(&messages::no_policy_published(width))?;
    } else {
        terminal.print(&messages::published_policy(&policy))?;
    }
    daemon.fail_if_not_serving()
}

/// Removes the published policy: on each verifier that of its files is in force.
pub(crate) async fn unpublish(yes: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    if !yes && !terminal.is_interactive() {
        return Err(Failure::Refused(
            messages::UNPUBLISHING_NEEDS_YES.to_owned(),
        ));
    }
    let mut daemon = Daemon::connect(&terminal).await?;
    let PublishedPolicy { revision, .. } = daemon.published_policy().await?;
    let width = messages::width(&terminal);
    let Some(revision) = revision else {
        return Err(Failure::Refused(messages::no_policy_published(width)));
    };
    terminal.print(&messages::unpublishing(width))?;
    if !yes {
        let (question, otherwise) = (messages::ASK_TO_UNPUBLISH, messages::NOT_UNPUBLISHED);
        confirm(&mut terminal, daemon.interrupt(), question, otherwise).await?;
    }
    daemon.unpublish_policy(revision).await?;
    terminal.print(&messages::unpublished(width))?;
    daemon.unrepeated(Daemon::serves_now(&terminal).await)
}
