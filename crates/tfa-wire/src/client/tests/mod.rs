//! The client against a bus, and against a daemon at its own socket, whose bytes are zbus' own, right
//! and wrong ones. A real bus it meets in the tests of the module.

mod both_endpoints;
mod bus;
mod calls;
mod daemon;
mod dialog;
mod endpoints;
mod replies;
mod time;
