//! The documents for readers of the code name files and types that exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The documents for readers of the code, by their paths in the repository.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
    ]
    .map(str::to_owned)
    .into();
    for folder in ["docs", "docs/adr"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        found.extend(
            names
                .filter(|name| name.ends_with(".md"))
                .map(|name| format!("{folder}/{name}")),
        );
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts between single backticks in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The links in a line that lead to a file of the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains(':') && !target.starts_with('#'))
}

/// Whether a quoted text is a path in the repository, as the documents write them.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    text.contains('/')
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        && text.chars().all(plain)
        && (text.ends_with('/')
            || [".rs", ".md", ".toml", ".xml", ".c"]
                .iter()
                .any(|end| text.ends_with(end)))
}

#[test]
fn paths_in_the_documents_exist() {
    let mut checked = 0;
    for document in documents() {
        for (number, line) in read(&document).lines().enumerate() {
            let folder = Path::new(&document).parent().unwrap();
            let links = links(line).map(|link| folder.join(link));
            let paths = quoted(line).filter(|text| is_path(text));
            for path in paths.map(PathBuf::from).chain(links) {
                let position = format!("{document}:{}", number + 1);
                let exists = root().join(&path).exists();
                assert!(exists, "{position}: no {}", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "only {checked} paths were found");
}

/// Whether a Rust file defines a type.
fn defines(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = text
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).any(
        |pair| matches!(pair, ["struct" | "enum" | "trait" | "type", defined] if *defined == name),
    )
}

#[test]
fn glossary_names_each_type_with_its_file() {
    let glossary = read("docs/glossary.md");
    let rows = glossary.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<&str>> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .skip(2)
        .collect();
    assert!(rows.len() > 40);
    for row in &rows {
        let [word, _, name, file] = row[..] else {
            panic!("not four columns: {row:?}");
        };
        let (name, file) = (name.trim_matches('`'), file.trim_matches('`'));
        let (name, variant) = name.split_once("::").unwrap_or((name, name));
        let text = read(file);
        assert!(defines(&text, name), "{word}: {file} defines no {name}");
        assert!(text.contains(variant), "{word}: {file} has no {variant}");
    }
    let words: Vec<String> = rows.iter().map(|row| row[0].to_lowercase()).collect();
    assert!(words.is_sorted(), "the words are not in alphabetical order");
}

#[test]
fn index_of_decisions_lists_each_record_in_order() {
    let index = read("docs/adr/README.md");
    let records: Vec<String> = documents()
        .into_iter()
        .filter_map(|path| Some(path.strip_prefix("docs/adr/")?.to_owned()))
        .filter(|name| name != "README.md")
        .collect();
    let (mut from, mut last) = (0, 0);
    for name in &records {
        let number = name
            .split_once('-')
            .and_then(|(digits, _)| digits.parse().ok());
        let number: u32 = number.unwrap_or_else(|| panic!("without a number: {name}"));
        assert!(number > last, "two records have the number of {name}");
        last = number;
        let text = read(&format!("docs/adr/{name}"));
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        let (_, title) = title.split_once(". ").unwrap();
        let entry = format!("- [{number:04}]({name}): {title}\n");
        let found = index[from..].find(&entry);
        from += found.unwrap_or_else(|| panic!("not in the index, or not in order: {entry}"));
        assert!(text.contains("\nStatus: "), "{name} has no status");
    }
    assert!(!records.is_empty());
}
