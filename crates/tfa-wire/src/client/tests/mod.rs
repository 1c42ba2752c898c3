//! The client against doubles of the bus and of the daemon, whose messages are encoded by zbus. The
//! tests of `pam_tfa` run it against a real bus.

mod both_endpoints;
mod bus;
mod calls;
mod daemon;
mod dialog;
mod endpoints;
mod replies;
mod time;
