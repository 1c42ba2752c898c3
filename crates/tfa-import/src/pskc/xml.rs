//! Elements of a container, by their local names.

use roxmltree::Node;

/// The first child of this name.
pub(super) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children()
        .find(|child| child.tag_name().name() == name)
}

/// Whether an element has text and something else.
pub(super) fn is_mixed(node: Node<'_, '_>) -> bool {
    let mut texts = node
        .children()
        .filter_map(|child| child.text().filter(|_| child.is_text()));
    texts.any(|text| !text.trim().is_empty()) && node.children().nth(1).is_some()
}

/// The text of the first child of this name, without blanks around it.
pub(super) fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

/// The plain value of an element.
pub(super) fn plain<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    text(node, "PlainValue")
}

pub(super) fn number_of(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The lines of nodes, which are asked for in the order of the document.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    place: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            place: 0,
            line: 1,
        }
    }

    /// The line where a node begins, from 1.
    pub(super) fn at(&mut self, node: Node<'_, '_>) -> usize {
        let begin = node.range().start;
        let between = self.text.get(self.place..begin).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.place = self.place.max(begin);
        self.line
    }
}
