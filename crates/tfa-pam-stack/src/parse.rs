//! One line of a PAM file.

use crate::control::{Action, Control, Draft};
use crate::files::{MAX_LINES, Unreadable};
use crate::read::{Reader, Source};
use crate::stack::{Call, Line, Phase, Position, Problem, ProblemKind, Service, of_phase_mut};
use crate::words::Words;

/// A line under way.
pub(crate) struct Parser<'a> {
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) source: &'a Source<'a>,
    /// The service that the line is for.
    pub(crate) service: &'a str,
    pub(crate) position: Position,
    /// What an earlier line of the file left in the variable that libpam uses for the control of each.
    pub(crate) draft: &'a mut Option<Draft>,
    pub(crate) into: &'a mut Service,
}

impl Parser<'_> {
    pub(crate) fn parse(&mut self, mut words: Words<'_>) -> Result<(), Unreadable> {
        let kind = words.next().map(|word| word.to_ascii_lowercase());
        let kind = kind
            .as_deref()
            .map(|word| word.strip_prefix(b"-").unwrap_or(word));
        if kind == Some(b"@include") {
            return self.include_any(words.next());
        }
        let known = Phase::ALL
            .into_iter()
            .find(|phase| kind == Some(phase.name().as_bytes()));
        let phase = known.or(self.source.only).unwrap_or(Phase::Auth);
        if self.source.only.is_some_and(|only| only != phase) {
            return Ok(());
        }
        let mut line = self.line();
        if known.is_none() {
            line.call = Call::Malformed;
            self.report(ProblemKind::UnknownKind);
        }
        let control = words.next();
        match control
            .as_deref()
            .map(<[u8]>::to_ascii_lowercase)
            .as_deref()
        {
            Some(b"include") => self.include(phase, words.next(), 0),
            Some(b"substack") => self.include(phase, words.next(), 1),
            _ => self.module(phase, line, control, words),
        }
    }

    /// A line that fails whatever its codes, until more is known.
    fn line(&self) -> Line {
        Line {
            position: self.position.clone(),
            level: self.source.depth.level,
            call: Call::Module,
            control: Control::all(Action::Bad),
            module: String::new(),
            arguments: Vec::new(),
        }
    }

    fn report(&mut self, kind: ProblemKind) {
        let position = self.position.clone();
        self.into.problems.push(Problem { position, kind });
    }

    /// Reads `@include`: each kind of lines, or the one that the including line asks for.
    fn include_any(&mut self, file: Option<Vec<u8>>) -> Result<(), Unreadable> {
        let only = self.source.only;
        let Err(error) = self.read(file, only, 0) else {
            return Ok(());
        };
        // libpam has no list for a failing line without a kind.
        let Some(phase) = only else {
            let error = Some(error).filter(Unreadable::is_final);
            return Err(error.unwrap_or(Unreadable::FailedInclude(self.position.clone())));
        };
        if error.is_final() {
            return Err(error);
        }
        *self.draft = self.draft.map(|draft| draft.with_default(Action::Bad));
        let (kind, control) = match self.draft {
            Some(draft) => (
                ProblemKind::FailedIncludeWithForeignControl,
                draft.control(),
            ),
            None => {
                let ignore = Control::all(Action::Ignore);
                (ProblemKind::FailedIncludeWithUndefinedControl, ignore)
            }
        };
        self.report(kind);
        let call = Call::Malformed;
        self.add(
            phase,
            Line {
                call,
                control,
                ..self.line()
            },
        )
    }

    /// Reads `include`, or `substack`, which is one level deeper.
    fn include(
        &mut self,
        phase: Phase,
        file: Option<Vec<u8>>,
        deeper: usize,
    ) -> Result<(), Unreadable> {
        *self.draft = Some(Draft::EMPTY);
        if let Some(file) = file.as_deref().filter(|_| deeper > 0) {
            let module = text_of(file);
            let call = Call::Substack;
            self.add_call(
                phase,
                Line {
                    call,
                    module,
                    ..self.line()
                },
            )?;
        }
        match self.read(file, Some(phase), deeper) {
            Err(error) if !error.is_final() => {
                *self.draft = Some(Draft::EMPTY.with_default(Action::Bad));
                self.report(ProblemKind::FailedInclude);
                let call = Call::Malformed;
                self.add(
                    phase,
                    Line {
                        call,
                        ..self.line()
                    },
                )
            }
            result => result,
        }
    }

    fn read(
        &mut self,
        file: Option<Vec<u8>>,
        only: Option<Phase>,
        deeper: usize,
    ) -> Result<(), Unreadable> {
        let Some(file) = file else {
            return Err(Unreadable::IncludeWithoutName(self.position.clone()));
        };
        let source = (self.source, self.service);
        self.reader
            .include(self.into, &text_of(&file), only, source, deeper)
    }

    fn module(
        &mut self,
        phase: Phase,
        mut line: Line,
        control: Option<Vec<u8>>,
        mut words: Words<'_>,
    ) -> Result<(), Unreadable> {
        let (parsed, is_known) = match &control {
            Some(word) => Draft::parse(word),
            None => (Draft::EMPTY.with_default(Action::Bad), true),
        };
        *self.draft = Some(parsed);
        line.control = parsed.control();
        if !is_known {
            self.report(ProblemKind::UnknownControl);
        }
        let Some(module) = words.next() else {
            self.report(match control {
                Some(_) => ProblemKind::NoModule,
                None => ProblemKind::NoControl,
            });
            line.call = Call::Malformed;
            return self.add(phase, line);
        };
        line.module = text_of(&module);
        line.arguments = words.map(|word| text_of(&word)).collect();
        if line.call == Call::Module && !self.reader.files.has_module(&line.module, phase) {
            line.call = Call::MissingModule;
            self.report(ProblemKind::MissingModule);
        }
        self.add_call(phase, line)
    }

    /// Adds a line that names a module or a file.
    fn add_call(&mut self, phase: Phase, line: Line) -> Result<(), Unreadable> {
        let is_named = line.has_module_name();
        self.add(phase, line)?;
        // libpam keeps the line, but does not read the file further.
        match is_named {
            true => Ok(()),
            false => Err(Unreadable::ModuleName(self.position.clone())),
        }
    }

    fn add(&mut self, phase: Phase, line: Line) -> Result<(), Unreadable> {
        let is_other = self.service.eq_ignore_ascii_case("other");
        let into = &mut *self.into;
        let stacks = if is_other {
            &mut into.other
        } else {
            &mut into.own
        };
        let lines = &mut of_phase_mut(stacks, phase).lines;
        if lines.len() >= MAX_LINES {
            return Err(Unreadable::TooLong(line.position.file));
        }
        lines.push(line);
        Ok(())
    }
}

impl Line {
    /// Whether libpam accepts the name of the module, for its log: what stands between the last slash and
    /// the last dot.
    fn has_module_name(&self) -> bool {
        let file = self.module.rsplit('/').next().unwrap_or_default();
        let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
        !(name.is_empty() || name == "?")
    }
}

/// Text for people. A byte that is not UTF-8 is shown as such, and names no file or module here.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
