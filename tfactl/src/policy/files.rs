//! The files of a policy, in the order in which the daemon reads them.

use std::fs;
use std::io;
use std::path::Path;

use tfa_client::Failure;
use tfa_proto::{HypotheticalLogin, PublishedPolicy};
use tfa_text::policy_files::{self, AnyOwner, DropIns};

use crate::call_size::{self, MAX_BODY, STRING_OVERHEAD};
use crate::daemon::Daemon;
use crate::messages;

/// Bytes for the login, with its keys.
const LOGIN_SIZE: usize = 256;

/// The files of a policy; none for the policy in force.
#[derive(Debug)]
pub(crate) struct Files {
    /// For messages.
    description: Option<String>,
    files: Vec<PolicyFile>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
struct PolicyFile {
    name: String,
    text: String,
}

impl Files {
    /// Reads the file and its drop-ins; no file is the policy in force.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self {
                description: None,
                files: Vec::new(),
            });
        };
        let not_read =
            |path: &Path, error: &io::Error| Failure::Refused(messages::not_read(path, error));
        let directory = DropIns::directory(file);
        let drop_ins = DropIns::list(file, &AnyOwner)
            .map_err(|error| not_read(&directory, &error))?
            .read;
        // This file may be a pipe.
        let text = fs::read_to_string(file).map_err(|error| not_read(file, &error))?;
        let mut files = vec![PolicyFile::new(file, text)];
        for name in &drop_ins {
            let path = directory.join(name);
            let text = policy_files::read(&path, &AnyOwner)
                .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
                .map_err(|error| not_read(&path, &error))?;
            files.push(PolicyFile::new(&path, text));
        }
        let description = messages::files(file, &directory, drop_ins.len());
        Ok(Self {
            description: Some(description),
            files,
        })
    }

    /// A file without drop-ins.
    pub(crate) fn one(file: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| Failure::Refused(messages::not_read(file, &error)))?;
        Ok(Self {
            description: Some(file.display().to_string()),
            files: vec![PolicyFile::new(file, text)],
        })
    }

    /// The text of the first file.
    pub(crate) fn text(&self) -> &str {
        self.files.first().map_or("", |file| &file.text)
    }

    /// The files, for messages; `None` for the policy in force.
    pub(crate) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The published policy, where it is the one in force that is meant.
    pub(crate) async fn published(
        &self,
        daemon: &mut Daemon,
    ) -> Result<Option<PublishedPolicy>, Failure> {
        if !self.files.is_empty() {
            return Ok(None);
        }
        let published = daemon.published_policy().await?;
        Ok(published.revision.is_some().then_some(published))
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }

    /// Names and contents, as they are sent.
    pub(crate) fn contents(&self) -> Vec<(&str, &str)> {
        let files = self.files.iter();
        files
            .map(|file| (file.name.as_str(), file.text.as_str()))
            .collect()
    }

    /// The bytes that a call has left for users, next to the files, the login and `others`.
    pub(crate) fn room(
        &self,
        hypothetical: &HypotheticalLogin,
        others: &[&str],
    ) -> Result<usize, Failure> {
        let files = self.files.iter();
        let files: usize = files
            .map(|file| call_size::string(&file.name) + call_size::string(&file.text))
            .sum();
        let strings = [hypothetical.service.as_str(), &hypothetical.from];
        let method = hypothetical.method.as_deref();
        let strings = strings.into_iter().chain(method);
        let strings = strings.chain(hypothetical.key.as_deref());
        let login: usize = strings.chain(others.iter().copied()).map(str::len).sum();
        let left = MAX_BODY.saturating_sub(files + login + LOGIN_SIZE);
        // Room for at least one user name of the length that useradd allows.
        if left < 256 + STRING_OVERHEAD {
            let description = self.description().unwrap_or_default();
            return Err(Failure::Refused(messages::too_long(
                description,
                files,
                MAX_BODY,
            )));
        }
        Ok(left)
    }
}

impl PolicyFile {
    fn new(path: &Path, text: String) -> Self {
        Self {
            name: path.display().to_string(),
            text,
        }
    }
}
