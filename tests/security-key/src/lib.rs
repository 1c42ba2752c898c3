//! A security key in software: the interface of OpenSSH for security keys (`sk-api.h`, version 10) as a
//! shared object. The scenarios enroll keys with it and log in with them. It asks for no touch, and its
//! signatures state what it was asked for.
//!
//! The key handle of a real security key is encrypted. Here it is the private key.

mod abi;
mod keys;

use sha2::{Digest, Sha256};

/// What a signature states, and signs: that the user was present, and how many signatures there were.
struct Statement {
    flags: u8,
    counter: u32,
}

/// What a security key signs: the hash of the application, the statement, the hash of the data.
fn signed_bytes(application: &[u8], statement: &Statement, data: &[u8]) -> Vec<u8> {
    let mut bytes = Sha256::digest(application).to_vec();
    bytes.push(statement.flags);
    bytes.extend(statement.counter.to_be_bytes());
    bytes.extend(Sha256::digest(data));
    bytes
}
