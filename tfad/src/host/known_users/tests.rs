use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use super::*;

const FILES: &str = "# comment\npasswd:  files systemd # local\ngroup: sss files\n";
const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:A:/home/alice:/bin/sh\n\
                      alias:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";

/// A name service that knows each name, under a uid that no line has.
struct Counted(AtomicU32);

const OF_DIRECTORY: u32 = 70_000;

impl NameService for Counted {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Some(User {
            name: name.to_owned(),
            uid: OF_DIRECTORY,
            aliases: Vec::new(),
        }))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        self.by_name(&uid.to_string())
    }
}

struct Host {
    folder: PathBuf,
    users: KnownUsers<Counted>,
}

/// The files are written now, and the daemon looks at them an hour later.
fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

impl Host {
    fn new(nsswitch: &str, now: fn() -> SystemTime) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("tfad-users-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("nsswitch.conf", nsswitch), ("passwd", PASSWD)] {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            // A change within the same tick of the clock still shows.
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(1))
                .unwrap();
        }
        let users = KnownUsers {
            names: Counted(AtomicU32::new(0)),
            passwd: folder.join("passwd"),
            nsswitch: folder.join("nsswitch.conf"),
            now,
            kept: Mutex::default(),
        };
        Self { folder, users }
    }

    /// The uid of a user, if the name service need not be asked.
    fn kept(&self, name: &str) -> Option<u32> {
        let asked = || self.users.names.0.load(Ordering::Relaxed);
        let before = asked();
        let uid = self.users.look_up(name).unwrap().uid;
        assert_eq!(uid == OF_DIRECTORY, asked() > before, "{name}");
        (uid != OF_DIRECTORY).then_some(uid)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[test]
fn local_users_are_found_without_the_name_service() {
    let host = Host::new(FILES, in_an_hour);
    let uids = ["root", "alice", "alias", "bob", "carol"].map(|name| host.kept(name));
    assert_eq!(uids, [Some(0), Some(1000), Some(1000), Some(1001), None]);
    let alias = host.users.look_up("alias").unwrap();
    assert_eq!(
        (&*alias.name, &*alias.aliases),
        ("alice", &["alias".to_owned()][..])
    );
}

#[test]
fn the_users_of_this_host_are_as_libc_finds_them() {
    let known = KnownUsers {
        names: Nss,
        passwd: "/etc/passwd".into(),
        nsswitch: "/etc/nsswitch.conf".into(),
        now: in_an_hour,
        kept: Mutex::default(),
    };
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let names = passwd.lines().filter_map(|line| line.split(':').next());
    for name in names.chain(["no-such-user"]) {
        assert_eq!(known.look_up(name), Nss.look_up(name), "{name}");
    }
}

#[test]
fn each_change_of_a_file_is_seen() {
    let same_size = PASSWD.replace("1000", "1009");
    let in_place = |host: &Host| {
        let file = OpenOptions::new()
            .write(true)
            .open(host.folder.join("passwd"));
        file.unwrap().write_all_at(same_size.as_bytes(), 0).unwrap();
    };
    let replaced = |host: &Host| {
        host.write("new", &same_size);
        fs::rename(host.folder.join("new"), host.folder.join("passwd")).unwrap();
    };
    for is_in_place in [true, false] {
        let host = Host::new(FILES, in_an_hour);
        assert_eq!(host.kept("alice"), Some(1000));
        match is_in_place {
            true => in_place(&host),
            false => replaced(&host),
        }
        assert_eq!(host.kept("alice"), Some(1009));
    }
    let host = Host::new(FILES, in_an_hour);
    assert_eq!(host.kept("bob"), Some(1001));
    host.write("nsswitch.conf", "passwd: sss files\n");
    assert_eq!(host.kept("bob"), None);
    host.write("nsswitch.conf", FILES);
    assert_eq!(host.kept("bob"), Some(1001));
    fs::remove_file(host.folder.join("passwd")).unwrap();
    assert_eq!(host.kept("bob"), None);
}

#[test]
fn only_files_that_are_asked_first_determine_a_user() {
    for nsswitch in [
        "passwd: sss files\n",
        "passwd: files [SUCCESS=merge] sss\n",
        "passwd: files [!NOTFOUND=return] sss\n",
        "passwd: files[SUCCESS=continue] sss\n",
        "passwd: compat\n",
        "passwd: files\npasswd: sss\n",
        "passwd: files\npasswd sss files\n",
        "passwd: files\npasswd : sss files\n",
        "passwd: files\n\x0bpasswd\tsss\n",
        "passwd : files\n",
        "passwd:\u{a0}files sss\n",
        "passwd: files sss # \u{e4}\n",
        "#passwd: files\n",
        "passwd:\n",
        "group: files\n",
        "",
    ] {
        let host = Host::new(nsswitch, in_an_hour);
        assert_eq!(host.kept("alice"), None, "{nsswitch:?}");
    }
    for nsswitch in [
        "passwd: files\n",
        "\tpasswd:\tfiles\tsss [NOTFOUND=return] x",
    ] {
        let kept = Host::new(nsswitch, in_an_hour).kept("alice");
        assert_eq!(kept, Some(1000), "{nsswitch:?}");
    }
}

#[test]
fn one_line_that_can_be_read_in_two_ways_voids_the_file() {
    for line in [
        "alice:x:1000",
        "alice:x:1000:0::/",
        "alice:x:1000:0::/:/bin/sh:",
        "alice:x: 1000:0::/:/bin/sh",
        "alice:x:+1000:0::/:/bin/sh",
        "alice:x::0::/:/bin/sh",
        "alice:x:0x10:0::/:/bin/sh",
        "alice:x:4294967295:0::/:/bin/sh",
        "alice:x:4294967296:0::/:/bin/sh",
        "alice:x:1000:staff::/:/bin/sh",
        " alice:x:1000:0::/:/bin/sh",
        "+alice:x:1000:0::/:/bin/sh",
        "-alice:x:1000:0::/:/bin/sh",
        "+::::::",
        ":x:1000:0::/:/bin/sh",
        "al\0ice:x:1000:0::/:/bin/sh",
        "alice:x\0:1000:0::/:/bin/sh",
        "alice:x:1000:0:A\0:/:/bin/sh",
        "\t",
    ] {
        for text in [format!("{line}\n{PASSWD}"), format!("{PASSWD}{line}")] {
            let host = Host::new(FILES, in_an_hour);
            host.write("passwd", &text);
            assert_eq!(host.kept("bob"), None, "{line}");
        }
    }
    for line in [
        "",
        "# a comment: x",
        "_apt:*:42:65534::/nonexistent:",
        "u@d.org:x:7:7:ä, ö:/:",
    ] {
        let host = Host::new(FILES, in_an_hour);
        host.write("passwd", &format!("{line}\n{PASSWD}"));
        assert_eq!(host.kept("bob"), Some(1001), "{line}");
    }
}

#[test]
fn a_large_file_is_left_to_the_name_service() {
    let host = Host::new(FILES, in_an_hour);
    let comment = "#".repeat(MAX_BYTES.try_into().unwrap());
    host.write("passwd", &format!("{PASSWD}{comment}\n"));
    assert_eq!(host.kept("bob"), None);
}

#[test]
fn a_file_that_has_just_changed_is_not_trusted() {
    thread_local! {
        static NOW: RefCell<SystemTime> = const { RefCell::new(UNIX_EPOCH) };
    }
    let host = Host::new(FILES, || NOW.with_borrow(|now| *now));
    let written = SystemTime::now();
    for (later, is_kept) in [(-3600_i64, false), (0, false), (1, false), (5, true)] {
        let seconds = Duration::from_secs(later.unsigned_abs());
        let now = if later < 0 {
            written - seconds
        } else {
            written + seconds
        };
        NOW.set(now);
        assert_eq!(host.kept("alice").is_some(), is_kept, "{later}");
    }
}
