//! The texts of the main file and of its drop-ins.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::mistake::{BadConfig, Wrong};

/// The main file and its drop-ins in the order of their names, each with its name.
pub(super) fn read(file: &Path) -> Result<Vec<(String, String)>, BadConfig> {
    let mut texts = vec![text(file)?];
    for drop_in in drop_ins(file)? {
        // Not a pipe, for whose other end everybody would wait.
        let known = fs::metadata(&drop_in).map_err(|error| unreadable(&drop_in, &error))?;
        if !known.is_file() {
            return Err(Wrong::new("is not a file").in_file(shown(&drop_in)));
        }
        texts.push(text(&drop_in)?);
    }
    Ok(texts)
}

/// `FILE.d/*.toml`, without the hidden ones. There need not be a folder.
fn drop_ins(file: &Path) -> Result<Vec<PathBuf>, BadConfig> {
    let mut folder = file.as_os_str().to_owned();
    folder.push(".d");
    let folder = PathBuf::from(folder);
    let failed = |error: io::Error| unreadable(&folder, &error);
    match folder.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        _ => {}
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.as_bytes();
        if name.ends_with(b".toml") && !name.starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn text(file: &Path) -> Result<(String, String), BadConfig> {
    let name = shown(file);
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let document = Document {
                number: 0,
                name: &name,
                text: &text,
            };
            Err(document.mistake(Wrong::new("is not UTF-8 here").at(end)))
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> BadConfig {
    Wrong::new(format!("cannot be read: {error}")).in_file(shown(path))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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

        /// The texts, or what is said, without the folder's name.
        fn read(&self) -> Result<Vec<String>, String> {
            let read = read(&self.path("tfad.toml"));
            let here = format!("{}/", self.0.display());
            read.map(|texts| texts.into_iter().map(|(_, text)| text).collect())
                .map_err(|bad| bad.to_string().replace(&here, ""))
        }
    }

    impl Drop for Etc {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
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
