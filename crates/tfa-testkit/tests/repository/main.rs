//! Tests of the repository itself, not of a program.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod network;
#[cfg(test)]
mod unsafe_code;
