//! The lines of the package's profile, added by hand to the common files: all other lines stay.

use tfa_pam_host::Snapshot;

use super::profile::{Block, Profile, lines};
use super::{END, TFA, common, is_comment, tfa_profile};
use crate::edit::Edit;

/// The kinds of lines that the profile has.
const KINDS: [(&str, Block); 3] = [
    ("auth", Block::Additional),
    ("account", Block::Primary),
    ("session", Block::Additional),
];

/// The lines that are added. The account lines come first, the others last, before the end of what
/// pam-auth-update(8) manages.
pub(crate) fn added_lines(files: &Snapshot) -> Option<Vec<Edit>> {
    let profile = [Profile::parse(TFA, &tfa_profile(files)?)];
    let edit = |(kind, block)| {
        let file = common(kind);
        let text = files.text(&file)?;
        let added = lines(&profile, kind, block, None);
        Some(Edit {
            after: place(&text, block),
            removed: Vec::new(),
            added: added
                .iter()
                .map(|line| line.trim_end().to_owned())
                .collect(),
            file,
        })
    };
    KINDS.into_iter().map(edit).collect()
}

/// Whether a line of a common file is one of the profile, as pam-auth-update(8) writes it.
pub(crate) fn is_of_profile(files: &Snapshot, file: &str, line: &str) -> bool {
    let Some(text) = tfa_profile(files) else {
        return false;
    };
    let profile = [Profile::parse(TFA, &text)];
    let mut kinds = KINDS.into_iter().filter(|(kind, _)| common(kind) == file);
    kinds.any(|(kind, block)| {
        let lines = lines(&profile, kind, block, None);
        lines.iter().any(|own| own.trim_end() == line.trim_end())
    })
}

/// The number of lines before the place.
fn place(text: &str, block: Block) -> usize {
    let mut lines = text.lines();
    let found = match block {
        Block::Primary => lines.position(|line| !is_comment(line)),
        Block::Additional => lines.position(|line| line.starts_with(END)),
    };
    found.unwrap_or_else(|| text.lines().count())
}
