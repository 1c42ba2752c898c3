//! Looking for mistakes in a policy. A script stands in for the daemon's program.

use crate::double::{Place, Run, finished};

/// A daemon's program that finds no mistake, unless the file says so; and tells what it was
/// called with.
fn with_program(place: &Place) -> String {
    let folder = place.bus.folder().display();
    let script = format!(
        "#!/bin/sh\necho \"$@\" > {folder}/called\n\
         if grep -q mistake \"$3\"; then echo \"tfad: $3: line 2: mistake\" >&2; exit 1; fi\n\
         echo \"tfad: $3: the group wheel is not known here\"\n"
    );
    place.script("tfad", &script);
    format!("mount -t tmpfs tmpfs /usr/sbin; cp {folder}/tfad /usr/sbin/")
}

fn check(place: &Place, before: &str, file: &[&str]) -> (i32, String, String) {
    finished(&place.output_of(&Run {
        arguments: &[&["policy", "check"], file].concat(),
        before,
        ..Run::default()
    }))
}

/// The daemon does not run.
fn place() -> Place {
    Place::without_daemon(env!("CARGO_BIN_EXE_tfactl"))
}

#[test]
fn a_good_policy_is_said_to_be_good_while_the_daemon_is_down() {
    let place = place();
    let before = with_program(&place);
    std::fs::write(place.file("new.toml"), "").unwrap();
    let (code, out, error) = check(&place, &before, &["new.toml"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let expected = "tfad: new.toml: the group wheel is not known here\nnew.toml: no mistakes\n";
    assert_eq!(out, expected, "the daemon's warnings are passed on");
    let called = std::fs::read_to_string(place.file("called")).unwrap();
    assert_eq!(called, "--check --config new.toml\n");
}

#[test]
fn the_files_of_its_folder_are_named_too() {
    let place = place();
    let before = with_program(&place);
    std::fs::write(place.file("new.toml"), "").unwrap();
    std::fs::create_dir(place.file("new.toml.d")).unwrap();
    for name in ["a.toml", "b.toml", ".hidden.toml", "c.toml~"] {
        std::fs::write(place.file("new.toml.d").join(name), "").unwrap();
    }
    let (code, out, _) = check(&place, &before, &["new.toml"]);
    assert_eq!(code, 0);
    assert!(
        out.ends_with("new.toml, and 2 files in new.toml.d: no mistakes\n"),
        "{out}"
    );
}

#[test]
fn a_mistake_is_told_in_the_daemons_words_and_fails() {
    let place = place();
    let before = with_program(&place);
    std::fs::write(place.file("new.toml"), "mistake").unwrap();
    let (code, out, error) = check(&place, &before, &["new.toml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let expected = "tfad: new.toml: line 2: mistake\nnew.toml cannot be used as it is.\n";
    assert_eq!(error, expected);
}

#[test]
fn without_a_file_it_is_the_hosts_policy() {
    let place = place();
    let before = with_program(&place);
    let before = format!(
        "{before}; mkdir -p /etc/tfa; mount -t tmpfs tmpfs /etc/tfa; touch /etc/tfa/tfad.toml"
    );
    let (code, out, _) = check(&place, &before, &[]);
    assert_eq!(code, 0);
    assert!(out.ends_with("/etc/tfa/tfad.toml: no mistakes\n"), "{out}");
}

#[test]
fn a_missing_daemon_is_named() {
    let place = place();
    let (code, _, error) = check(&place, "mount -t tmpfs tmpfs /usr/sbin", &["x"]);
    assert_eq!(code, 1);
    assert!(error.contains("/usr/sbin/tfad"), "{error}");
}
