//! The version of the module in an ELF note: `tfactl doctor` reads it from the file and loads no code.

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The bytes of the version, filled up to the alignment of notes.
const PADDED: usize = VERSION.len().next_multiple_of(4);

/// A note as elf(5) describes it. `crates/tfa-pam-host/src/elf.rs` reads it.
#[repr(C, align(4))]
struct Note {
    name_bytes: u32,
    version_bytes: u32,
    kind: u32,
    name: [u8; 4],
    version: [u8; PADDED],
}

#[used]
#[unsafe(link_section = ".note.tfa")]
static NOTE: Note = Note {
    name_bytes: 4,
    version_bytes: VERSION.len() as u32,
    kind: 1,
    name: *b"tfa\0",
    version: padded(),
};

const fn padded() -> [u8; PADDED] {
    let mut padded = [0; PADDED];
    let (version, _) = padded.split_at_mut(VERSION.len());
    version.copy_from_slice(VERSION.as_bytes());
    padded
}
