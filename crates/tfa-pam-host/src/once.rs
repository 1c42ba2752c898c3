//! The files of a host, each looked at once: both releases of libpam then read the same, even if a file
//! changes meanwhile.

use std::cell::RefCell;
use std::collections::HashMap;

use tfa_pam_stack::Files;

use crate::PamHost;

/// What was read so far.
pub(crate) struct Once<'a> {
    host: &'a PamHost,
    texts: RefCell<HashMap<String, Option<Vec<u8>>>>,
    modules: RefCell<HashMap<String, bool>>,
}

impl<'a> Once<'a> {
    pub(crate) fn new(host: &'a PamHost) -> Self {
        Self {
            host,
            texts: RefCell::default(),
            modules: RefCell::default(),
        }
    }
}

impl Files for Once<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(path) {
            return text.clone();
        }
        let text = Files::read(self.host, path);
        texts.insert(path.to_owned(), text.clone());
        text
    }

    fn is_folder(&self, path: &str) -> bool {
        self.host.is_folder(path)
    }

    fn has_module(&self, module: &str) -> bool {
        let mut modules = self.modules.borrow_mut();
        if let Some(is_present) = modules.get(module) {
            return *is_present;
        }
        let is_present = self.host.has_module(module);
        modules.insert(module.to_owned(), is_present);
        is_present
    }
}
