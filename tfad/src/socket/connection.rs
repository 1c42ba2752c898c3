//! One connection, from its beginning to its end.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::queue::Queue;
use tfa_proto::Error;
use tfa_wire::{Guid, HandshakeAction, MessageReader, ServerHandshake, Socket, TimeBudget};
use zeroize::Zeroizing;

use super::call::{self, Call, Request, Response};
use super::counters::ConnectionCounters;
use crate::caller::Caller;
use crate::login::Logins;

/// How long a peer without a dialog may take for a call, which the module sends at once, and any peer
/// to receive a reply.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How many lines a handshake may have. Four are usual.
const MAX_HANDSHAKE_LINES: u32 = 16;

/// A connection, and who is at its other end.
pub(super) struct Connection<'a> {
    reader: MessageReader<Socket>,
    caller: &'a Caller,
    logins: &'a Logins,
    queue: &'a Queue,
    /// Goes out with the first answer: each time something goes out the peer wakes up.
    unsent: String,
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        stream: UnixStream,
        caller: &'a Caller,
        logins: &'a Logins,
        queue: &'a Queue,
    ) -> Self {
        Self {
            reader: MessageReader::new(Socket::from_connected(stream.into(), CALL_TIMEOUT)),
            caller,
            logins,
            queue,
            unsent: String::new(),
        }
    }

    /// Answers the calls of the connection until it ends, or no call is taken any more.
    pub(super) fn conduct(
        mut self,
        guid: Guid,
        counters: &mut ConnectionCounters<'_>,
    ) -> io::Result<()> {
        self.log_on(guid)?;
        loop {
            let call = self.next()?;
            if !counters.calls() {
                return Ok(());
            }
            self.answer(call)?;
            counters.is_answered();
            // A peer without a dialog has no user who thinks about an answer.
            let idle_timeout = self.logins.idle_timeout(&self.caller.name);
            self.within(idle_timeout.unwrap_or(CALL_TIMEOUT));
        }
    }

    fn log_on(&mut self, guid: Guid) -> io::Result<()> {
        let mut handshake = ServerHandshake::new(self.caller.uid, guid);
        // The first byte is meant for credentials, which are not used.
        let mut nul = [1];
        io::Read::read_exact(&mut self.reader, &mut nul)?;
        if nul != [0] {
            return Err(ErrorKind::InvalidData.into());
        }
        for _ in 0..MAX_HANDSHAKE_LINES {
            let line = self.reader.read_line()?;
            let line = line.strip_suffix(b"\r\n").ok_or(ErrorKind::InvalidData)?;
            match handshake.handle_line(&String::from_utf8_lossy(line)) {
                HandshakeAction::Send(line) => self.unsent.push_str(&line),
                HandshakeAction::Begin => return self.flush_if_peer_waits(),
                HandshakeAction::Disconnect => break,
            }
            self.flush_if_peer_waits()?;
        }
        Err(ErrorKind::PermissionDenied.into())
    }

    /// Sends what was not sent yet, unless the peer has sent more already.
    fn flush_if_peer_waits(&mut self) -> io::Result<()> {
        if self.reader.is_drained() {
            self.send(&[])?;
        }
        Ok(())
    }

    fn next(&mut self) -> io::Result<Call> {
        let bytes = self.reader.read_fixed_header()?;
        let header = call::decode_header(&bytes).map_err(io::Error::other)?;
        let message = self
            .reader
            .read_message(&bytes, header.remaining_length())?;
        Call::decode(&header, message).map_err(io::Error::other)
    }

    /// Answers a call. The log comes after the reply, for which a user waits.
    fn answer(&mut self, call: Call) -> io::Result<()> {
        let Call { serial, request } = call;
        self.logins.journal().after(|| {
            let response = request.and_then(|request| self.dispatch(request));
            let reply = call::encode_reply(serial, &response).map_err(io::Error::other)?;
            self.within(CALL_TIMEOUT);
            self.send(&reply)
        })
    }

    fn dispatch(&self, request: Request) -> Result<Response, Error> {
        let Self { caller, logins, .. } = self;
        match request {
            Request::Begin(user, context) => {
                let begin = || logins.begin(caller, &user, &context);
                let (dialog, turn) = self.queue.run(caller, begin)??;
                Ok(Response::Begun(dialog, turn.into()))
            }
            Request::Answer(dialog, reply) => {
                let reply = Zeroizing::new(reply);
                let answer = || logins.answer(&caller.name, dialog, &reply);
                let turn = self.queue.run(caller, answer)??;
                Ok(Response::Answered(turn.into()))
            }
            Request::Cancel(dialog) => {
                logins.cancel(&caller.name, dialog)?;
                Ok(Response::Cancelled)
            }
        }
    }

    fn within(&mut self, limit: Duration) {
        *self.reader.get_mut().budget() = TimeBudget::start(limit);
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let all = Zeroizing::new([self.unsent.as_bytes(), bytes].concat());
        self.unsent.clear();
        self.reader.get_mut().send(&all)
    }
}
