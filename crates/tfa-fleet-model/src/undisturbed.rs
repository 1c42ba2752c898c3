//! Processes that run to their end while nothing else happens.

use tfa_testkit::KvServer;

use crate::plan::Plan;
use crate::process::{Call, Job, Process, Progress, Reply};

/// A process that has just begun.
pub(crate) fn process(plan: &Plan, job: Job, verifier: u8, number: u8) -> Process {
    Process {
        job,
        verifier,
        number,
        answers: Vec::new(),
        replies: Vec::new(),
        tries: plan.tries,
    }
}

/// What etcd has at first.
pub(crate) fn enrolled(plan: &Plan) -> KvServer {
    let mut server = KvServer::default();
    if let Some(failures) = plan.failures {
        completed(
            &mut server,
            process(plan, Job::Enroll(failures), 0, u8::MAX),
        );
    }
    server
}

/// Runs a process to its end, where nothing goes wrong.
pub(crate) fn completed(server: &mut KvServer, mut process: Process) -> Progress {
    loop {
        let Progress::Calls(call) = process.run() else {
            return process.run();
        };
        let reply = reply(server, &call);
        process.replies.push(reply);
    }
}

/// What a call does to etcd, and what it replies.
pub(crate) fn reply(server: &mut KvServer, call: &Call) -> Reply {
    let reply = match call {
        Call::Get(keys) => server.get(keys).map(Reply::Got),
        Call::Range(range) => server.range(range).map(Reply::Ranged),
        Call::Txn(txn) => server.apply(txn).map(Reply::Made),
    };
    reply.unwrap_or_else(Reply::Failed)
}
