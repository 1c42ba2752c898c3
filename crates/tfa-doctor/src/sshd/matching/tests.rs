use super::*;
use crate::sshd::config;

const PASSWD: &str = "\
root:x:0:0:::
nobody:x:65534:65534:::
alice:x:1001:100:::
bob:x:1002:100:::
carol:x:1003:1003:::
";
const GROUP: &str = "\
root:x:0:
nogroup:x:65534:
users:x:100:
admins:x:201:alice
devs:x:202:alice,bob
staff:x:203:alice,carol
mfa:x:204:alice
";

fn found(blocks: &[&str]) -> Connections {
    let lines = blocks.iter().map(|block| format!("Match {block}\n"));
    let text: String = lines.collect();
    let lines = config::read(config::MAIN, &|_| Some(text.clone()), &|_| None).lines;
    connections(&lines, &Users::parse(PASSWD, GROUP))
}

fn labels(blocks: &[&str]) -> Vec<String> {
    let found = found(blocks);
    assert!(found.not_examined.is_empty(), "{:?}", found.not_examined);
    found.connections.iter().map(Connection::label).collect()
}

#[test]
fn users_are_told_apart_by_all_their_groups() {
    assert_eq!(
        labels(&["Group admins", "Group devs"]),
        ["", "user=bob", "user=alice"]
    );
    assert_eq!(labels(&["Group staff,!mfa"]), ["", "user=carol"]);
    assert_eq!(labels(&["Group dev*"]), ["", "user=alice"]);
    assert_eq!(labels(&["Group *,!mfa,!nogroup"]), ["", "user=bob"]);
    assert_eq!(labels(&["Group users"]), ["", "user=alice"]);
    assert_eq!(labels(&["User 'bob'"]), ["", "user='bob'", "user=bob"]);
    assert_eq!(labels(&["User a*,!alice Group *"]), [""]);
}

#[test]
fn each_part_of_overlapping_networks_has_a_connection() {
    assert_eq!(
        labels(&["Address 10.0.0.0/24", "Address 10.0.0.0/8"]),
        ["", "addr=10.0.1.0", "addr=10.0.0.0"]
    );
    assert_eq!(
        labels(&["Address 192.168.0.0/16,!192.168.0.0/24"]),
        ["", "addr=192.168.255.255"]
    );
    assert_eq!(labels(&["Address 0.0.0.0/0"]), ["", "addr=203.0.113.250"]);
}

#[test]
fn values_of_different_criteria_are_combined() {
    assert_eq!(
        labels(&["User bob Address 10.*", "Host *.example.org", "RDomain v?"]),
        [
            "",
            "host=.example.org",
            "rdomain=va",
            "user=bob,addr=10.0.0.0",
            "host=.example.org,rdomain=va",
            "user=bob,addr=10.0.0.0,host=.example.org",
            "user=bob,addr=10.0.0.0,rdomain=va",
            "user=bob,addr=10.0.0.0,host=.example.org,rdomain=va",
        ]
    );
}

#[test]
fn what_cannot_be_told_apart_is_reported() {
    let users: Vec<String> = (0..40).map(|number| format!("User u{number}")).collect();
    let networks = (0..8).map(|number| format!("Address 10.{number}.*"));
    let blocks: Vec<String> = users.into_iter().chain(networks).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let cut = found(&blocks);
    assert_eq!(cut.connections.len(), MAX_CONNECTIONS);
    assert_eq!(cut.not_examined, [messages::too_many_connections()]);
    let newer = found(&["Tag x User bob"]);
    assert_eq!(newer.not_examined, [messages::unknown_criterion("tag")]);
    let uncertain = found(&["Address 10.*.7"]);
    assert_eq!(
        uncertain.not_examined,
        [messages::uncertain_pattern("10.*.7")]
    );
}

#[test]
fn the_domain_is_asked_about_only_if_it_is_named() {
    let argument = |blocks| found(blocks).connections[0].argument();
    assert!(!argument(&["User a"]).contains("rdomain"));
    assert!(argument(&["RDomain a"]).ends_with(",rdomain="));
}
