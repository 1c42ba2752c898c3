//! Random scripts of faults.

use proptest::prelude::*;
use tfa_testkit::Fault;

/// A script of one verifier's calls.
pub(crate) fn faults() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let calls = || 0..12_u32;
    let outage = |first: Fault| {
        [
            first,
            Fault::RequestLost,
            Fault::RequestLost,
            Fault::RequestLost,
        ]
    };
    let faults = prop_oneof![
        8 => Just(vec![]),
        1 => Just(vec![Fault::Unsent]),
        2 => Just(vec![Fault::RequestLost]),
        3 => Just(vec![Fault::ReplyLost]),
        2 => calls().prop_map(|calls| vec![Fault::Late(calls)]),
        1 => Just(vec![Fault::Twice]),
        2 => calls().prop_map(|calls| vec![Fault::AgainLate(calls)]),
        1 => Just(vec![Fault::Refused]),
        1 => Just(outage(Fault::ReplyLost).to_vec()),
        3 => calls().prop_map(move |calls| outage(Fault::Late(calls)).to_vec()),
    ];
    prop::collection::vec(faults, 0..40).prop_map(|script| {
        let calls = script.into_iter().flat_map(|faults| {
            let none = faults.is_empty().then_some(None);
            none.into_iter().chain(faults.into_iter().map(Some))
        });
        calls.collect()
    })
}
