//! What is checked on this host before a fleet is made, and before an invitation is used.

use std::fs;
use std::net::SocketAddr;

use tfa_client::{Failure, Interrupt, Terminal};

use crate::confirm::confirm;
use crate::messages;

/// Refuses a URL of etcd with which tfa-fleet does not start.
pub(super) fn check_endpoints(endpoints: &[String]) -> Result<(), Failure> {
    let bad = endpoints.iter().find(|url| !is_usable(url));
    bad.map_or(Ok(()), |url| {
        Err(Failure::Refused(messages::bad_endpoint(url)))
    })
}

/// Whether it is reached over TLS, or is on this host.
fn is_usable(url: &str) -> bool {
    if let Some(plain) = url.strip_prefix("http://") {
        let plain = plain.strip_suffix('/').unwrap_or(plain);
        let address = plain.parse::<SocketAddr>();
        return address.is_ok_and(|address| address.ip().is_loopback());
    }
    let rest = url.strip_prefix("https://");
    let parts = rest.and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
    parts.is_some_and(|(host, port)| {
        !host.is_empty() && port.parse().is_ok_and(|port: u16| port != 0)
    })
}

/// The name of this host, in lower case, as certificates have it.
pub(super) fn host_name() -> Result<String, Failure> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.map_err(|error| Failure::Refused(messages::no_host_name(&error)))?;
    Ok(name.trim().to_ascii_lowercase())
}

/// The name of this host, if an invitation for `invited` is probably for another one: the first labels differ.
fn other_name(invited: &str) -> Option<String> {
    let own = host_name().ok()?;
    (!is_same_host(&own, invited)).then_some(own)
}

/// Whether a host of one name may be called the other as well.
fn is_same_host(own: &str, invited: &str) -> bool {
    let label = |name: &str| name.split('.').next().map(str::to_ascii_lowercase);
    label(own) == label(invited)
}

/// Asks whether to go on where an invitation is probably for another host. With `yes`, or without a terminal, it only
/// says so: a host that a cloud has named may be invited under another name.
pub(super) async fn confirm_name(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
    invited: &str,
    yes: bool,
) -> Result<(), Failure> {
    let Some(own) = other_name(invited) else {
        return Ok(());
    };
    if yes || !terminal.is_interactive() {
        terminal.error(&messages::invited_other(&own, invited));
        return Ok(());
    }
    ask_to_go_on(
        terminal,
        interrupt,
        &messages::ask_other_name(&own, invited),
    )
    .await
}

/// Asks this question about an invitation. Another answer than yes leaves the invitation unused.
pub(super) async fn ask_to_go_on(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
    question: &str,
) -> Result<(), Failure> {
    confirm(terminal, interrupt, question, messages::INVITATION_UNUSED).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_host_alone() {
        for url in [
            "https://192.0.2.1:2379",
            "https://etcd1.example:2379/",
            "https://[2001:db8::7]:2379",
            "http://127.0.0.1:2379",
            "http://[::1]:2379/",
        ] {
            assert!(is_usable(url), "{url}");
        }
        for url in [
            "http://192.0.2.1:2379",
            "http://localhost:2379",
            "https://192.0.2.1",
            "https://:2379",
            "https://v1.example:0",
            "https://v1.example:99999",
            "192.0.2.1:2379",
            "",
        ] {
            assert!(!is_usable(url), "{url}");
        }
    }

    #[test]
    fn hosts_are_compared_by_their_first_label() {
        assert!(is_same_host("v2", "v2.example") && is_same_host("V2.local", "v2.example"));
        assert!(!is_same_host("v3", "v2.example") && !is_same_host("v2", "v22.example"));
    }
}
