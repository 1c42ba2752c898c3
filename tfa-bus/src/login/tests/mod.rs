//! The client against a bus whose bytes are zbus' own, right and wrong ones. A real bus it meets in
//! the tests of the module.

mod bus;
mod calls;
mod dialog;
mod replies;
mod time;
