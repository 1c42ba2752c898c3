//! What an ELF file tells of itself: whether it is one for this architecture, the functions that it exports, and
//! the version in the note of the PAM module. No code of the file is loaded.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::io::{Read, Seek};

use object::NativeEndian;
use object::elf::{self, NoteType, PT_LOAD, SHT_DYNSYM};
use object::read::elf::{FileHeader, Note, ProgramHeader, Sym};
use object::read::{ReadCache, ReadRef};

#[cfg(target_pointer_width = "64")]
type Header = elf::FileHeader64<NativeEndian>;
#[cfg(target_pointer_width = "32")]
type Header = elf::FileHeader32<NativeEndian>;

/// The name and the type of the note, which `pam_tfa/src/ffi/version.rs` writes.
const NAME: &[u8] = b"tfa";
const KIND: NoteType = NoteType(1);
/// How long a version may be, in bytes.
const MAX_VERSION: usize = 64;

/// What an ELF file tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    /// The file is a whole one for this architecture.
    pub(crate) is_native: bool,
    /// The version of the PAM module.
    pub(crate) version: Option<String>,
    /// The names of the symbols that it defines for others.
    exports: BTreeSet<Vec<u8>>,
}

impl Elf {
    /// Reads a file. One that dlopen(3) cannot load, because it is in another format, for another architecture,
    /// damaged or cut off, tells nothing.
    pub(crate) fn read(file: impl Read + Seek) -> Self {
        Self::parse(&ReadCache::new(file)).unwrap_or_default()
    }

    /// Whether the file defines a function of that name.
    pub(crate) fn exports(&self, function: &str) -> bool {
        self.exports.contains(function.as_bytes())
    }

    fn parse<'data>(data: impl ReadRef<'data>) -> Option<Self> {
        let header = Header::parse(data).ok()?;
        let endian = header.endian().ok()?;
        if !is_this_machine(header.e_machine(endian)) {
            return None;
        }
        let mut version = None;
        for segment in header.program_headers(endian, data).ok()? {
            if segment.p_type(endian) == PT_LOAD {
                // Of a file that was cut off, the loader maps what is not there.
                segment.data(endian, data).ok()?;
            }
            // A note that is not understood is none of the module.
            if let Ok(Some(mut notes)) = segment.notes(endian, data) {
                while let Ok(Some(note)) = notes.next() {
                    version = version.or_else(|| version_in(&note, endian));
                }
            }
        }
        let sections = header.sections(endian, data).ok()?;
        let symbols = sections.symbols(endian, data, SHT_DYNSYM).ok()?;
        let names = symbols.strings();
        let defined = symbols
            .iter()
            .filter(|symbol| symbol.is_definition(endian, names));
        let names = defined.map(|symbol| Some(symbol.name(endian, names).ok()?.to_vec()));
        Some(Self {
            is_native: true,
            version,
            exports: names.collect::<Option<_>>()?,
        })
    }
}

/// Whether the number of an architecture in elf(5) is that of this program. Where the table does not have this
/// architecture, each file counts.
fn is_this_machine(machine: elf::Machine) -> bool {
    let expected = match ARCH {
        "x86" => elf::EM_386,
        "powerpc64" => elf::EM_PPC64,
        "s390x" => elf::EM_S390,
        "arm" => elf::EM_ARM,
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        "riscv64" => elf::EM_RISCV,
        "loongarch64" => elf::EM_LOONGARCH,
        _ => return true,
    };
    machine == expected
}

/// The version, as Cargo allows one, if the note is that of the module.
fn version_in(note: &Note<'_, Header>, endian: NativeEndian) -> Option<String> {
    let version = note.desc();
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-".contains(byte);
    let is_version = (1..=MAX_VERSION).contains(&version.len()) && version.iter().all(is_allowed);
    let is_own = note.name() == NAME && note.n_type(endian) == KIND;
    (is_own && is_version).then(|| String::from_utf8_lossy(version).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    const HEADER: usize = 64;

    /// A 64-bit file of this byte order with one segment of notes.
    fn file(machine: u16, notes: &[u8]) -> Vec<u8> {
        let mut file = vec![0; HEADER + 56];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        put(0, &[b'\x7f', b'E', b'L', b'F', 2, order, 1]);
        put(18, &machine.to_ne_bytes());
        put(32, &64_u64.to_ne_bytes());
        put(54, &56_u16.to_ne_bytes());
        put(56, &1_u16.to_ne_bytes());
        put(64, &4_u32.to_ne_bytes());
        put(72, &120_u64.to_ne_bytes());
        put(96, &(notes.len() as u64).to_ne_bytes());
        file.extend_from_slice(notes);
        file
    }

    fn note(name: &[u8], text: &[u8]) -> Vec<u8> {
        let mut note = Vec::new();
        for number in [name.len() as u32, text.len() as u32, 1] {
            note.extend(number.to_ne_bytes());
        }
        for field in [name, text] {
            note.extend_from_slice(field);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    fn read(file: &[u8]) -> Elf {
        Elf::parse(file).unwrap_or_default()
    }

    #[test]
    fn the_version_stands_in_the_note_of_the_module() {
        let notes = [note(b"GNU\0", &[7; 20]), note(b"tfa\0", b"1.22.3")].concat();
        assert_eq!(read(&file(62, &notes)).version.as_deref(), Some("1.22.3"));
        for other in [
            note(b"GNU\0", b"1.2"),
            note(b"tfa\0", b"1\x1b[2J"),
            note(b"tfa\0", b""),
            Vec::new(),
        ] {
            assert_eq!(read(&file(62, &other)).version, None);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn another_architecture_is_not_native() {
        assert!(read(&file(62, &[])).is_native);
        assert!(!read(&file(183, &[])).is_native);
        let mut narrow = file(62, &[]);
        narrow[4] = 1;
        assert!(!read(&narrow).is_native);
    }

    #[test]
    fn a_module_of_this_host_exports_its_functions() {
        let folder = format!("/usr/lib/{ARCH}-linux-gnu/security");
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let permit = files
            .map(|file| file.path())
            .find(|path| path.ends_with("pam_permit.so"));
        // Another distribution has it elsewhere.
        let Some(path) = permit else { return };
        let elf = Elf::read(File::open(&path).unwrap());
        for function in ["pam_sm_authenticate", "pam_sm_open_session"] {
            assert!(elf.exports(function), "{function}");
        }
        // It calls this one.
        assert!(!elf.exports("pam_get_user"));
        for function in ["pam_sm_authenticat", "sm_authenticate", "pam_sm_x", ""] {
            assert!(!elf.exports(function) || function.is_empty(), "{function}");
        }
        // Each part of it, as a disk leaves it that was full.
        let whole = fs::read(path).unwrap();
        assert!(read(&whole).exports("pam_sm_authenticate"));
        for length in [0, 1, 64, 500, 1000, whole.len() / 2] {
            assert!(
                !read(&whole[..length]).exports("pam_sm_authenticate"),
                "{length}"
            );
        }
    }

    #[test]
    fn a_file_that_is_cut_off_or_lies_about_lengths_has_no_version() {
        let whole = file(62, &note(b"tfa\0", b"1.22.3"));
        for length in 0..whole.len() - 2 {
            assert_eq!(read(&whole[..length]).version, None, "{length}");
        }
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] = 0xff;
            let _ = read(&wrong);
        }
        assert_eq!(read(b"#!/bin/sh\n"), Elf::default());
    }
}
