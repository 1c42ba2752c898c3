//! The texts of the main file and of its drop-ins.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tfa_text::policy_files::{self, DropIns};

use super::HostZone;
use super::document::Document;
use super::messages::errors;
use super::problem::Problem;
use super::report::Problems;
use super::trust::{NotOpened, Trust, TrustedOpener};

/// A file of the policy.
pub(super) struct Text {
    pub(super) name: String,
    /// `None` if the file could not be read.
    pub(super) text: Option<String>,
}

/// The files of a policy.
pub(super) struct Texts {
    /// The main file, and its drop-ins in the order of their names.
    pub(super) texts: Vec<Text>,
    /// Files beside the drop-ins that are not read.
    pub(super) ignored: Vec<PathBuf>,
}

/// Reads them. A file that cannot be read, or that another user can change, is a problem.
pub(super) fn read(file: &Path, trust: &Trust, problems: &Problems) -> Texts {
    let mut texts = vec![text(file, 0, trust, problems)];
    let directory = DropIns::directory(file);
    let DropIns { read, ignored } =
        DropIns::list(file, &TrustedOpener(trust)).unwrap_or_else(|why| {
            let (path, problem) = problem(&directory, why);
            problems.in_file(&problem, 1, &shown(&path));
            DropIns::default()
        });
    for (index, name) in read.iter().enumerate() {
        let file_index = index.saturating_add(1);
        texts.push(text(&directory.join(name), file_index, trust, problems));
    }
    let ignored = ignored.iter().map(|name| directory.join(name)).collect();
    Texts { texts, ignored }
}

fn text(file: &Path, file_index: usize, trust: &Trust, problems: &Problems) -> Text {
    let name = shown(file);
    let bytes = match policy_files::read(file, &TrustedOpener(trust)) {
        Ok(bytes) => bytes,
        Err(why) => {
            let (path, problem) = problem(file, why);
            problems.in_file(&problem, file_index, &shown(&path));
            return Text { name, text: None };
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let document = Document {
                file_index,
                name: &name,
                text: &text,
                zone: &HostZone::new(Box::new(|| TimeZone::UTC)),
                problems,
            };
            document.report(errors::not_utf8().at(end));
            None
        }
    };
    Text { name, text }
}

/// The path that is wrong, which may be a directory on the way, and the problem.
fn problem(path: &Path, why: NotOpened) -> (PathBuf, Problem) {
    match why {
        NotOpened::Unreadable(error) => (path.to_owned(), errors::unreadable(&error)),
        NotOpened::Unsafe(path, problem) => (path, *problem),
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

    /// A directory with `tfad.toml` and `tfad.toml.d`, removed after the test.
    struct Etc(PathBuf);

    impl Etc {
        fn new(test: &str) -> Self {
            let directory =
                std::env::temp_dir().join(format!("tfad-{}-{test}", std::process::id()));
            fs::create_dir_all(directory.join("tfad.toml.d")).unwrap();
            let etc = Self(directory);
            etc.write("tfad.toml", b"main");
            etc
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn write(&self, name: &str, text: &[u8]) {
            fs::write(self.path(name), text).unwrap();
        }

        /// The texts of a draft or the error, without the name of the directory.
        fn read(&self) -> Result<Vec<String>, String> {
            let here = format!("{}/", self.0.display());
            Self::texts(&self.path("tfad.toml"), &Trust::draft())
                .map_err(|said| said.replace(&here, ""))
        }

        /// The texts that a daemon accepts whose root directory is this one.
        fn trusted(&self) -> Result<Vec<String>, String> {
            let trust = Trust::own().below(&self.0);
            Self::texts(Path::new("/tfad.toml"), &trust)
        }

        fn texts(file: &Path, trust: &Trust) -> Result<Vec<String>, String> {
            let problems = Problems::default();
            let Texts { texts, .. } = read(file, trust, &problems);
            problems.none().map_err(|bad| bad.to_string())?;
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
    fn files_that_no_other_user_can_change_are_read() {
        let etc = Etc::new("trusted");
        etc.write("tfad.toml.d/1.toml", b"one");
        fs::create_dir(etc.path("elsewhere")).unwrap();
        etc.write("elsewhere/2", b"two");
        symlink("../elsewhere/./2", etc.path("tfad.toml.d/2.toml")).unwrap();
        symlink("/elsewhere/2", etc.path("tfad.toml.d/3.toml")).unwrap();
        assert_eq!(etc.trusted().unwrap(), ["main", "one", "two", "two"]);
    }

    #[test]
    fn a_path_that_others_can_write_to_is_an_error() {
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
                let start = format!("{said}: can be written by users other than its owner");
                assert!(text.contains(&start), "{name} {more:o}: {text}");
                assert!(text.contains(&format!("chmod go-w {said}")), "{text}");
                // A new mode does not close a file that a process has open.
                let renewed = text.contains(&format!("mv {said}.new {said} && "));
                assert_eq!(renewed, etc.path(name).is_file(), "{text}");
            }
            etc.chmod(name, before);
        }
        assert!(etc.trusted().is_ok());
    }

    #[test]
    fn name_of_a_file_is_one_word_in_the_commands_for_it() {
        let etc = Etc::new("hostile");
        let name = "tfad.toml.d/x y;$(reboot).toml";
        etc.write(name, b"one");
        etc.chmod(name, 0o666);
        let text = etc.trusted().unwrap_err();
        let word = "'/tfad.toml.d/x y;$(reboot).toml'";
        let commands = format!("mv {word}.new {word} && chmod go-w {word}");
        assert!(text.contains(&commands), "{text}");
    }

    #[test]
    fn a_path_with_another_owner_is_an_error() {
        if tfa_testkit::skip_without_uid(1234) {
            return;
        }
        let etc = Etc::new("foreign");
        etc.write("tfad.toml.d/1.toml", b"one");
        for name in ["", "tfad.toml", "tfad.toml.d", "tfad.toml.d/1.toml"] {
            chown(etc.path(name), Some(1234), None).unwrap();
            // A draft may have any owner.
            assert_eq!(etc.read().unwrap(), ["main", "one"]);
            let text = etc.trusted().unwrap_err();
            let said = format!("/{name}: belongs to uid 1234 (mode ");
            assert!(text.contains(&said), "{name}: {text}");
            assert!(text.contains(&format!("chown 0 /{name}")), "{text}");
            chown(etc.path(name), Some(0), None).unwrap();
        }
        // The owner of a link does not matter: no other user can write to its directory.
        fs::rename(etc.path("tfad.toml.d/1.toml"), etc.path("one")).unwrap();
        symlink("/one", etc.path("tfad.toml.d/1.toml")).unwrap();
        std::os::unix::fs::lchown(etc.path("tfad.toml.d/1.toml"), Some(1234), None).unwrap();
        assert_eq!(etc.trusted().unwrap(), ["main", "one"]);
    }

    #[test]
    fn circular_links_and_pipes_are_errors_and_do_not_block() {
        let etc = Etc::new("circle");
        symlink("1.toml", etc.path("tfad.toml.d/1.toml")).unwrap();
        assert!(etc.trusted().unwrap_err().contains("symbolic link"));
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        let pipe = etc.path("tfad.toml.d/2.toml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let text = etc.trusted().unwrap_err();
        assert_eq!(
            text,
            "/tfad.toml.d/2.toml: cannot be read: it is not a regular file"
        );
        let draft = etc.read().unwrap_err();
        assert!(draft.contains("2.toml: cannot be read: "), "{draft}");
    }

    #[test]
    fn other_files_beside_the_drop_ins_are_listed_as_ignored() {
        let etc = Etc::new("beside");
        etc.write("tfad.toml.d/60-strict.conf", b"");
        let texts = read(
            &etc.path("tfad.toml"),
            &Trust::draft(),
            &Problems::default(),
        );
        assert_eq!(texts.ignored, [etc.path("tfad.toml.d/60-strict.conf")]);
    }

    #[test]
    fn drop_ins_are_read_in_the_order_of_their_names() {
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
    fn the_directory_may_be_absent_and_the_main_file_may_not() {
        let etc = Etc::new("absent");
        fs::remove_dir(etc.path("tfad.toml.d")).unwrap();
        assert_eq!(etc.read().unwrap(), ["main"]);
        fs::remove_file(etc.path("tfad.toml")).unwrap();
        let said = etc.read().unwrap_err();
        assert!(said.starts_with("tfad.toml: cannot be read: "), "{said}");
    }

    #[test]
    fn a_file_that_exists_and_cannot_be_read_is_an_error() {
        let etc = Etc::new("unreadable");
        let says = |expected: &str| {
            let said = etc.read().unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        };
        symlink("nowhere", etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: cannot be read: ");
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        fs::create_dir(etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: cannot be read: it is not a regular file");
        fs::remove_dir(etc.path("tfad.toml.d/1.toml")).unwrap();
        symlink("/dev/null", etc.path("tfad.toml.d/1.toml")).unwrap();
        says("tfad.toml.d/1.toml: cannot be read: it is not a regular file");
        fs::remove_file(etc.path("tfad.toml.d/1.toml")).unwrap();
        fs::remove_dir(etc.path("tfad.toml.d")).unwrap();
        symlink("nowhere", etc.path("tfad.toml.d")).unwrap();
        says("tfad.toml.d: cannot be read: ");
        fs::remove_file(etc.path("tfad.toml.d")).unwrap();
        etc.write("tfad.toml", b"a = 1\nb = \"\xff\"");
        says("tfad.toml:2:6: the text is not UTF-8 from here on");
    }
}
