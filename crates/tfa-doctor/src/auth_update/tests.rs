//! The expected files are those that pam-auth-update of Debian 12 and 13 wrote on a machine with the package.

use std::path::Path;

use tfa_pam_host::PamHost;

use super::*;

const SHIPPED: [&str; 2] = ["shipped-12", "shipped-13"];
const AUTH: &str = "/etc/pam.d/common-auth";

/// The files of an untouched host, with a change of one.
fn host(shipped: &str, path: &str, change: impl Fn(&str) -> String) -> Snapshot {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let host = PamHost::below(&repository.join("tests/doctor").join(shipped));
    let paths = pam_update_files(&host);
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let profile = std::fs::read_to_string(repository.join("packaging/pam/tfa")).unwrap();
    let files =
        Snapshot::of(&host, &BTreeSet::new(), &paths, &[]).with(&profile_path(TFA), &profile);
    let text = files.text(path).unwrap();
    files.with(path, &change(&text))
}

#[test]
fn untouched_files_stay_as_they_are() {
    for shipped in SHIPPED {
        let files = host(shipped, AUTH, str::to_owned);
        assert!(simulate(&files).is_none(), "{shipped}");
    }
}

#[test]
fn removed_lines_are_written_again_as_the_script_wrote_them() {
    for shipped in SHIPPED {
        let untouched = host(shipped, AUTH, str::to_owned);
        for kind in ["auth", "account", "session"] {
            let path = common(kind);
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let without = |text: &str| {
                let kept = lines(text).into_iter();
                kept.filter(|line| !line.contains("pam_tfa"))
                    .map(|line| format!("{line}\n"))
                    .collect()
            };
            let (after, update) = simulate(&host(shipped, &path, without)).unwrap();
            assert!(!update.needs_force, "{shipped}, {kind}");
            assert_eq!(update.files, std::slice::from_ref(&path));
            assert_eq!(after.text(&path), untouched.text(&path), "{shipped}");
        }
    }
}

#[test]
fn options_that_were_changed_by_hand_are_kept() {
    let change = |text: &str| {
        let text = text.replace("nullok", "");
        let lines = text.lines().filter(|line| !line.contains("pam_tfa"));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let (after, update) = simulate(&host("shipped-12", AUTH, change)).unwrap();
    assert!(!update.needs_force);
    let text = after.text(AUTH).unwrap();
    assert!(
        text.contains("pam_tfa.so") && !text.contains("nullok"),
        "{text}"
    );
}

/// A change of a text.
type Change = fn(&str) -> String;

#[test]
fn other_lines_between_the_markers_need_force_and_are_lost() {
    let changes: [(&str, Change, &[&str]); 3] = [
        (
            "control",
            |text| text.replace("[success=1 default=ignore]", "sufficient"),
            &["auth\tsufficient\tpam_unix.so nullok"],
        ),
        (
            "comment",
            |text| text.replace("auth\trequisite\tpam_tfa", "#auth\trequisite\tpam_tfa"),
            &[],
        ),
        (
            "markers",
            |_| "auth required pam_unix.so\n".to_owned(),
            &["auth required pam_unix.so"],
        ),
    ];
    let untouched = host("shipped-12", AUTH, str::to_owned);
    for (name, change, lost) in changes {
        let (after, update) = simulate(&host("shipped-12", AUTH, change)).unwrap();
        assert!(update.needs_force, "{name}");
        assert_eq!(update.lost, lost, "{name}");
        assert_eq!(after.text(AUTH), untouched.text(AUTH), "{name}");
    }
}

/// Its users would be locked out.
#[test]
fn a_module_between_the_markers_is_never_dropped() {
    let before = "auth\t[success=1 default=ignore]\tpam_unix.so";
    let with_ldap = |text: &str| {
        let ldap = "auth [success=2 default=ignore] pam_ldap.so use_first_pass";
        text.replace(before, &format!("{ldap}\n{before}"))
    };
    assert!(simulate(&host("shipped-12", AUTH, with_ldap)).is_none());
}

#[test]
fn lines_outside_the_markers_are_kept() {
    let head = "auth required pam_faillock.so preauth\n";
    let change = |text: &str| format!("{head}{text}");
    assert!(simulate(&host("shipped-12", AUTH, change)).is_none());
}
