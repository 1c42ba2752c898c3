//! The texts of the main file and of its drop-ins.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use tfa_proto::DropIns;

use super::document::Document;
use super::mistake::{Mistakes, Wrong};
use super::trust::{NotOpened, Trust};

/// A file of the policy.
pub(super) struct Text {
    pub(super) name: String,
    /// What it says; `None` where that is not known.
    pub(super) text: Option<String>,
}

/// The files of a policy.
pub(super) struct Texts {
    /// The main one, and its drop-ins in the order of their names.
    pub(super) texts: Vec<Text>,
    /// What lies beside the drop-ins and is not read.
    pub(super) ignored: Vec<PathBuf>,
}

/// Reads them. What cannot be read, or is not to be trusted, is a mistake.
pub(super) fn read(file: &Path, trust: &Trust, mistakes: &Mistakes) -> Texts {
    let mut texts = vec![text(file, 0, trust, mistakes)];
    let folder = DropIns::folder(file);
    let DropIns { read, ignored } = match drop_ins(&folder, trust) {
        Ok(drop_ins) => drop_ins,
        Err(why) => {
            let (path, wrong) = told(folder.clone(), why);
            mistakes.in_file(wrong, 1, &shown(&path));
            DropIns::default()
        }
    };
    for (index, name) in read.iter().enumerate() {
        let number = index.saturating_add(1);
        texts.push(text(&folder.join(name), number, trust, mistakes));
    }
    let ignored = ignored.iter().map(|name| folder.join(name)).collect();
    Texts { texts, ignored }
}

/// The names in the folder. There need not be one.
fn drop_ins(folder: &Path, trust: &Trust) -> Result<DropIns, NotOpened> {
    if trust.is_absent(folder) {
        return Ok(DropIns::default());
    }
    let opened = trust.open(folder)?;
    // The folder that was looked at, and not what its name may lead to by now.
    let held = format!("/proc/self/fd/{}", opened.as_raw_fd());
    let names: io::Result<Vec<OsString>> = std::fs::read_dir(held)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    Ok(DropIns::among(names.map_err(NotOpened::Unreadable)?))
}

fn text(file: &Path, number: usize, trust: &Trust, mistakes: &Mistakes) -> Text {
    let name = shown(file);
    let bytes = match bytes(file, trust) {
        Ok(bytes) => bytes,
        Err(why) => {
            let (path, wrong) = told(file.to_owned(), why);
            mistakes.in_file(wrong, number, &shown(&path));
            return Text { name, text: None };
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let document = Document {
                number,
                name: &name,
                text: &text,
                mistakes,
            };
            document.mistake(Wrong::new("is not UTF-8 here").at(end));
            None
        }
    };
    Text { name, text }
}

fn bytes(file: &Path, trust: &Trust) -> Result<Vec<u8>, NotOpened> {
    let unreadable = NotOpened::Unreadable;
    let mut opened = trust.open(file)?;
    // Not a pipe, for whose other end everybody would wait.
    if !opened.metadata().map_err(unreadable)?.is_file() {
        return Err(NotOpened::Unsafe(
            file.to_owned(),
            Wrong::new("is not a file"),
        ));
    }
    let mut bytes = Vec::new();
    opened.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// What is wrong, and with what.
fn told(path: PathBuf, why: NotOpened) -> (PathBuf, Wrong) {
    match why {
        NotOpened::Unreadable(error) => (path, Wrong::new(format!("cannot be read: {error}"))),
        NotOpened::Unsafe(path, wrong) => (path, wrong),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// A folder with `tfad.toml` and `tfad.toml.d` in it, which goes with the test.
    struct Etc(PathBuf);

    impl Etc {
        fn new(test: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("tfad-{}-{test}", std::process::id()));
            fs::create_dir_all(folder.join("tfad.toml.d")).unwrap();
            let etc = Self(folder);
            etc.write("tfad.toml", b"main");
            etc
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn write(&self, name: &str, text: &[u8]) {
            fs::write(self.path(name), text).unwrap();
        }

        /// The texts of anybody's files, or what is said, without the folder's name.
        fn read(&self) -> Result<Vec<String>, String> {
            let here = format!("{}/", self.0.display());
            Self::texts(&self.path("tfad.toml"), &Trust::draft())
                .map_err(|said| said.replace(&here, ""))
        }

        /// What a daemon takes whose file system begins here.
        fn trusted(&self) -> Result<Vec<String>, String> {
            let trust = Trust::own().below(&self.0);
            Self::texts(Path::new("/tfad.toml"), &trust)
        }

        fn texts(file: &Path, trust: &Trust) -> Result<Vec<String>, String> {
            let mistakes = Mistakes::default();
            let Texts { texts, .. } = read(file, trust, &mistakes);
            mistakes.none().map_err(|bad| bad.to_string())?;
            Ok(texts.into_iter().map(|text| text.text.unwrap()).collect())
        }

        fn chmod(&self, name: &str, mode: u32) {
            fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
        }
    }

    impl Drop for Etc {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_that_nobody_else_may_write_are_taken() {
        let etc = Etc::new("trusted");
        etc.write("tfad.toml.d/1.toml", b"one");
        fs::create_dir(etc.path("elsewhere")).unwrap();
        etc.write("elsewhere/2", b"two");
        symlink("../elsewhere/./2", etc.path("tfad.toml.d/2.toml")).unwrap();
        symlink("/elsewhere/2", etc.path("tfad.toml.d/3.toml")).unwrap();
        assert_eq!(etc.trusted().unwrap(), ["main", "one", "two", "two"]);
    }

    #[test]
    fn what_others_may_write_is_a_mistake_wherever_the_path_leads() {
        let etc = Etc::new("writable");
        fs::create_dir_all(etc.path("far/away")).unwrap();
        etc.write("far/away/2", b"two");
        symlink("far", etc.path("link")).unwrap();
        symlink("/link/away/2", etc.path("tfad.toml.d/2.toml")).unwrap();
        assert!(etc.trusted().is_ok());
        for (name, said) in [
            ("", "/"),
            ("tfad.toml", "/tfad.toml"),
            ("tfad.toml.d", "/tfad.toml.d"),
            ("far", "/far"),
            ("far/away", "/far/away"),
            ("far/away/2", "/far/away/2"),
        ] {
            let before = fs::metadata(etc.path(name)).unwrap().permissions().mode();
            for more in [0o020, 0o002, 0o1002] {
                etc.chmod(name, before | more);
                let text = etc.trusted().unwrap_err();
                let start = format!("{said}: can be written by others than its owner");
                assert!(text.contains(&start), "{name} {more:o}: {text}");
                assert!(text.contains(&format!("chmod go-w {said}")), "{text}");
                // Of a file a new mode does not take back who has it open.
                let renewed = text.contains(&format!("mv {said}.new {said} && "));
                assert_eq!(renewed, etc.path(name).is_file(), "{text}");
            }
            etc.chmod(name, before);
        }
        assert!(etc.trusted().is_ok());
    }

    #[test]
    fn what_belongs_to_others_is_a_mistake() {
        if tfa_testkit::skip_without_uid(1234) {
            return;
        }
        let etc = Etc::new("foreign");
        etc.write("tfad.toml.d/1.toml", b"one");
        for name in ["", "tfad.toml", "tfad.toml.d", "tfad.toml.d/1.toml"] {
            chown(etc.path(name), Some(1234), None).unwrap();
            // A draft may be anybody's.
            assert_eq!(etc.read().unwrap(), ["main", "one"]);
            let text = etc.trusted().unwrap_err();
            let said = format!("/{name}: belongs to uid 1234 (mode ");
            assert!(text.contains(&said), "{name}: {text}");
            assert!(text.contains(&format!("chown 0 /{name}")), "{text}");
            chown(etc.path(name), Some(0), None).unwrap();
        }
        // Whose the link is does not matter: nobody else may write in its folder.
        fs::rename(etc.path("tfad.toml.d/1.toml"), etc.path("one")).unwrap();
        symlink("/one", etc.path("tfad.toml.d/1.toml")).unwrap();
        std::os::unix::fs::lchown(etc.path("tfad.toml.d/1.toml"), Some(1234), None).unwrap();
        assert_eq!(etc.trusted().unwrap(), ["main", "one"]);
    }

    #[test]
    fn links_in_a_circle_and_pipes_keep_nobody_waiting() {
        let etc = Etc::new("circle");
        symlink("1.toml", etc.path("tfad.toml.d/1.toml")).unwrap();
        assert!(etc.trusted().unwrap_err().contains("symbolic link"));
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        let pipe = etc.path("tfad.toml.d/2.toml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let text = etc.trusted().unwrap_err();
        assert_eq!(text, "/tfad.toml.d/2.toml: is not a file");
    }

    #[test]
    fn what_lies_beside_the_drop_ins_and_is_not_read_is_named() {
        let etc = Etc::new("beside");
        etc.write("tfad.toml.d/60-strict.conf", b"");
        let texts = read(
            &etc.path("tfad.toml"),
            &Trust::draft(),
            &Mistakes::default(),
        );
        assert_eq!(texts.ignored, [etc.path("tfad.toml.d/60-strict.conf")]);
    }

    #[test]
    fn drop_ins_follow_in_the_order_of_their_names_and_other_files_do_not_count() {
        let etc = Etc::new("order");
        for name in [
            "9.toml",
            "10.toml",
            "a.toml",
            ".hidden.toml",
            "b.toml~",
            "c.bak",
        ] {
            etc.write(&format!("tfad.toml.d/{name}"), name.as_bytes());
        }
        let read = etc.read().unwrap();
        assert_eq!(read, ["main", "10.toml", "9.toml", "a.toml"]);
    }

    #[test]
    fn the_folder_may_be_absent_and_the_main_file_may_not() {
        let etc = Etc::new("absent");
        fs::remove_dir(etc.path("tfad.toml.d")).unwrap();
        assert_eq!(etc.read().unwrap(), ["main"]);
        fs::remove_file(etc.path("tfad.toml")).unwrap();
        let said = etc.read().unwrap_err();
        assert!(said.starts_with("tfad.toml: cannot be read: "), "{said}");
    }

    #[test]
    fn what_is_there_and_cannot_be_read_is_a_mistake() {
        let etc = Etc::new("unreadable");
        let says = |expected: &str| {
            let said = etc.read().unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        };
        symlink("nowhere", etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: cannot be read: ");
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        fs::create_dir(etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: is not a file");
        fs::remove_dir(etc.path("tfad.toml.d/1.toml")).unwrap();
        symlink("/dev/null", etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: is not a file");
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        fs::remove_dir(etc.path("tfad.toml.d")).unwrap();
        symlink("nowhere", etc.path("tfad.toml.d")).unwrap();
        says("tfad.toml.d: cannot be read: ");
        fs::remove_file(etc.path("tfad.toml.d")).unwrap();
        etc.write("tfad.toml", b"a = 1\nb = \"\xff\"");
        says("tfad.toml:2:6: is not UTF-8 here");
    }
}
