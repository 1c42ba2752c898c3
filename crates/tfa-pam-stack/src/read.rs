//! Reads the files of a service as the libpam of Debian does.

use std::rc::Rc;

use crate::files::{Files, MAX_LINES, ReadError, Unreadable};
use crate::lines::{self, End, Release};
use crate::parse::{Parser, text_of};
use crate::stack::{Phase, Position, Service};
use crate::words::Words;

/// How deep files may include others: in libpam 1.5, substacks only.
const MAX_LEVEL: usize = 16;
/// How deep this crate follows a file that includes itself. libpam 1.5 goes on until it has no file
/// descriptor left, 1000 or so, and then fails as here.
const MAX_INCLUDES: usize = 64;

/// Reads services.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Where the files are.
    pub files: &'a dyn Files,
    /// The libpam that is imitated.
    pub release: Release,
    /// Where the files of services are; the first has precedence.
    pub folders: &'a [&'a str],
}

/// Where Debian's libpam looks for the file of a service. It is built without a vendor folder.
pub const FOLDERS: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];
/// Where Debian's libpam looks for included files.
const INCLUDED: &str = "/etc/pam.d";
/// What is read if there is none of the folders.
const SINGLE_FILE: &str = "/etc/pam.conf";
const OTHER: &str = "other";

/// A path, and what the file there contains.
type Named = (Rc<str>, Vec<u8>);

/// The place of a file in the files that include it.
#[derive(Clone, Copy)]
pub(crate) struct Depth {
    includes: usize,
    /// In how many substacks it is.
    pub(crate) level: usize,
}

/// One file under way.
pub(crate) struct Source<'a> {
    path: Rc<str>,
    /// The service; `None` in pam.conf, where each line names its own.
    service: Option<&'a str>,
    /// The kind that the including line asks for.
    pub(crate) only: Option<Phase>,
    pub(crate) depth: Depth,
}

impl Reader<'_> {
    /// Reads the files of a service.
    ///
    /// # Errors
    /// What makes libpam refuse each login.
    pub fn read(&self, service: &str) -> Result<Service, Unreadable> {
        let name = service.rsplit('/').next().unwrap_or_default();
        let mut found = Service {
            name: name.to_ascii_lowercase(),
            ..Service::default()
        };
        if !self
            .folders
            .iter()
            .any(|folder| self.files.is_folder(folder))
        {
            let text = self.text_of(&SINGLE_FILE.into())?;
            self.parse(&mut found, &text, &Source::top(SINGLE_FILE.into(), None))?;
            return Ok(found);
        }
        let mut has_file = false;
        // libpam reads the file twice for a program that names its service so. Here the name stands for the programs
        // without a file, for which libpam takes the lines once.
        let own = Some(found.name.clone()).filter(|name| name != OTHER);
        for name in own.into_iter().chain([OTHER.to_owned()]) {
            if let Some((path, text)) = self.file_of(&name)? {
                self.parse(&mut found, &text, &Source::top(path, Some(&name)))?;
                has_file = true;
            }
        }
        if has_file {
            Ok(found)
        } else {
            Err(Unreadable::NoFile)
        }
    }

    fn file_of(&self, service: &str) -> Result<Option<Named>, Unreadable> {
        for folder in self.folders {
            let path: Rc<str> = format!("{folder}/{service}").into();
            match self.text_of(&path) {
                Ok(text) => return Ok(Some((path, text))),
                Err(Unreadable::NoFile) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn text_of(&self, path: &Rc<str>) -> Result<Vec<u8>, Unreadable> {
        self.files.read(path).map_err(|error| match error {
            ReadError::Absent => Unreadable::NoFile,
            ReadError::NoFile => Unreadable::NotRegular(path.clone()),
        })
    }

    fn parse(
        &self,
        into: &mut Service,
        text: &[u8],
        source: &Source<'_>,
    ) -> Result<(), Unreadable> {
        let (lines, end) = lines::read(text, self.release);
        let mut draft = None;
        for line in lines {
            let mut words = Words::new(&line.bytes);
            let named;
            let service = match source.service {
                Some(service) => service,
                None => {
                    named = text_of(&words.next().unwrap_or_default());
                    &named
                }
            };
            if [OTHER, &into.name]
                .iter()
                .any(|name| service.eq_ignore_ascii_case(name))
            {
                let position = Position {
                    file: source.path.clone(),
                    line: line.number,
                };
                let draft = &mut draft;
                let mut parser = Parser {
                    reader: self,
                    source,
                    service,
                    position,
                    draft,
                    into: &mut *into,
                };
                parser.parse(words)?;
            }
        }
        match end {
            End::Whole => Ok(()),
            End::InContinuation => Err(Unreadable::EndsInContinuation(source.path.clone())),
            End::Hang => Err(Unreadable::Hang(source.path.clone())),
        }
    }

    /// Reads a file that a line includes, for a service.
    pub(crate) fn include(
        &self,
        into: &mut Service,
        file: &str,
        only: Option<Phase>,
        (from, service): (&Source<'_>, &str),
        deeper: usize,
    ) -> Result<(), Unreadable> {
        let path: Rc<str> = if file.starts_with('/') {
            file.into()
        } else if self.files.is_folder(INCLUDED) {
            format!("{INCLUDED}/{file}").into()
        } else {
            return Err(Unreadable::NoFile);
        };
        let depth = Depth {
            includes: from.depth.includes + 1,
            level: from.depth.level + deeper,
        };
        let is_too_deep = match self.release {
            Release::V1_5 => depth.level >= MAX_LEVEL || depth.includes >= MAX_INCLUDES,
            Release::V1_7 => depth.includes >= MAX_LEVEL,
        };
        into.files_included += 1;
        if into.files_included > MAX_LINES {
            return Err(Unreadable::TooLong(path));
        }
        if is_too_deep {
            return Err(Unreadable::NoFile);
        }
        let text = self.text_of(&path)?;
        let source = Source {
            path,
            service: Some(service),
            only,
            depth,
        };
        self.parse(into, &text, &source)
    }
}

impl<'a> Source<'a> {
    fn top(path: Rc<str>, service: Option<&'a str>) -> Self {
        let depth = Depth {
            includes: 0,
            level: 0,
        };
        Self {
            path,
            service,
            only: None,
            depth,
        }
    }
}
