//! Tests of the repository itself, not of a program.

#[cfg(test)]
mod documents;
