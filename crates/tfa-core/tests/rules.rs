//! Tests of the public interface: one file for each subject, one test for each rule.
//!
//! `phone`, `sheet` and `owner` are doubles of a user's devices: what shows codes, what they are
//! printed on, and an account with both. `host` has policies, and logins under them. `cbor` changes
//! fields of records.

#[cfg(test)]
mod cbor;
#[cfg(test)]
mod host;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod sheet;

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod authenticators;
mod backup;
#[cfg(test)]
mod beginning;
#[cfg(test)]
mod bound;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod current_record;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod dialog;
#[cfg(test)]
mod enroll;
#[cfg(test)]
mod exemption;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod failed_attempts;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod notice_readers;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod phase;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod record;
#[cfg(test)]
mod record_variants;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod restoration;
#[cfg(test)]
mod security_keys;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod throttle;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod wrong_codes;

#[cfg(test)]
fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        ..Default::default()
    }
}
