//! What an ELF file tells of itself: its architecture, the functions that it exports, and the version in the
//! note of the PAM module.
//! No code of the file is loaded, and only some kilobytes are read.

use std::env::consts::ARCH;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The name and the type of the note, which `pam_tfa/src/ffi/version.rs` writes.
const NAME: &[u8] = b"tfa\0";
const KIND: u32 = 1;
/// The length of the header of a 64-bit file.
const HEADER: usize = 64;
/// How many program headers are looked at. A module has about ten.
const MAX_HEADERS: u64 = 64;
/// How much of a segment with notes is read, in bytes.
const MAX_NOTES: usize = 4096;
/// How long a version may be, in bytes.
const MAX_VERSION: usize = 64;
/// How much of the table of dynamic sections and of the names of symbols is read, in bytes.
const MAX_DYNAMIC: usize = 4096;
const MAX_NAMES: usize = 1 << 18;
/// The types of segments: one that is loaded, the table of dynamic sections, and notes.
const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_NOTE: u64 = 4;
/// The entries of the table with the address of the names of symbols, and with their length.
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;

/// What an ELF file tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    /// The file is one for this architecture.
    pub(crate) is_native: bool,
    /// The version of the PAM module.
    pub(crate) version: Option<String>,
    /// The names of the dynamic symbols, each with a zero behind it.
    names: Vec<u8>,
}

impl Elf {
    /// Reads a file. A file in another format is not native.
    pub(crate) fn read(file: &File) -> Self {
        Self::from(&|offset, bytes| {
            let mut buffer = vec![0; bytes];
            let read = file.read_at(&mut buffer, offset).ok()?;
            buffer.truncate(read);
            Some(buffer)
        })
    }

    /// Whether a dynamic symbol has that name. dlopen(3) loads no file of another architecture.
    pub(crate) fn exports(&self, function: &str) -> bool {
        let mut names = self.names.split(|byte| *byte == 0);
        self.is_native && names.any(|name| name == function.as_bytes())
    }

    fn from(read: &dyn Fn(u64, usize) -> Option<Vec<u8>>) -> Self {
        let header = read(0, HEADER).unwrap_or_default();
        let this = Self::default();
        let Some(&[b'\x7f', b'E', b'L', b'F', class, data, ..]) = header.first_chunk::<6>() else {
            return this;
        };
        let layout = match class {
            1 => Layout::BITS_32,
            2 => Layout::BITS_64,
            _ => return this,
        };
        let reader = Reader {
            is_little: data == 1,
        };
        let machine = reader.number(&header, 18, 2);
        let is_native = layout.pointer == size_of::<usize>()
            && reader.is_little == cfg!(target_endian = "little")
            && is_this_machine(machine);
        let segments = segments(read, &header, layout, reader).unwrap_or_default();
        Self {
            is_native,
            version: version(read, &segments, reader),
            names: names(read, &segments, layout, reader).unwrap_or_default(),
        }
    }
}

/// Where the fields of a header are, and those of a program header.
#[derive(Clone, Copy)]
struct Layout {
    pointer: usize,
    headers_at: usize,
    header_bytes_at: usize,
    header_count_at: usize,
    segment_at: usize,
    segment_address_at: usize,
    segment_bytes_at: usize,
}

impl Layout {
    const BITS_32: Self = Self {
        pointer: 4,
        headers_at: 28,
        header_bytes_at: 42,
        header_count_at: 44,
        segment_at: 4,
        segment_address_at: 8,
        segment_bytes_at: 16,
    };
    const BITS_64: Self = Self {
        pointer: 8,
        headers_at: 32,
        header_bytes_at: 54,
        header_count_at: 56,
        segment_at: 8,
        segment_address_at: 16,
        segment_bytes_at: 32,
    };
}

#[derive(Clone, Copy)]
struct Reader {
    is_little: bool,
}

impl Reader {
    /// A number of so many bytes; `None` beyond the end.
    fn number(self, bytes: &[u8], at: usize, length: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(length)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }
}

/// The number of the architecture in elf(5). Of one that is not in the table, every file counts as native.
fn is_this_machine(machine: Option<u64>) -> bool {
    let expected = match ARCH {
        "x86" => 3,
        "powerpc64" => 21,
        "s390x" => 22,
        "arm" => 40,
        "x86_64" => 62,
        "aarch64" => 183,
        "riscv64" => 243,
        "loongarch64" => 258,
        _ => return true,
    };
    machine == Some(expected)
}

/// A part of the file, as a program header describes it.
#[derive(Clone, Copy)]
struct Segment {
    kind: u64,
    at: u64,
    address: u64,
    bytes: u64,
}

fn segments(
    read: &dyn Fn(u64, usize) -> Option<Vec<u8>>,
    header: &[u8],
    layout: Layout,
    reader: Reader,
) -> Option<Vec<Segment>> {
    let headers = reader.number(header, layout.headers_at, layout.pointer)?;
    let bytes = reader.number(header, layout.header_bytes_at, 2)?;
    let count = reader.number(header, layout.header_count_at, 2)?;
    let segment = |index| {
        let header = read(headers.checked_add(index * bytes)?, HEADER)?;
        let field = |at| reader.number(&header, at, layout.pointer);
        Some(Segment {
            kind: reader.number(&header, 0, 4)?,
            at: field(layout.segment_at)?,
            address: field(layout.segment_address_at)?,
            bytes: field(layout.segment_bytes_at)?,
        })
    };
    (0..count.min(MAX_HEADERS)).map(segment).collect()
}

/// A length, and no more than so much.
fn limited(bytes: u64, limit: usize) -> usize {
    usize::try_from(bytes).unwrap_or(limit).min(limit)
}

/// The names of the dynamic symbols.
fn names(
    read: &dyn Fn(u64, usize) -> Option<Vec<u8>>,
    segments: &[Segment],
    layout: Layout,
    reader: Reader,
) -> Option<Vec<u8>> {
    let table = segments.iter().find(|segment| segment.kind == PT_DYNAMIC)?;
    let table = read(table.at, limited(table.bytes, MAX_DYNAMIC))?;
    let value = |kind: u64| {
        let mut entries = table.chunks(2 * layout.pointer);
        let is_it = |entry: &&[u8]| reader.number(entry, 0, layout.pointer) == Some(kind);
        reader.number(entries.find(is_it)?, layout.pointer, layout.pointer)
    };
    let (address, bytes) = (value(DT_STRTAB)?, value(DT_STRSZ)?);
    let mut loaded = segments.iter().filter(|segment| segment.kind == PT_LOAD);
    // Of a file that was cut off, the loader maps what is not there.
    let has_end = |segment: &Segment| {
        let last = segment.at.checked_add(segment.bytes)?.checked_sub(1)?;
        read(last, 1).map(|byte| !byte.is_empty())
    };
    if !loaded
        .clone()
        .all(|segment| segment.bytes == 0 || has_end(segment) == Some(true))
    {
        return None;
    }
    let at = loaded.find_map(|segment| {
        let inside = address.checked_sub(segment.address)?;
        (inside < segment.bytes).then(|| segment.at.checked_add(inside))?
    })?;
    read(at, limited(bytes, MAX_NAMES))
}

/// The version in the first note that is one of the module.
fn version(
    read: &dyn Fn(u64, usize) -> Option<Vec<u8>>,
    segments: &[Segment],
    reader: Reader,
) -> Option<String> {
    let mut notes = segments.iter().filter(|segment| segment.kind == PT_NOTE);
    notes.find_map(|segment| {
        let notes = read(segment.at, limited(segment.bytes, MAX_NOTES))?;
        version_in(&notes, reader)
    })
}

fn version_in(mut notes: &[u8], reader: Reader) -> Option<String> {
    loop {
        let field = |at| usize::try_from(reader.number(notes, at, 4)?).ok();
        let (name_bytes, version_bytes, kind) = (field(0)?, field(4)?, field(8)?);
        let name_end = 12_usize.checked_add(name_bytes)?;
        let name = notes.get(12..name_end)?;
        let version_at = name_end.checked_next_multiple_of(4)?;
        let version_end = version_at.checked_add(version_bytes)?;
        let version = notes.get(version_at..version_end)?;
        if name == NAME && kind == KIND as usize {
            return text(version);
        }
        notes = notes.get(version_end.checked_next_multiple_of(4)?..)?;
    }
}

/// A version as Cargo allows one.
fn text(bytes: &[u8]) -> Option<String> {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-".contains(byte);
    let is_version = (1..=MAX_VERSION).contains(&bytes.len()) && bytes.iter().all(is_allowed);
    is_version.then(|| String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A 64-bit file of this byte order with one segment of notes.
    fn file(machine: u16, notes: &[u8]) -> Vec<u8> {
        let mut file = vec![0; HEADER + 56];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        put(0, &[b'\x7f', b'E', b'L', b'F', 2, order]);
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
        Elf::from(&|offset, bytes| {
            let rest = file.get(usize::try_from(offset).ok()?..)?;
            Some(rest.iter().take(bytes).copied().collect())
        })
    }

    #[test]
    fn the_version_stands_in_the_note_of_the_module() {
        let notes = [note(b"GNU\0", &[7; 20]), note(NAME, b"1.22.3")].concat();
        assert_eq!(read(&file(62, &notes)).version.as_deref(), Some("1.22.3"));
        for other in [
            note(b"GNU\0", b"1.2"),
            note(NAME, b"1\x1b[2J"),
            note(NAME, b""),
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
        let elf = Elf::read(&File::open(&path).unwrap());
        for function in ["pam_sm_authenticate", "pam_sm_open_session"] {
            assert!(elf.exports(function), "{function}");
        }
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
        let whole = file(62, &note(NAME, b"1.22.3"));
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
