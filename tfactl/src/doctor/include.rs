//! The files that a pattern of sshd's `Include` matches, as the glob(3) of OpenSSH finds them.

use std::path::{Component, Path};

use glob::glob;

/// The paths of the files, in order. `None` for a pattern in which more stands than stars, question marks and
/// lists of characters, or if a folder cannot be read.
pub(super) fn matching(pattern: &str) -> Option<Vec<String>> {
    if !pattern.starts_with('/') || pattern.contains('\\') || !has_simple_lists(pattern) {
        return None;
    }
    // Two stars are one, and match no folders.
    let mut pattern = pattern.to_owned();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    let paths = glob(&pattern).ok()?;
    let paths = paths.map(|path| path.ok()?.into_os_string().into_string().ok());
    let mut paths = paths.collect::<Option<Vec<String>>>()?;
    paths.retain(|path| !has_hidden_part(path, &pattern));
    paths.sort();
    Some(paths)
}

/// Whether a path has a name with a dot in front where the pattern has none: such a name matches no star.
fn has_hidden_part(path: &str, pattern: &str) -> bool {
    let is_hidden = |part: &Component<'_>| {
        let name = part.as_os_str().as_encoded_bytes();
        name.starts_with(b".")
    };
    let mut pairs = Path::new(path)
        .components()
        .zip(Path::new(pattern).components());
    pairs.any(|(part, pattern)| is_hidden(&part) && !is_hidden(&pattern))
}

/// Whether each list of characters is one, such as `[0-9]` or `[!a-z_]`.
fn has_simple_lists(pattern: &str) -> bool {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let mut parts = pattern.split('[');
    let before = parts.next();
    before.is_some_and(|before| !before.contains(']'))
        && parts.all(|part| match part.split_once(']') {
            Some((list, rest)) => {
                let list = list.strip_prefix('!').unwrap_or(list);
                !list.is_empty() && list.chars().all(is_simple) && !rest.contains(']')
            }
            None => false,
        })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn patterns_match_files_as_in_openssh() {
        let folder = std::env::temp_dir().join(format!("tfactl-include-{}", std::process::id()));
        fs::create_dir_all(folder.join("a.d")).unwrap();
        fs::create_dir_all(folder.join("a")).unwrap();
        for name in ["1.conf", "b.conf", ".hidden.conf", "a/x", "a.d/x"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let root = folder.to_str().unwrap().to_owned();
        let found = |pattern: &str| {
            let paths = matching(&format!("{root}/{pattern}"))?;
            let names = paths.iter().map(|path| path[root.len() + 1..].to_owned());
            Some(names.collect::<Vec<_>>().join(" "))
        };
        for (pattern, expected) in [
            ("*.conf", Some("1.conf b.conf")),
            ("**.conf", Some("1.conf b.conf")),
            ("***", Some("1.conf a a.d b.conf")),
            ("**/x", Some("a.d/x a/x")),
            ("?.conf", Some("1.conf b.conf")),
            ("[0-9].conf", Some("1.conf")),
            ("[!0-9].conf", Some("b.conf")),
            (".h*", Some(".hidden.conf")),
            ("absent*", Some("")),
            ("absent", Some("")),
            ("1.conf", Some("1.conf")),
            ("\\b.conf", None),
            ("[b.conf", None),
            ("[[:alpha:]].conf", None),
            ("[].conf", None),
            ("b].conf", None),
        ] {
            assert_eq!(found(pattern).as_deref(), expected, "{pattern}");
        }
        assert_eq!(matching("~root/x"), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
