use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const FILES: &str = "# comment\npasswd:  files systemd # local\ngroup: sss files\n";
const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:A:/home/alice:/bin/sh\n\
                      alias:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";

/// A name service that counts what it is asked, and answers from this text.
struct Counted {
    passwd: Mutex<String>,
    asked: AtomicU32,
}

impl NameService for Counted {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.find(|known, _| known == name))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        Ok(self.find(|_, known| known == uid))
    }
}

impl Counted {
    fn find(&self, is_it: impl Fn(&str, u32) -> bool) -> Option<User> {
        let passwd = self.passwd.lock().unwrap();
        let found = passwd
            .lines()
            .filter_map(name_and_uid)
            .find(|(name, uid)| is_it(name, *uid));
        found.map(|(name, uid)| User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        })
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
            // A change within the same tick of the clock shows all the same.
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(1))
                .unwrap();
        }
        let users = KnownUsers {
            names: Counted {
                passwd: Mutex::new(PASSWD.to_owned()),
                asked: AtomicU32::new(0),
            },
            passwd: folder.join("passwd"),
            nsswitch: folder.join("nsswitch.conf"),
            now,
            kept: Mutex::default(),
        };
        Self { folder, users }
    }

    /// How often the name service is asked for one look-up of a user.
    fn asked(&self, name: &str) -> u32 {
        let asked = || self.users.names.asked.load(Ordering::Relaxed);
        let before = asked();
        let found = self.users.look_up(name);
        let expected = self.users.names.look_up(name);
        assert_eq!(found, expected, "{name}");
        asked() - before - 1
    }

    /// Whether a look-up after another one is answered from memory.
    fn keeps(&self, name: &str) -> bool {
        self.asked(name);
        self.asked(name) == 0
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
fn a_local_user_is_looked_up_once() {
    let host = Host::new(FILES, in_an_hour);
    for name in ["alice", "alias", "bob", "root"] {
        assert_eq!((host.asked(name), host.asked(name)), (1, 0), "{name}");
    }
    let alias = host.users.look_up("alias").unwrap();
    assert_eq!(
        (&*alias.name, &*alias.aliases),
        ("alice", &["alias".to_owned()][..])
    );
}

#[test]
fn each_change_of_a_file_voids_what_was_kept() {
    let same_size = PASSWD.replace("1000", "1009");
    let in_place = |host: &Host, text: &str| {
        let file = OpenOptions::new()
            .write(true)
            .open(host.folder.join("passwd"));
        file.unwrap().write_all_at(text.as_bytes(), 0).unwrap();
    };
    let replaced = |host: &Host, text: &str| {
        host.write("new", text);
        fs::rename(host.folder.join("new"), host.folder.join("passwd")).unwrap();
    };
    for is_in_place in [true, false] {
        let host = Host::new(FILES, in_an_hour);
        assert!(host.keeps("alice"));
        *host.users.names.passwd.lock().unwrap() = same_size.clone();
        match is_in_place {
            true => in_place(&host, &same_size),
            false => replaced(&host, &same_size),
        }
        assert_eq!(host.asked("alice"), 1);
        assert_eq!(host.users.look_up("alice").unwrap().uid, 1009);
    }
    let host = Host::new(FILES, in_an_hour);
    assert!(host.keeps("bob"));
    host.write("nsswitch.conf", "passwd: sss files\n");
    assert_eq!(host.asked("bob"), 1);
    assert!(!host.keeps("bob"));
    fs::remove_file(host.folder.join("passwd")).unwrap();
    assert_eq!(host.asked("bob"), 1);
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
        "#passwd: files\n",
        "passwd:\n",
        "group: files\n",
        "",
    ] {
        let host = Host::new(nsswitch, in_an_hour);
        assert!(!host.keeps("alice"), "{nsswitch:?}");
    }
    for nsswitch in [
        "passwd: files\n",
        "\tpasswd:\tfiles\tsss [NOTFOUND=return] x",
    ] {
        assert!(
            Host::new(nsswitch, in_an_hour).keeps("alice"),
            "{nsswitch:?}"
        );
    }
}

#[test]
fn an_answer_that_the_file_does_not_have_is_not_kept() {
    let host = Host::new(FILES, in_an_hour);
    // Of a directory: another user, another uid, another name of the uid, or none at all.
    let directory = "carol:x:2000:2000::/:/bin/sh\nalice:x:1002:1000::/:/bin/sh\n\
                     robert:x:1001:1001::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
    *host.users.names.passwd.lock().unwrap() = directory.to_owned();
    for name in ["carol", "alice", "bob", "root", "mallory"] {
        assert!(!host.keeps(name), "{name}");
    }
    // Lines that libc may read in another way.
    for line in [
        "alice:x:1000\n",
        "alice:x: 1000:0::/:/bin/sh\n",
        "alice:x:+1000:0::/:/bin/sh\n",
    ] {
        assert_eq!(local_user(line, "alice"), None, "{line}");
    }
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
        assert_eq!(host.keeps("alice"), is_kept, "{later}");
    }
}

#[test]
fn few_users_are_kept_at_a_time() {
    let host = Host::new(FILES, in_an_hour);
    let (files, mut kept) = (host.users.files().unwrap(), Kept::default());
    let user = host.users.look_up("bob").unwrap();
    for number in 0..2 * MAX_KEPT {
        let name = format!("u{number}");
        kept.insert(files, &name, user.clone());
        assert!(kept.users.len() <= MAX_KEPT);
        assert_eq!(kept.get(files, &name), Some(user.clone()));
    }
}
