//! Which verifiers a login has been tried at.

use std::sync::Arc;

use super::link::{Link, Open};

/// The verifiers in the order in which they are asked, each once on a connection.
pub(super) struct Round {
    tried: Vec<Tried>,
}

struct Tried {
    link: Arc<Link>,
    /// The failed attempts to connect when the login began.
    failures: u64,
    /// The connection on which it was asked.
    asked: Option<u64>,
}

/// What can be done where no verifier is left to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// One may be connected soon.
    SomeConnect,
    /// Those that can be reached were asked.
    AllAsked,
    /// None can be reached.
    NoneConnects,
}

impl Round {
    pub(super) fn new(links: Vec<Arc<Link>>) -> Self {
        let tried = links.into_iter().map(|link| Tried {
            failures: link.failures(),
            asked: None,
            link,
        });
        Self {
            tried: tried.collect(),
        }
    }

    /// The next verifier to ask.
    pub(super) fn next(&mut self) -> Option<(Arc<Link>, Open)> {
        self.tried.iter_mut().find_map(|tried| {
            let open = tried.link.open();
            let open = open.filter(|open| tried.asked != Some(open.number))?;
            tried.asked = Some(open.number);
            Some((Arc::clone(&tried.link), open))
        })
    }

    /// What can be done where there is none. Has those that are not connected try at once.
    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing::NoneConnects;
        for Tried {
            link,
            failures,
            asked,
        } in &self.tried
        {
            if link.open().is_some_and(|open| *asked == Some(open.number)) {
                standing = Standing::AllAsked;
            } else if link.failures() == *failures && !link.is_of_no_use() {
                self.tried.iter().for_each(|tried| tried.link.want());
                return Standing::SomeConnect;
            }
        }
        standing
    }

    /// Each may be asked again.
    pub(super) fn begin_again(&mut self) {
        for tried in &mut self.tried {
            tried.asked = None;
        }
    }
}
