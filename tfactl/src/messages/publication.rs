//! `tfactl policy publish`, `show` and `unpublish`.

use std::path::Path;

use tfa_proto::{Impact, OpenEnum, Outcome, PublishedPolicy};
use tfa_text::shell::quoted;
use tfa_text::time::date_time;
use tfa_text::{plural, wrapped};

use super::hanging;

pub(crate) const PUBLISH_HELP: &str = "\
The policy is checked first. Warnings, and the number of users whom it would
refuse or have enroll, are printed before the question. FILE.d is not read.
The published policy is in force on every verifier of the fleet from the next
login on. There it replaces [policy], [enrollment], [authenticator] and
[remember] of the files; [recovery], [store] and [fleet] are not published.
Dates without a time zone are of the time zone of this host.
To go back: publish the policy of before, or use tfactl policy unpublish.";

pub(crate) const SHOW_POLICY_HELP: &str = "\
The output can be published again: what is not the policy is a comment.
Keys of the JSON output; absent values are null:
  revision     its number, greater than that of the policy before
  published    when it was published
  host, uid    where it was published, and by which user there
  zone         the time zone of dates that name none
  problem      why this host cannot use it; logins are then refused
  text         the policy
Without a published policy all values are null.";

pub(crate) const UNPUBLISH_HELP: &str = "\
From the next login on, each verifier applies the policy of its own files.";

pub(crate) const PUBLISHING_NEEDS_YES: &str = "\
A policy is published after a question, and this is not a terminal.
Nothing was published. To publish it without the question, add --yes";

pub(crate) const UNPUBLISHING_NEEDS_YES: &str = "\
The published policy is removed after a question, and this is not a terminal.
Nothing was changed. To remove it without the question, add --yes";

pub(crate) const ASK_TO_PUBLISH: &str = "Publish it for all verifiers? [y/N] ";

pub(crate) const NOT_PUBLISHED: &str = "Not published. The policy of before stays in force.";

pub(crate) const ASK_TO_UNPUBLISH: &str = "Remove the published policy? [y/N] ";

pub(crate) const NOT_UNPUBLISHED: &str = "Not removed. The published policy stays in force.";

pub(crate) fn policy_warning(warning: &str, width: usize) -> String {
    hanging(&format!("warning: {warning}"), width)
}

/// How many users could not log in as they are.
pub(crate) fn impact_of_publication(
    file: &Path,
    impacts: &[Impact],
    is_verifier: bool,
    width: usize,
) -> String {
    let count = |of: fn(&Impact) -> &OpenEnum<Outcome>, outcome| {
        let is_so = |impact: &&Impact| of(impact).known() == Some(outcome);
        impacts.iter().filter(is_so).count()
    };
    let now: fn(&Impact) -> &OpenEnum<Outcome> = |impact| &impact.now;
    let later: fn(&Impact) -> &OpenEnum<Outcome> = |impact| &impact.later;
    let head = format!(
        "With {}, for a login over SSH with the password:",
        file.display()
    );
    let of_members = match is_verifier {
        true => format!("{}\n", of_members(impacts, width)),
        false => String::new(),
    };
    format!(
        "{}\n\
         \u{20} Users of this host:               {}\n\
         \u{20} Refused now:                      {}\n\
         \u{20} Must enroll now:                  {}\n\
         \u{20} Refused after a grace period:     {}\n\
         \u{20} Must enroll after a grace period: {}\n\
         {of_members}To see who: tfactl policy impact {}",
        wrapped(&head, width),
        impacts.len(),
        count(now, Outcome::Refused),
        count(now, Outcome::SetUp),
        count(later, Outcome::Refused),
        count(later, Outcome::SetUp),
        quoted(&file.to_string_lossy())
    )
}

/// What the impact on the users of a verifier does not tell of logins on members.
pub(crate) fn of_members(impacts: &[Impact], width: usize) -> String {
    let no_grace = |impact: &&Impact| impact.after_first_login == Some(true);
    let count = impacts.iter().filter(no_grace).count();
    let counted = "Users whom only members know are not counted.";
    let text = match count {
        0 => counted.to_owned(),
        _ => plural(
            u64::try_from(count).unwrap_or(u64::MAX),
            format!(
                "{counted} A login on a member begins no grace period: on members, the policy applies at once \
                 to 1 of these users, for whom it has no since."
            ),
            format!(
                "{counted} A login on a member begins no grace period: on members, the policy applies at once \
                 to {count} of these users, for whom it has no since."
            ),
        ),
    };
    wrapped(&text, width)
}

pub(crate) fn published(revision: u64, width: usize) -> String {
    let text = format!(
        "The policy is published, with the revision {revision}. It is in force on every verifier from the \
         next login on."
    );
    wrapped(&text, width)
}

/// The published policy, with what is known of it as comments.
pub(crate) fn published_policy(policy: &PublishedPolicy) -> String {
    let mut head = vec![format!("# {}", which(policy))];
    if let Some(zone) = &policy.zone {
        head.push(format!("# Dates without a time zone: {zone}"));
    }
    if let Some(problem) = &policy.problem {
        head.extend(wrapped(problem, 78).lines().map(|line| format!("# {line}")));
    }
    let text = policy.text.as_deref().unwrap_or_default();
    format!("{}\n{}", head.join("\n"), text.trim_end())
}

/// Which policy it is, in one line.
pub(crate) fn which(policy: &PublishedPolicy) -> String {
    let revision = policy.revision.unwrap_or_default();
    let Some(published) = policy.published.map(date_time) else {
        return format!("The published policy, revision {revision}");
    };
    let host = policy.host.as_deref().unwrap_or_default();
    let uid = policy.uid.unwrap_or_default();
    format!("The published policy, revision {revision}, {published}, by uid {uid} on {host}")
}

/// The published policy, as that by which a login was simulated.
pub(crate) fn policy_in_force(policy: &PublishedPolicy) -> String {
    let revision = policy.revision.unwrap_or_default();
    let of = policy.published.map(date_time).unwrap_or_default();
    format!("Policy: the published policy, revision {revision}, {of}")
}

pub(crate) fn no_policy_published(width: usize) -> String {
    wrapped(
        "No policy is published. On this host that of its files is in force.",
        width,
    )
}

pub(crate) fn unpublishing(width: usize) -> String {
    wrapped(
        "Each verifier then applies the policy of its own files, which may be less strict.",
        width,
    )
}

pub(crate) fn unpublished(width: usize) -> String {
    wrapped(
        "The published policy is removed. From the next login on, each verifier applies the policy of its \
         own files.",
        width,
    )
}
