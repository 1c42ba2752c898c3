//! One connection, from its beginning to its end.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::queue::Queue;
use tfa_proto::Error;
use tfa_wire::{
    Buffer, FixedHeader, Guid, HandshakeAction, MessageReader, ServerHandshake, Socket, TimeBudget,
};

use super::call::{self, Call, Request, Response};
use super::counters::ConnectionCounters;
use crate::caller::Caller;
use crate::log::Journal;
use crate::login::LoginService;

/// How long a peer without a dialog may take for a call, which the module sends at once, and any peer
/// to receive a reply.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How many lines a handshake may have. Four are usual.
const MAX_HANDSHAKE_LINES: u32 = 16;

/// A connection, and who is at its other end.
pub(super) struct Connection<'a> {
    reader: MessageReader<Socket>,
    caller: &'a Caller,
    logins: &'a dyn LoginService,
    queue: &'a Queue,
    journal: &'a Journal,
    /// The lines of the handshake go out with the first reply: each time something goes out the peer
    /// wakes up.
    unsent: Buffer,
}

/// The length that most replies stay below.
const REPLY: usize = 512;

impl<'a> Connection<'a> {
    pub(super) fn new(
        stream: UnixStream,
        caller: &'a Caller,
        logins: &'a dyn LoginService,
        queue: &'a Queue,
        journal: &'a Journal,
    ) -> Self {
        Self {
            reader: MessageReader::new(Socket::from_connected(stream.into(), CALL_TIMEOUT)),
            caller,
            logins,
            queue,
            journal,
            unsent: Buffer::with_capacity(REPLY),
        }
    }

    /// Answers the calls of the connection until it ends, or no call is taken any more.
    pub(super) fn conduct(
        mut self,
        guid: &Guid,
        counters: &mut ConnectionCounters<'_>,
    ) -> io::Result<()> {
        self.log_on(guid)?;
        while self.answer_next(counters)? {
            // A peer without a dialog has no user who thinks about an answer.
            let idle_timeout = self.logins.idle_timeout(&self.caller.name);
            self.within(idle_timeout.unwrap_or(CALL_TIMEOUT));
        }
        Ok(())
    }

    fn log_on(&mut self, guid: &Guid) -> io::Result<()> {
        let mut handshake = ServerHandshake::new(self.caller.uid, guid);
        // The first byte is meant for credentials, which are not used.
        if self.reader.read_byte()? != 0 {
            return Err(ErrorKind::InvalidData.into());
        }
        for _ in 0..MAX_HANDSHAKE_LINES {
            let line = self.reader.read_line()?;
            let line = line.strip_suffix(b"\r\n").ok_or(ErrorKind::InvalidData)?;
            match handshake.handle_line(&String::from_utf8_lossy(line)) {
                HandshakeAction::Send(line) => self.unsent.append(line.as_bytes()),
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
            self.flush()?;
        }
        Ok(())
    }

    /// Reads a call and answers it. Returns whether it was taken.
    fn answer_next(&mut self, counters: &mut ConnectionCounters<'_>) -> io::Result<bool> {
        let bytes = self.reader.peek_fixed_header()?;
        let header = call::decode_header(&bytes).map_err(io::Error::other)?;
        self.reader.complete_message(header.remaining_length())?;
        // The log comes after the reply, for which a user waits.
        let journal = self.journal;
        journal.after(|| self.answer(&header, counters))
    }

    fn answer(
        &mut self,
        header: &FixedHeader,
        counters: &mut ConnectionCounters<'_>,
    ) -> io::Result<bool> {
        let message = self.reader.read_message(header.remaining_length())?;
        let call = Call::decode(header, message).map_err(io::Error::other)?;
        if !counters.calls() {
            return Ok(false);
        }
        let Call { serial, request } = call;
        let dispatch = |request| dispatch(self.caller, self.logins, self.queue, request);
        let response = request.and_then(dispatch);
        call::encode_reply(&mut self.unsent, serial, &response).map_err(io::Error::other)?;
        self.within(CALL_TIMEOUT);
        self.flush()?;
        counters.is_answered();
        Ok(true)
    }

    fn within(&mut self, limit: Duration) {
        *self.reader.get_mut().budget() = TimeBudget::start(limit);
    }

    fn flush(&mut self) -> io::Result<()> {
        let sent = self.reader.get_mut().send(&self.unsent);
        self.unsent.clear();
        sent
    }
}

fn dispatch(
    caller: &Caller,
    logins: &dyn LoginService,
    queue: &Queue,
    request: Request<'_>,
) -> Result<Response, Error> {
    match request {
        Request::Begin(user, context) => {
            let begin = || logins.begin(caller, user, context);
            let (dialog, turn) = queue.run(caller, begin)??;
            Ok(Response::Begun(dialog, turn))
        }
        Request::Answer(dialog, answer) => {
            let answer = || logins.answer(&caller.name, dialog, answer);
            Ok(Response::Answered(queue.run(caller, answer)??))
        }
        Request::Cancel(dialog) => {
            logins.cancel(&caller.name, dialog)?;
            Ok(Response::Cancelled)
        }
    }
}
