//! What libpam reads from the files, where the random services do not go.

use tfa_pam_stack::{Call, Code, Phase, ProblemKind, Release, Unreadable, run};

use crate::memory::{Memory, service};

const BOTH: [Release; 2] = [Release::V1_5, Release::V1_7];

/// The modules of the auth lines.
fn modules(host: &Memory, name: &str, release: Release) -> Vec<String> {
    let service = host.read(name, release).unwrap();
    let lines = service.stack(Phase::Auth).lines.iter();
    lines.map(|line| line.module.clone()).collect()
}

#[test]
fn file_of_the_administrator_has_precedence() {
    let host = Memory::new(&[
        ("/usr/lib/pam.d/both", "auth required pam_lib.so\n"),
        (
            "/usr/lib/pam.d/lib",
            "auth required pam_lib.so\n@include both\n",
        ),
        ("/usr/share/pam.d/share", "auth required pam_share.so\n"),
        ("both", "auth required pam_etc.so\n"),
    ]);
    assert_eq!(modules(&host, "both", Release::V1_5), ["pam_etc.so"]);
    assert_eq!(modules(&host, "BOTH", Release::V1_5), ["pam_etc.so"]);
    assert_eq!(
        modules(&host, "/usr/bin/lib", Release::V1_5),
        ["pam_lib.so", "pam_etc.so"]
    );
    assert_eq!(host.read("share", Release::V1_5), Err(Unreadable::NoFile));
}

#[test]
fn included_files_are_those_of_the_administrator_only() {
    let host = Memory::new(&[
        ("/usr/lib/pam.d/service", "@include other-lib\n"),
        ("/usr/lib/pam.d/other-lib", "auth required pam_permit.so\n"),
        ("unrelated", ""),
    ]);
    let read = host.read("service", Release::V1_5);
    assert!(matches!(read, Err(Unreadable::FailedInclude(position)) if position.line == 1));
}

#[test]
fn single_file_is_read_if_there_is_no_folder() {
    let text = "# service kind control module\nSSHD auth required pam_a.so\n\
                login auth required pam_b.so\nother auth required pam_c.so\nsshd\n";
    let host = Memory::new(&[("/etc/pam.conf", text)]);
    assert_eq!(modules(&host, "sshd", Release::V1_5), ["pam_a.so", ""]);
    assert_eq!(modules(&host, "login", Release::V1_5), ["pam_b.so"]);
    assert_eq!(modules(&host, "cron", Release::V1_5), ["pam_c.so"]);
    let host = Memory::new(&[("/etc/pam.conf", text), ("login", "")]);
    assert_eq!(modules(&host, "login", Release::V1_5), [""; 0]);
}

#[test]
fn overlong_line_is_split_by_the_older_release() {
    let comment = format!("#{} auth sufficient pam_permit.so\n", "x".repeat(1022));
    let host = Memory::new(&[("service", &format!("{comment}auth required pam_deny.so\n"))]);
    let expected = [vec!["pam_permit.so", "pam_deny.so"], vec!["pam_deny.so"]];
    for (release, expected) in BOTH.into_iter().zip(expected) {
        assert_eq!(modules(&host, "service", release), expected);
    }
    let backslash = format!("{}\\\nauth required pam_deny.so\n", "x".repeat(1022));
    let host = Memory::new(&[("service", &backslash)]);
    let read = host.read("service", Release::V1_5);
    assert!(matches!(read, Err(Unreadable::Hang(_))));
    assert!(host.read("service", Release::V1_7).is_ok());
}

#[test]
fn blank_line_in_a_line_ends_it_in_the_newer_release_only() {
    for gap in ["\n", "# a comment\n"] {
        let text = format!("auth \\\n{gap}required pam_deny.so\n");
        let host = Memory::new(&[("service", &text)]);
        assert_eq!(modules(&host, "service", Release::V1_5), ["pam_deny.so"]);
        let service = host.read("service", Release::V1_7).unwrap();
        let lines = &service.stack(Phase::Auth).lines;
        assert!(lines.iter().all(|line| line.call == Call::Malformed));
        assert_eq!(lines.len(), 2);
    }
}

#[test]
fn file_that_ends_in_a_line_is_refused() {
    let host = Memory::new(&[
        ("service", "auth required pam_permit.so \\\n"),
        (
            "outer",
            "auth include service\nauth optional pam_permit.so\n",
        ),
        ("around", "@include service\n"),
    ]);
    for release in BOTH {
        let ends = Err(Unreadable::EndsInContinuation("/etc/pam.d/service".into()));
        assert_eq!(host.read("service", release), ends);
        let outer = host.read("outer", release).unwrap();
        let run = run(outer.stack(Phase::Auth), |_| Code::SUCCESS);
        assert_eq!(run.result, Code::PERM_DENIED);
        let around = host.read("around", release);
        assert!(matches!(around, Err(Unreadable::FailedInclude(_))));
    }
}

#[test]
fn circles_of_includes_end() {
    for text in [
        "auth include service\n",
        "auth substack service\n",
        "auth include service\n\
                  auth include service\n",
    ] {
        for release in BOTH {
            let text = format!("auth required pam_permit.so\n{text}");
            let host = Memory::new(&[("service", &text)]);
            match host.read("service", release) {
                Ok(service) => {
                    let problems = &service.problems;
                    assert!(
                        problems
                            .iter()
                            .any(|found| found.kind == ProblemKind::FailedInclude)
                    );
                    assert_eq!(service.bypass(Phase::Auth), None);
                }
                Err(error) => assert!(matches!(error, Unreadable::TooLong(_)), "{error:?}"),
            }
        }
    }
}

#[test]
fn include_without_a_file_ends_the_program() {
    for line in ["@include\n", "auth include\n", "auth substack # file\n"] {
        let outer = "auth include service\nauth optional pam_permit.so\n";
        let host = Memory::new(&[("service", line), ("outer", outer)]);
        for name in ["service", "outer"] {
            let read = host.read(name, Release::V1_5);
            assert!(
                matches!(read, Err(Unreadable::IncludeWithoutName(_))),
                "{line}"
            );
        }
    }
}

#[test]
fn dash_does_not_make_a_missing_module_optional() {
    let service = service("-auth required pam_absent.so\nauth required pam_permit.so\n");
    let run = run(service.stack(Phase::Auth), |_| Code::SUCCESS);
    assert_eq!(run.result, Code::MODULE_UNKNOWN);
    assert_eq!(service.problems[0].kind, ProblemKind::MissingModule);
}

#[test]
fn module_without_a_name_refuses_the_service() {
    for line in [
        "auth optional /",
        "auth optional ?",
        "auth optional /lib/security/",
        "auth optional .so",
        "auth optional []",
        "auth auth [] pam_unix.so",
        "x optional []",
    ] {
        let host = Memory::new(&[("service", &format!("{line}\n"))]);
        let read = host.read("service", Release::V1_5);
        assert!(matches!(read, Err(Unreadable::ModuleName(_))), "{line}");
    }
    let host = Memory::new(&[("service", "auth optional\n")]);
    assert!(host.read("service", Release::V1_5).is_ok());
}

#[test]
fn incomplete_module_ends_the_call() {
    let service = service("auth required pam_x.so\nauth required pam_permit.so\n");
    let run = run(service.stack(Phase::Auth), |_| Code::INCOMPLETE);
    assert_eq!((run.result, run.lines.len()), (Code::INCOMPLETE, 1));
}

#[test]
fn errors_in_lines_are_reported_with_their_places() {
    let text = "auht required pam_a.so\nauth\nauth required\nauth wrong pam_a.so\n\
                auth [success=ok default] pam_a.so\nauth include absent\n\
                auth required pam_absent.so\n";
    let service = service(text);
    let found = service
        .problems
        .iter()
        .map(|found| (found.position.line, found.kind.clone()));
    let expected = [
        (1, ProblemKind::UnknownKind),
        (2, ProblemKind::NoControl),
        (3, ProblemKind::NoModule),
        (4, ProblemKind::UnknownControl),
        (5, ProblemKind::UnknownControl),
        (6, ProblemKind::FailedInclude),
        (7, ProblemKind::MissingModule),
    ];
    assert_eq!(Vec::from_iter(found), expected);
}
