//! Caches that keep groups for so long that rules on groups come into force late.
//!
//! The daemon asks libc for the groups of a user at each login. A cache answers with what it knew before.
//! `ignore_group_members` and `enumerate` of sssd do no harm to that: a member is one by the list of the
//! user, too, which has all groups.

use super::HostFacts;
use crate::finding::Finding;
use crate::messages;

/// The configuration of nscd(8).
pub const NSCD_FILE: &str = "/etc/nscd.conf";
/// Sources of groups that nscd checks for changes by itself, or that have no groups of people.
const LOCAL: [&str; 4] = ["files", "compat", "db", "systemd"];
/// How long nscd keeps a group if the file does not say, in seconds.
const NSCD_SECONDS: u64 = 3600;
/// How long sssd keeps a group if the file does not say, in seconds: a default that is not reported.
const SSSD_SECONDS: u64 = 5400;
/// A longer time is reported for sssd, in seconds: a group that was changed in the morning counts in
/// the evening.
const LONG_SECONDS: u64 = 6 * 3600;

/// What is known of the caches of groups.
#[derive(Debug, Clone, Default)]
pub struct GroupCacheFacts {
    /// Rules of the policy name groups.
    pub rules_name_groups: bool,
    /// The sources of groups in nsswitch.conf(5), in their order.
    pub sources: Vec<String>,
    /// The text of nscd.conf(5), if nscd runs.
    pub nscd: Option<String>,
    /// The files of sssd.conf(5) and their texts, without passwords.
    pub sssd: Vec<(String, String)>,
}

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(cache) = host
        .group_cache
        .as_ref()
        .filter(|cache| cache.rules_name_groups)
    else {
        return Vec::new();
    };
    let found = |(place, seconds): (String, u64), program: &str| {
        let names = vec![program.to_owned()];
        Finding::beside_pam(&messages::GROUPS_CACHED, place, names, seconds.to_string())
    };
    let nscd = nscd(cache).map(|fault| found(fault, "nscd"));
    let has_sssd = cache.sources.iter().any(|source| source == "sss");
    let sssd = cache.sssd.iter().filter(|_| has_sssd);
    let sssd = sssd.flat_map(|(path, text)| sssd_domains(path, text));
    nscd.into_iter()
        .chain(sssd.map(|fault| found(fault, "sssd")))
        .collect()
}

/// The line of nscd.conf(5) that keeps groups, and for how many seconds. nscd notices changes of the
/// local files, unless that is switched off.
fn nscd(cache: &GroupCacheFacts) -> Option<(String, u64)> {
    let text = cache.nscd.as_ref()?;
    let set = |option: &str| {
        let lines = text.lines().zip(1..);
        let values = lines.filter_map(|(line, number)| {
            let mut words = line.split_whitespace();
            let is_set = words.next()? == option && words.next()? == "group";
            is_set.then_some((words.next()?, number))
        });
        values.last()
    };
    let (_, line) = set("enable-cache").filter(|(value, _)| *value == "yes")?;
    let is_local = |source: &String| LOCAL.contains(&source.as_str());
    let follows_files = set("check-files").is_none_or(|(value, _)| value == "yes");
    if follows_files && cache.sources.iter().all(is_local) {
        return None;
    }
    let seconds = set("positive-time-to-live").and_then(|(value, _)| value.parse().ok());
    Some((
        format!("{NSCD_FILE}:{line}"),
        seconds.unwrap_or(NSCD_SECONDS),
    ))
}

/// The domains of sssd that keep groups for long: the line, and the seconds.
fn sssd_domains(path: &str, text: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    // Of the domain that is being read: the time of all entries, and that of groups.
    let (mut all, mut groups) = (None, None);
    let mut is_domain = false;
    for (line, number) in text.lines().chain(["[end]"]).zip(1..) {
        let line = line.trim();
        if line.starts_with('[') {
            let (seconds, number) = groups.or(all).unwrap_or((SSSD_SECONDS, 0));
            if is_domain && seconds > LONG_SECONDS {
                found.push((format!("{path}:{number}"), seconds));
            }
            (all, groups) = (None, None);
            is_domain = line.starts_with("[domain/");
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let seconds = value.trim().parse().ok().map(|seconds| (seconds, number));
        match key.trim() {
            "entry_cache_timeout" => all = seconds,
            "entry_cache_group_timeout" => groups = seconds,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_nscd(sources: &str, conf: &str) -> Option<(String, u64)> {
        nscd(&GroupCacheFacts {
            sources: sources.split(' ').map(str::to_owned).collect(),
            nscd: Some(conf.to_owned()),
            ..GroupCacheFacts::default()
        })
    }

    #[test]
    fn nscd_counts_where_it_does_not_notice_a_change() {
        let on = "enable-cache group yes\n";
        let at = |seconds| Some(("/etc/nscd.conf:1".to_owned(), seconds));
        assert_eq!(with_nscd("files ldap", on), at(3600));
        let ttl = format!("{on}\tpositive-time-to-live\tgroup\t60\n");
        assert_eq!(with_nscd("files ldap", &ttl), at(60));
        assert_eq!(with_nscd("files systemd", on), None);
        assert_eq!(
            with_nscd("files", &format!("{on}check-files group no")),
            at(3600)
        );
        for off in [
            "enable-cache group no",
            "#enable-cache group yes",
            "enable-cache passwd yes",
            "",
        ] {
            assert_eq!(with_nscd("files ldap", off), None, "{off}");
        }
    }

    #[test]
    fn the_time_of_groups_comes_before_that_of_all_entries() {
        let found = |text: &str| sssd_domains("/s", text);
        let long = [("/s:2".to_owned(), 86_400)];
        assert_eq!(
            found("[domain/a]\nentry_cache_timeout = 86400\n[nss]\n"),
            long
        );
        assert_eq!(
            found("[domain/a]\nentry_cache_timeout=86400\nentry_cache_group_timeout=300"),
            []
        );
        assert_eq!(found("[domain/a]\nid_provider = ldap"), []);
        assert_eq!(found("[nss]\nentry_cache_timeout = 86400"), []);
        let second =
            "[domain/a]\nid_provider = ldap\n[domain/b]\nentry_cache_group_timeout = 86400";
        assert_eq!(found(second), [("/s:4".to_owned(), 86_400)]);
    }
}
