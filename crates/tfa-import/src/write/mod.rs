//! Files for another program.

mod encrypt;
mod otpauth;
mod pskc;

pub use encrypt::Lock;
pub use otpauth::write_otpauth;
pub use pskc::write_pskc;
