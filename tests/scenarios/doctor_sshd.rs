//! The connections of `Match` blocks, compared with sshd over each combination of a small world: no connection has a
//! set of blocks that none of the connections has.

use std::collections::{BTreeMap, BTreeSet};

use tfa_doctor::sshd::config;
use tfa_doctor::sshd::matching::{Users, connections};
use tfa_tests::{Machine, Suite};

/// How many configurations are compared. sshd reads all of them at once.
const CONFIGURATIONS: usize = 50;
const CONFIG: &str = "/root/connections.conf";

const USERS: [&str; 6] = ["root", "nobody", "ann", "anton", "bob", "carol"];
const ADDRESSES: [&str; 9] = [
    "10.0.0.1",
    "10.0.0.77",
    "10.0.9.1",
    "10.200.0.1",
    "192.168.0.5",
    "203.0.113.9",
    "2001:db8::1",
    "2001:db8:1::1",
    "::1",
];
const HOSTS: [&str; 2] = ["web.example.org", "db.example.org"];
/// The local address, the local port, and the routing domain.
const LOCAL_ENDS: [(&str, &str, &str); 4] = [
    ("127.0.0.1", "22", ""),
    ("192.0.2.7", "22", "vrf1"),
    ("127.0.0.1", "2222", "vrf2"),
    ("192.0.2.7", "2222", ""),
];
/// How many connections sshd is asked about in one command.
const BATCH: usize = 50;

/// The patterns of each criterion.
const PATTERNS: [(&str, &[&str]); 7] = [
    (
        "User",
        &[
            "ann", "an*", "!ann", "?ob", "*", "bob", "!an*", "zoe", "*o*",
        ],
    ),
    (
        "Group",
        &[
            "admins", "devs", "dev*", "!mfa", "*", "staff", "people", "!dev*", "*s",
        ],
    ),
    (
        "Address",
        &[
            "10.0.0.0/8",
            "10.0.0.0/24",
            "!10.0.0.0/24",
            "10.0.0.64/26",
            "10.0.*",
            "192.168.0.0/16",
            "!192.168.0.5",
            "*",
            "0.0.0.0/0",
            "2001:db8::/32",
            "!2001:db8::/48",
            "::/0",
        ],
    ),
    (
        "Host",
        &[
            "*.example.org",
            "!web.*",
            "*",
            "DB.example.org",
            "??.example.org",
            "*.test",
        ],
    ),
    ("LocalAddress", &["127.0.0.1", "!127.0.0.0/8", "*"]),
    ("LocalPort", &["22", "2222"]),
    ("RDomain", &["vrf1", "vrf*", "!vrf2", "*"]),
];

/// A sequence of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // The generator of Knuth's MMIX; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// How sshd accepts the keyword.
const KEYWORDS: [&str; 6] = [
    "Match",
    "MATCH",
    "\"Match\"",
    "Ma\"tch\"",
    "=Match",
    "\t= Match",
];

/// A `Match` line with one to three criteria.
fn match_line(numbers: &mut Numbers) -> String {
    let mut line = numbers.one_of(&KEYWORDS).to_owned();
    for _ in 0..=numbers.below(3) {
        let (criterion, patterns) = PATTERNS[numbers.below(PATTERNS.len())];
        let count = match criterion {
            "LocalPort" => 1,
            _ => numbers.below(3) + 1,
        };
        let list: Vec<&str> = (0..count).map(|_| numbers.one_of(patterns)).collect();
        let list = list.join(",");
        line.push_str(&match numbers.below(4) {
            0 => format!(" {criterion}={list}"),
            1 => format!(" {} \"{list}\"", criterion.to_uppercase()),
            _ => format!(" {criterion} {list}"),
        });
    }
    line
}

/// The blocks of each configuration. Each has a variable of its own, and sshd lists those of all blocks that
/// apply.
fn configurations() -> Vec<Vec<(String, String)>> {
    let mut numbers = Numbers(20_260_101);
    let mut count = 0;
    let blocks = |_| {
        let mut block = |_| {
            count += 1;
            (match_line(&mut numbers), format!("BLOCK{count}"))
        };
        (0..4).map(&mut block).collect()
    };
    (0..CONFIGURATIONS).map(blocks).collect()
}

fn text(blocks: &[(String, String)]) -> String {
    let texts = blocks
        .iter()
        .map(|(line, name)| format!("{line}\nAcceptEnv {name}\n"));
    texts.collect()
}

/// The blocks that apply to each connection, as sshd says.
fn ask(machine: &Machine, connections: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let script = format!(
        "for c; do printf '%s' \"$c\"; /usr/sbin/sshd -f {CONFIG} -T -C \"$c\" >/root/answer || exit 1; \
         awk '$1 == \"acceptenv\" {{ printf \" %s\", $2 }} END {{ print \"\" }}' /root/answer; done"
    );
    let connections: Vec<&str> = connections.iter().map(String::as_str).collect();
    let mut answers = BTreeMap::new();
    for batch in connections.chunks(BATCH) {
        let command = [&["bash", "-c", &script, "bash"], batch].concat();
        let text = machine.succeed(command);
        answers.extend(text.lines().map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().unwrap(), words.collect())
        }));
    }
    answers
}

fn world() -> BTreeSet<String> {
    let mut connections = BTreeSet::new();
    for user in USERS {
        for address in ADDRESSES {
            for host in HOSTS {
                for (local, port, domain) in LOCAL_ENDS {
                    connections.insert(format!(
                        "user={user},addr={address},host={host},laddr={local},lport={port},rdomain={domain}"
                    ));
                }
            }
        }
    }
    connections
}

#[test]
fn no_connection_has_blocks_that_no_connection_has() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let machine = Machine::boot_on(suite);
        for command in [
            "groupadd admins; groupadd devs; groupadd mfa; groupadd people",
            "useradd -N -g people -G admins,devs ann; useradd -N -g people -G devs anton",
            "useradd -N -g staff bob; useradd -N -g people -G staff,mfa carol",
        ] {
            machine.succeed(["sh", "-c", command]);
        }
        let users = Users::parse(
            &machine.read_file("/etc/passwd"),
            &machine.read_file("/etc/group"),
        );
        let configurations = configurations();
        let all: String = configurations.iter().map(|blocks| text(blocks)).collect();
        machine.write_file(CONFIG, all);
        let world = ask(&machine, &world());
        let connections = configurations.iter().map(|blocks| {
            let text = text(blocks);
            let lines = config::read(config::MAIN, &|_| Some(text.clone()), &|_| None).lines;
            let connections = connections(&lines, &users);
            assert_eq!(connections.not_examined, Vec::<String>::new(), "{text}");
            // Those without a domain of their own have none.
            let arguments = connections.connections.iter().map(|connection| {
                let argument = connection.argument();
                let argument = match argument.contains("rdomain=") {
                    true => argument,
                    false => format!("{argument},rdomain="),
                };
                let names = connection.blocks.iter().map(|place| {
                    let number = place.rsplit(':').next().unwrap();
                    blocks[number.parse::<usize>().unwrap() / 2].1.clone()
                });
                (argument, names.collect::<BTreeSet<String>>())
            });
            arguments.collect::<BTreeMap<String, BTreeSet<String>>>()
        });
        let connections: Vec<BTreeMap<String, BTreeSet<String>>> = connections.collect();
        let arguments = connections.iter().flat_map(BTreeMap::keys);
        let answers = ask(&machine, &arguments.cloned().collect());
        let mut sets = 0;
        for (blocks, connections) in configurations.iter().zip(&connections) {
            let names: BTreeSet<String> = blocks.iter().map(|(_, name)| name.clone()).collect();
            let applying = |all: &BTreeSet<String>| -> BTreeSet<String> {
                all.intersection(&names).cloned().collect()
            };
            for (connection, expected) in connections {
                let found = applying(&answers[connection]);
                assert_eq!(
                    &found,
                    expected,
                    "{suite:?}, {connection}\n{}",
                    text(blocks)
                );
            }
            let known: BTreeSet<_> = connections
                .keys()
                .map(|connection| applying(&answers[connection]))
                .collect();
            for (connection, blocks_there) in &world {
                let found = applying(blocks_there);
                assert!(
                    known.contains(&found),
                    "{suite:?}, {connection}: {found:?} is none of {known:?}\n{}",
                    text(blocks)
                );
            }
            sets += known.len();
        }
        // A comparison of nothing would find nothing.
        assert!(sets > 4 * CONFIGURATIONS, "{sets}");
        let (count, asked) = (world.len(), answers.len());
        println!(
            "{suite:?}: {CONFIGURATIONS} configurations, {count} connections, {asked} connections, {sets} sets"
        );
    }
}
