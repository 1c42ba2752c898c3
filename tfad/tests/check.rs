//! `tfad --check`, as an administrator runs it.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A directory that is removed on drop. Every user can write to its parent.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tfad-check-{}-{test}", std::process::id()));
        fs::create_dir_all(path.join("new.toml.d")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// Runs the check. Returns whether it succeeds, and what it prints.
    fn check(&self, more: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_tfad"))
            .args(["--check", "--config"])
            .arg(self.0.join("new.toml"))
            .args(more)
            .output()
            .unwrap();
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        let here = format!("{}/", self.0.display());
        (output.status.success(), said.replace(&here, ""))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const GOOD: &str = "[policy]\nmode = \"optional\"\n";

#[test]
fn the_last_line_is_the_summary() {
    let directory = Directory::new("last");
    directory.write("new.toml", GOOD);
    let (good, said) = directory.check(&["--draft", "--strict"]);
    assert!(good, "{said}");
    assert!(
        said.ends_with("tfad: new.toml: no errors, no warnings\n"),
        "{said}"
    );
}

#[test]
fn a_warning_is_counted_and_fails_only_with_strict() {
    let directory = Directory::new("warnings");
    let rule = "[[policy.rule]]\ngroups = [\"no-such-group\"]\nmode = \"required\"\n";
    directory.write("new.toml", &format!("{GOOD}{rule}"));
    directory.write("new.toml.d/60-strict.conf", "");
    let (good, said) = directory.check(&["--draft"]);
    assert!(good, "{said}");
    let refused = "every user who has not enrolled, root included, is refused";
    assert!(said.contains(refused), "{said}");
    assert!(
        said.contains("tfad: warning: new.toml.d/60-strict.conf is not read"),
        "{said}"
    );
    assert!(said.ends_with(": no errors, 2 warnings\n"), "{said}");
    let (good, strict) = directory.check(&["--draft", "--strict"]);
    assert!(!good);
    assert_eq!(strict, said);
    // As at a reload: errors only.
    assert_eq!(
        directory.check(&["--draft", "--quiet"]),
        (true, String::new())
    );
}

#[test]
fn every_error_is_reported() {
    let directory = Directory::new("errors");
    directory.write("new.toml", "[policy]\nmode = \"of\"\naudti = true\n");
    directory.write("new.toml.d/1.toml", "[policy]\ngrace = 7\n");
    let (good, said) = directory.check(&["--draft"]);
    assert!(!good);
    for place in [
        "new.toml:2:8: ",
        "new.toml:3:1: ",
        "new.toml.d/1.toml:2:9: ",
    ] {
        assert!(said.contains(&format!("tfad: {place}")), "{said}");
    }
    assert!(said.ends_with("tfad: new.toml: 3 errors\n"), "{said}");
}

#[test]
fn a_path_cannot_control_the_terminal() {
    let output = Command::new(env!("CARGO_BIN_EXE_tfad"))
        .args(["--check", "--config", "/tmp/none\u{1b}[2J\u{202e}"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/tmp/none?[2J?"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
}

#[test]
fn a_file_in_a_directory_that_others_can_write_to_is_refused() {
    let directory = Directory::new("folder");
    directory.write("new.toml", GOOD);
    let (good, said) = directory.check(&[]);
    assert!(!good);
    assert!(
        said.contains("can be written by users other than its owner"),
        "{said}"
    );
}

#[test]
fn json_has_the_errors_with_their_places_and_the_role() {
    let directory = Directory::new("json");
    directory.write("new.toml", "[policy]\nmode = \"of\"\n");
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tfad"))
            .args(["--check", "--draft", "--json", "--config"])
            .arg(directory.0.join("new.toml"))
            .args(more)
            .output()
            .unwrap();
        assert!(output.stderr.is_empty());
        let said = String::from_utf8(output.stdout).unwrap();
        let here = format!("{}/", directory.0.display());
        (output.status.success(), said.replace(&here, ""))
    };
    let (good, said) = run(&[]);
    assert!(!good);
    let expected = "{\"errors\": [{\"file\": \"new.toml\", \"line\": 2, \"column\": 8, \"text\": ";
    assert!(said.starts_with(expected), "{said}");
    assert!(
        said.ends_with("\"role\": null, \"store\": null}\n"),
        "{said}"
    );

    let fleet = "[fleet]\nrole = \"verifier\"\n[store]\nkind = \"etcd\"\n";
    directory.write("new.toml", &format!("{GOOD}{fleet}"));
    let (good, said) = run(&["--quiet"]);
    assert!(good);
    let expected = "{\"errors\": [], \"more_errors\": 0, \"warnings\": [], \"notes\": [], \"role\": \
                    \"verifier\", \"store\": \"etcd\"}\n";
    assert_eq!(said, expected);
}
