//! `tfactl explain`: simulates a login, and prints its outcome and the rule that decides.

use std::path::Path;

use serde::Serialize;
use tfa_client::{Failure, Terminal, now};
use tfa_proto::{Explanation, HypotheticalLogin, OpenEnum, PublishedPolicy};
use tfa_text::time::rfc3339;

use crate::args::{Login, Moment};
use crate::daemon::Daemon;
use crate::policy::Files;
use crate::{fleet, json, messages};

#[derive(Serialize)]
struct ExplanationJson<'a> {
    user: &'a str,
    service: &'a str,
    host: Option<&'a str>,
    from: &'a str,
    method: Option<&'a str>,
    key: Option<&'a str>,
    security_key: bool,
    at: String,
    files: Vec<&'a str>,
    published: Option<u64>,
    outcome: &'a str,
    reason: Option<&'a str>,
    phase: Option<&'a str>,
    rule: Option<Rule<'a>>,
    required: bool,
    grace_until: Option<String>,
    exempt_until: Option<String>,
    exempt_reason: Option<&'a str>,
    locked_until: Option<String>,
    permanently_locked: bool,
    lock_scope: Option<&'a str>,
    device: Option<u32>,
    device_until: Option<String>,
    session_minutes: Option<u32>,
    recovery_code: bool,
    audited: Option<&'a str>,
    audited_reason: Option<&'a str>,
    state: &'a str,
    shown: Option<&'a str>,
    unknown: &'a [String],
    uid: Option<u32>,
    groups: Option<&'a [String]>,
    offline: Option<&'a str>,
}

#[derive(Serialize)]
struct Rule<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> ExplanationJson<'a> {
    fn of(
        explained: &'a Explanation,
        hypothetical: &'a HypotheticalLogin,
        files: &'a Files,
        published: Option<&PublishedPolicy>,
        now: u64,
    ) -> Self {
        let rule = json::or_null(&explained.file).map(|file| Rule {
            file,
            line: explained.line,
        });
        Self {
            user: &explained.user,
            service: &hypothetical.service,
            host: hypothetical.host.as_deref(),
            from: json::from(hypothetical),
            method: json::method(hypothetical),
            key: explained.key.as_deref(),
            security_key: hypothetical.security_key == Some(true),
            at: rfc3339(hypothetical.at.unwrap_or(now)),
            files: files.names(),
            published: published.and_then(|policy| policy.revision),
            outcome: explained.outcome.name(),
            reason: explained.reason.as_ref().map(OpenEnum::name),
            phase: explained.phase.as_ref().map(OpenEnum::name),
            rule,
            required: explained.required,
            grace_until: explained.grace_until.map(rfc3339),
            exempt_until: explained.exempt_until.map(rfc3339),
            exempt_reason: explained.exempt_reason.as_deref(),
            locked_until: explained.locked_until.map(rfc3339),
            permanently_locked: explained.permanently_locked,
            lock_scope: explained.lock_scope.as_ref().map(OpenEnum::name),
            device: explained.device,
            device_until: explained.device_until.map(rfc3339),
            session_minutes: explained.session_minutes,
            recovery_code: explained.recovery_code,
            audited: explained.audited.as_ref().map(OpenEnum::name),
            audited_reason: explained.audited_reason.as_ref().map(OpenEnum::name),
            state: explained.state.name(),
            shown: json::or_null(&explained.shown),
            unknown: &explained.unknown,
            uid: hypothetical.uid,
            groups: hypothetical.groups.as_deref(),
            offline: explained.offline.as_ref().map(OpenEnum::name),
        }
    }
}

/// The user of a login.
pub(crate) struct Who<'a> {
    pub(crate) user: &'a str,
    /// The uid on members.
    pub(crate) uid: Option<u32>,
    /// All groups. An empty text is none.
    pub(crate) groups: Option<Vec<String>>,
}

pub(crate) async fn run(
    who: Who<'_>,
    login: &Login,
    key: Option<String>,
    at: Option<Moment>,
    policy: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let now = now();
    let at = at.map(|at| at.on_this_host(now)).transpose()?;
    let Who { user, uid, groups } = who;
    let named = |groups: Vec<String>| groups.into_iter().filter(|group| !group.is_empty());
    let hypothetical = HypotheticalLogin {
        key,
        uid,
        groups: groups.map(|groups| named(groups).collect()),
        ..login.hypothetical(at)
    };
    let files = Files::read(policy)?;
    files.room(&hypothetical, &[user])?;
    let mut daemon = Daemon::connect(&terminal).await?;
    if policy.is_none() {
        // There is no policy in force while every login is refused.
        daemon.fail_if_not_serving()?;
    }
    let published = files.published(&mut daemon).await?;
    let explained = daemon
        .explain(&files.contents(), user, hypothetical.clone())
        .await?;
    if as_json {
        json::print(
            &terminal,
            &ExplanationJson::of(&explained, &hypothetical, &files, published.as_ref(), now),
        )?;
        return daemon.fail_if_not_serving();
    }
    let width = messages::width(&terminal);
    let anywhere = login.is_from_anywhere();
    let text = messages::explanation(&explained, &hypothetical, anywhere, now, width);
    if let Some(published) = &published {
        terminal.print(&messages::hanging(
            &messages::policy_in_force(published),
            width,
        ))?;
    }
    terminal.print(&text)?;
    if let Some(host) = &hypothetical.host
        && fleet::is_not_in_fleet(&mut daemon, host).await?
    {
        terminal.error(&messages::host_not_in_fleet(host));
    }
    daemon.fail_if_not_serving()
}
