//! The rules of a fleet that need neither a socket nor a clock.
//!
//! ```
//! use tfa_fleet_core::HostName;
//!
//! assert!(HostName::new("web1.example").is_ok());
//! assert!(HostName::new("*.example").is_err());
//! ```

mod back_off;
mod host_name;
mod spread;

pub use back_off::BackOff;
pub use host_name::{HostName, InvalidHostName};
pub use spread::spread;
