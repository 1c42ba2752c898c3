//! What a hot path costs, in numbers that do not depend on the load of the host: instructions, as
//! callgrind counts them, and system calls, as strace counts them. Each test counts one path in the
//! programs that `make deb` built, and compares it with the figure in `x86_64.toml`.
//!
//! 1. `built` finds the programs, and `prepared` creates what all tests share.
//! 2. `namespace` gives a test a mount namespace, so that no file of the host changes a count.
//! 3. `log` is the system log in it. `daemon` and `programs` run the counted programs, and `logins`
//!    has the logins.
//! 4. `callgrind` and `strace` count, and `figures` compares. `tool` is what both start from.
//! 5. The tests are in `instructions` and `system_calls`.

mod built;
mod callgrind;
mod daemon;
mod figures;
mod instructions;
mod log;
mod logins;
mod namespace;
mod prepared;
mod programs;
mod strace;
mod system_calls;
mod tool;
