//! The users and the groups that the daemon reads from the name service of a host, over a real bus. Needs
//! root, for a mount namespace in which the host has other users.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Serialize;
use tfa_proto::{ADMIN, Error, NAME, PATH};
use tfa_testkit::{NotifySocket, PrivateBus};
use zbus::wire::DynamicType;
use zbus::{Connection, connection};

/// The memory that one enumeration may cost the daemon, in kilobytes: a page, and the reply.
const MAX_GROWTH: u64 = 32 << 10;

const USERS: &str = "\
root:x:0:0::/root:/bin/sh
daemon:x:1:1::/:/usr/sbin/nologin
zoe:x:1006:1006::/:/bin/bash
alice:x:1000:1000:Alice,,,:/:/bin/bash
bob:x:1001:1001::/:/bin/bash
dora:x:2000:10::/:/bin/bash
noshell:x:1002:1002::/:
gone:x:1005:1005::/:/usr/sbin/nologin
closed:x:1007:1007::/:/bin/false
heidi:x:500:500::/:/bin/bash
nobody:x:65534:65534::/:/bin/sh
garbled:x:1004
";
const GROUPS: &str = "wheel:x:10:alice,bob,nobody-any-more\nempty:x:11:\nbob:x:1001:\n";

/// A bus, a daemon on it, and their folder.
struct Host {
    folder: PathBuf,
    daemon: Child,
    bus: PrivateBus,
}

type Page = (Vec<String>, String);

impl Host {
    /// A host with these users, or without the file of users.
    fn start(name: &str, users: Option<&str>) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let etc = folder.join("etc");
        fs::create_dir_all(&etc).unwrap();
        if let Some(users) = users {
            fs::write(etc.join("passwd"), users).unwrap();
        }
        fs::write(etc.join("group"), GROUPS).unwrap();
        fs::write(etc.join("login.defs"), "UID_MIN 500\n").unwrap();
        fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\n").unwrap();
        let bus = PrivateBus::start(&folder, &folder.join("bus"));
        fs::write(folder.join("tfad.toml"), "[policy]\nmode = \"optional\"\n").unwrap();
        let notify = NotifySocket::bind(&folder);
        let script = "set -e; mount -t tmpfs tmpfs /etc; cp etc/* /etc; exec \"$0\" \
                      --config \"$PWD/tfad.toml\" --state \"$PWD/state\" \
                      --bus \"unix:path=$PWD/bus\" --socket \"$PWD/login\"";
        let daemon = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", script])
            .arg(env!("CARGO_BIN_EXE_tfad"))
            .current_dir(&folder)
            .env("NOTIFY_SOCKET", notify.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        notify.wait_until_ready();
        Self {
            folder,
            daemon,
            bus,
        }
    }

    async fn connect(&self) -> Connection {
        let address = format!("unix:path={}", self.bus.socket().display());
        let builder = connection::Builder::address(address.as_str());
        builder.build().await.unwrap()
    }

    async fn call(
        &self,
        method: &str,
        arguments: &(impl Serialize + DynamicType),
    ) -> Result<Page, Error> {
        let connection = self.connect().await;
        let reply = connection
            .call_method(Some(NAME), PATH, Some(ADMIN), method, arguments)
            .await;
        match reply {
            Ok(reply) => Ok(reply.body().deserialize().unwrap()),
            Err(zbus::Error::MethodError(name, text, _)) => {
                let error = Error::from_name(name.as_str(), text.unwrap_or_default());
                Err(error.unwrap())
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn users(&self, root: bool) -> Result<Vec<String>, Error> {
        let (users, next) = self.call("Users", &(root, "")).await?;
        assert_eq!(next, "", "one page");
        Ok(users)
    }

    async fn members(&self, group: &str) -> Result<Vec<String>, Error> {
        let (members, next) = self.call("Members", &(group, "")).await?;
        assert_eq!(next, "", "one page");
        Ok(members)
    }

    /// The most memory that the daemon has ever had, in kilobytes.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mut words = line.expect("the daemon runs").split_whitespace();
        words.next().unwrap().parse().unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn users_have_a_uid_in_range_and_a_login_shell() {
    let host = Host::start("users", Some(USERS));
    let users = ["alice", "bob", "dora", "heidi", "noshell", "zoe"];
    assert_eq!(host.users(false).await.unwrap(), users);
    let mut with_root = users.map(str::to_owned).to_vec();
    with_root.insert(5, "root".to_owned());
    assert_eq!(host.users(true).await.unwrap(), with_root);
    let (after, _) = host.call("Users", &(false, "dora")).await.unwrap();
    assert_eq!(after, ["heidi", "noshell", "zoe"]);
}

#[tokio::test]
async fn members_are_listed_users_and_users_of_the_primary_group() {
    let host = Host::start("members", Some(USERS));
    let wheel = ["alice", "bob", "dora", "nobody-any-more"];
    assert_eq!(host.members("wheel").await.unwrap(), wheel);
    assert_eq!(host.members("10").await.unwrap(), wheel, "by its number");
    assert_eq!(host.members("bob").await.unwrap(), ["bob"]);
    assert!(host.members("empty").await.unwrap().is_empty());
    let (after, _) = host.call("Members", &("wheel", "bob")).await.unwrap();
    assert_eq!(after, ["dora", "nobody-any-more"]);
    for absent in ["wheels", "12", ""] {
        let text = format!("The group {absent} does not exist on this host.");
        assert_eq!(host.members(absent).await, Err(Error::UnknownGroup(text)));
    }
}

#[tokio::test]
async fn an_enumeration_that_fails_in_the_middle_is_an_error() {
    let users = |length| {
        let comment = "x".repeat(length);
        format!("{USERS}long:x:1100:1100:{comment}:/:/bin/bash\nlast:x:1101:1101::/:/bin/bash\n")
    };
    let host = Host::start("long", Some(&users(200 << 10)));
    let all = host.users(false).await.unwrap();
    assert!(all.contains(&"long".to_owned()) && all.contains(&"last".to_owned()));
    let host = Host::start("too-long", Some(&users(2 << 20)));
    for answer in [host.users(false).await, host.members("wheel").await] {
        let Err(Error::Storage(why)) = answer else {
            panic!("{answer:?}");
        };
        assert!(
            why.starts_with("the users of this host cannot be enumerated: "),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_source_of_users_that_does_not_answer_is_an_error() {
    let host = Host::start("absent", None);
    for answer in [host.users(false).await, host.members("wheel").await] {
        let Err(Error::Storage(why)) = answer else {
            panic!("{answer:?}");
        };
        assert!(why.contains("in nsswitch.conf does not answer"), "{why}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_users_are_listed_in_bounded_memory() {
    let line = |number: u32| {
        let uid = 1000 + number % 50_000;
        format!(
            "user{number:06}:x:{uid}:10:{}:/home:/bin/bash\n",
            "x".repeat(100)
        )
    };
    let host = Host::start("many", Some(&(0..100_000).map(line).collect::<String>()));
    host.members("empty").await.unwrap();
    let before = host.peak();
    let users = host.users(false).await.unwrap();
    assert_eq!(users.len(), 100_000);
    assert_eq!(users[99_999], "user099999");
    assert_eq!(host.members("wheel").await.unwrap().len(), 100_003);
    let growth = host.peak() - before;
    assert!(growth < MAX_GROWTH, "{growth} kB");
}

#[tokio::test]
async fn calls_at_the_same_time_are_all_answered() {
    let host = Host::start("together", Some(USERS));
    let (one, other, third) =
        tokio::join!(host.users(false), host.users(false), host.members("wheel"));
    assert_eq!(one.unwrap().len(), 6);
    assert_eq!(other.unwrap().len(), 6);
    assert_eq!(third.unwrap().len(), 4);
}
