//! Tells whether files are as they were when a program read them, so that it may keep what it computed from them.
//!
//! A [`FileState`] is what stat(2) tells about one file. An [`Examination`] notes the state of each path that a
//! computation looks at, of those too where nothing is. Its [`FileStates`] tell later whether one of them differs.
//!
//! What is not certain is not kept: an error, a file that changed just now or meanwhile, and a file system that
//! may leave a change out of the times of a file.

mod examination;
mod state;

pub use examination::{Examination, ExaminedFile, FileStates};
pub use state::FileState;
