//! The files below a folder, read as those of a host.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use tfa_pam_host::PamHost;
use tfa_pam_stack::{Call, Files, Phase, Service, Unreadable};

/// A folder that stands for `/`, removed at the end.
struct Root(PathBuf);

impl Root {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let name = format!("tfa-pam-host-{name}-{}", std::process::id());
        let root = Self(std::env::temp_dir().join(name));
        for (path, text) in files {
            let path = root.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn host(&self) -> PamHost {
        PamHost::below(&self.0)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_service_is_found_in_both_folders_and_includes_are_followed() {
    let root = Root::new(
        "folders",
        &[
            ("etc/pam.d/sshd", "@include common-auth\n"),
            ("etc/pam.d/common-auth", "auth required pam_tfa.so\n"),
            ("etc/pam.d/sshd.dpkg-old", "auth required pam_unix.so\n"),
            ("usr/lib/pam.d/polkit-1", "auth include common-auth\n"),
        ],
    );
    let host = root.host();
    assert!(host.services().iter().eq(["polkit-1", "sshd"]));
    assert!(host.has_service("polkit-1") && !host.has_service("../pam.d/sshd"));
    assert!(!host.has_service("") && !host.has_service("absent"));
    for service in ["sshd", "polkit-1"] {
        let reading = host.read(service);
        assert!(reading.all(|service| service.stack(Phase::Auth).lines[0].is_tfa()));
    }
    assert!(!host.read("absent").all(|_| true));
}

#[test]
fn releases_that_read_a_file_differently_have_a_result_each() {
    let text = "auth required \\\n\npam_tfa.so\n";
    let root = Root::new(
        "releases",
        &[("etc/pam.d/sshd", text), ("etc/pam.d/login", "")],
    );
    let reading = root.host().read("sshd");
    assert_eq!(reading.results().count(), 2);
    let asks = |service: &Service| {
        let lines = &service.stack(Phase::Auth).lines;
        lines.iter().any(|line| line.is_tfa())
    };
    assert!(reading.any(asks) && !reading.all(asks));
    assert_eq!(root.host().read("login").results().count(), 1);
}

#[test]
fn a_module_is_present_if_one_of_the_folders_has_it() {
    let lines = "auth required pam_unix.so\nauth required pam_tfa.so\n";
    let files = [
        ("etc/pam.d/sshd", lines),
        ("usr/lib/security/pam_unix.so", ""),
        ("opt/pam_tfa.so", ""),
        ("srv/pam_tfa.so", "#!/bin/sh\n"),
    ];
    let root = Root::new("modules", &files);
    let host = root.host();
    for (module, expected) in [
        ("pam_unix.so", true),
        ("/usr/lib/security/pam_unix.so", true),
        ("/lib/$ISA/pam_unix.so", true),
        ("pam_tfa.so", false),
        ("/usr/lib/pam_unix.so", false),
        // These two cannot be loaded: a file of no bytes, and one that is no program.
        ("/opt/pam_tfa.so", false),
        ("/srv/pam_tfa.so", false),
    ] {
        assert_eq!(host.has_module(module, Phase::Auth), expected, "{module}");
    }
    let is_missing =
        |service: &Service| service.stack(Phase::Auth).lines[1].call == Call::MissingModule;
    assert!(host.read("sshd").all(is_missing));
    // Without a folder of modules, nothing is known.
    assert!(
        Root::new("none", &[("etc/x", "")])
            .host()
            .has_module("pam_tfa.so", Phase::Auth)
    );
}

#[test]
#[cfg(target_arch = "x86_64")]
fn of_debian_the_architecture_is_one_folder() {
    let files = [
        ("lib/x86_64-linux-gnu/security/pam_unix.so", ""),
        ("lib/security/pam_old.so", ""),
    ];
    let root = Root::new("isa", &files);
    let host = root.host();
    for (module, expected) in [
        ("pam_unix.so", true),
        ("$ISA/pam_old.so", true),
        ("$ISA/pam_unix.so", false),
        ("/lib/security/$ISA/pam_unix.so", false),
        ("/lib/security/$ISA/pam_old.so", false),
        ("/lib/x86_64-linux-gnu/security/$ISA/pam_unix.so", false),
        ("x$ISA/pam_old.so", false),
    ] {
        assert_eq!(host.has_module(module, Phase::Auth), expected, "{module}");
    }
}

#[test]
fn the_null_device_is_an_empty_file() {
    let includes = "auth include empty\nauth required pam_permit.so\n";
    let files = [
        ("usr/lib/pam.d/masked", "auth required pam_tfa.so\n"),
        ("etc/pam.d/other", "auth required pam_permit.so\n"),
        ("etc/pam.d/includes", includes),
    ];
    let root = Root::new("null", &files);
    for name in ["masked", "empty"] {
        symlink("/dev/null", root.0.join("etc/pam.d").join(name)).unwrap();
    }
    for name in ["masked", "includes"] {
        assert!(root.host().has_service(name), "{name}");
        let opens = |service: &Service| service.bypass(Phase::Auth).is_some();
        assert!(root.host().read(name).all(opens), "{name}");
    }
}

#[test]
fn what_a_pipe_or_a_device_holds_is_not_known() {
    let files = [
        ("etc/pam.d/other", "auth required pam_tfa.so\n"),
        (
            "etc/pam.d/includes",
            "auth optional pam_x.so\n@include pipe\n",
        ),
        ("usr/lib/pam.d/socket", "auth required pam_tfa.so\n"),
    ];
    let root = Root::new("pipe", &files);
    let folder = root.0.join("etc/pam.d");
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status();
    assert!(made.unwrap().success());
    symlink("/dev/zero", folder.join("zero")).unwrap();
    for name in ["pipe", "zero", "includes"] {
        let reading = root.host().read(name);
        let mut results = reading.results();
        let is_not_known = |result| matches!(result, Err(&Unreadable::NotRegular(_)));
        assert!(results.all(is_not_known), "{name}");
    }
    // libpam cannot open a socket, and reads the file of the vendor.
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    let asks = |service: &Service| service.bypass(Phase::Auth).is_none();
    assert!(root.host().read("socket").all(asks));
    let folder = Files::read(&root.host(), "/etc/pam.d");
    assert_eq!(folder, Ok(Vec::new()));
}

#[test]
fn each_file_of_a_module_is_listed_once_those_that_libpam_searches_first() {
    let files = [
        ("usr/local/lib/security/pam_tfa.so", ""),
        ("usr/lib/security/pam_tfa.so", ""),
        ("usr/lib/security/pam_unix.so", ""),
    ];
    let root = Root::new("copies", &files);
    std::os::unix::fs::symlink("usr/lib", root.0.join("lib")).unwrap();
    let found = root.host().files_of("pam_tfa.so");
    let found: Vec<(&str, bool)> = found
        .iter()
        .map(|file| (file.path.as_str(), file.is_searched))
        .collect();
    let expected = [
        ("/lib/security/pam_tfa.so", true),
        ("/usr/local/lib/security/pam_tfa.so", false),
    ];
    assert_eq!(found, expected);
}
