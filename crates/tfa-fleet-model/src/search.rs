//! A search through all states that a model can reach, the nearest first.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::fmt::Debug;
use std::hash::{Hash, Hasher as _};
use std::iter::successors;

/// Something with states, and actions that lead from one to the next.
pub trait Model {
    /// A state. Two equal ones have the same future.
    type State: Clone + Eq + Hash;
    /// What may happen next.
    type Action: Clone + Debug;

    /// The first state.
    fn initial(&self) -> Self::State;

    /// All that may happen in a state.
    fn actions(&self, state: &Self::State) -> Vec<Self::Action>;

    /// The state after an action.
    fn next(&self, state: &Self::State, action: &Self::Action) -> Self::State;
}

/// What is said of all states, or of one at least.
pub enum Property<M: Model> {
    /// It holds in each state.
    Always(&'static str, fn(&M, &M::State) -> bool),
    /// A state in which it holds can be reached.
    Sometimes(&'static str, fn(&M, &M::State) -> bool),
}

impl<M: Model> Property<M> {
    fn name(&self) -> &'static str {
        match self {
            Self::Always(name, _) | Self::Sometimes(name, _) => name,
        }
    }
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// The number of different states.
    pub states: usize,
    /// The number of actions that were tried.
    pub transitions: usize,
    /// The number of actions on the shortest way to the farthest state.
    pub depth: usize,
    /// The property that does not hold in each state, and a shortest way to one in which it does not.
    pub violated: Option<(&'static str, Vec<String>)>,
    /// The properties that hold in no state.
    pub never: Vec<&'static str>,
}

impl Found {
    /// Whether all properties hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violated.is_none() && self.never.is_empty()
    }
}

/// What stands for a state that is no longer kept: two hashes of it.
type Fingerprint = (u64, u64);

fn fingerprint<T: Hash>(state: &T) -> Fingerprint {
    let (mut first, mut second) = (DefaultHasher::new(), DefaultHasher::new());
    state.hash(&mut first);
    second.write_u8(1);
    state.hash(&mut second);
    (first.finish(), second.finish())
}

/// Goes through all states, until one violates a property.
pub fn search<M: Model>(model: &M, properties: &[Property<M>]) -> Found {
    let first = model.initial();
    // Each state with the one before it on a shortest way.
    let mut known = HashMap::from([(fingerprint(&first), None)]);
    let mut seen = vec![false; properties.len()];
    let mut found = Found::default();
    let mut layer = vec![first];
    while !layer.is_empty() {
        let mut next = Vec::new();
        for state in &layer {
            if let Some(name) = judge(model, state, properties, &mut seen) {
                found.states = known.len();
                found.violated = Some((name, way_to(model, &known, fingerprint(state))));
                return found;
            }
            for action in model.actions(state) {
                found.transitions += 1;
                let after = model.next(state, &action);
                if let Entry::Vacant(new) = known.entry(fingerprint(&after)) {
                    new.insert(Some(fingerprint(state)));
                    next.push(after);
                }
            }
        }
        found.depth += usize::from(!next.is_empty());
        layer = next;
    }
    found.states = known.len();
    let never = properties.iter().zip(seen).filter(|(_, seen)| !seen);
    found.never = never.map(|(property, _)| property.name()).collect();
    found
}

/// Notes which properties hold in a state. Returns one that must, and does not.
fn judge<M: Model>(
    model: &M,
    state: &M::State,
    properties: &[Property<M>],
    seen: &mut [bool],
) -> Option<&'static str> {
    for (property, seen) in properties.iter().zip(seen) {
        match property {
            Property::Always(name, holds) if !holds(model, state) => return Some(name),
            Property::Always(..) => *seen = true,
            Property::Sometimes(_, holds) => *seen = *seen || holds(model, state),
        }
    }
    None
}

/// The actions that lead to a state.
fn way_to<M: Model>(
    model: &M,
    known: &HashMap<Fingerprint, Option<Fingerprint>>,
    to: Fingerprint,
) -> Vec<String> {
    let mut way: Vec<_> = successors(Some(to), |at| known[at]).collect();
    way.reverse();
    let (mut state, mut actions) = (model.initial(), Vec::new());
    for next in way.iter().skip(1) {
        let leads = |action: &M::Action| fingerprint(&model.next(&state, action)) == *next;
        let action = model.actions(&state).into_iter().find(leads);
        let action = action.expect("an action that led there before");
        state = model.next(&state, &action);
        actions.push(format!("{action:?}"));
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two jugs of 3 and 5 litres.
    struct Jugs;

    impl Model for Jugs {
        type State = (u8, u8);
        type Action = &'static str;

        fn initial(&self) -> (u8, u8) {
            (0, 0)
        }

        fn actions(&self, _: &(u8, u8)) -> Vec<&'static str> {
            vec!["fill 3", "fill 5", "empty 3", "empty 5", "3 to 5", "5 to 3"]
        }

        fn next(&self, &(three, five): &(u8, u8), action: &&'static str) -> (u8, u8) {
            match *action {
                "fill 3" => (3, five),
                "fill 5" => (three, 5),
                "empty 3" => (0, five),
                "empty 5" => (three, 0),
                "3 to 5" => {
                    let poured = three.min(5 - five);
                    (three - poured, five + poured)
                }
                _ => {
                    let poured = five.min(3 - three);
                    (three + poured, five - poured)
                }
            }
        }
    }

    #[test]
    fn search_finds_each_state_and_a_shortest_way() {
        let four = Property::<Jugs>::Always("no jug has four litres", |_, jugs| jugs.1 != 4);
        let found = search(&Jugs, &[four]);
        let (name, way) = found.violated.unwrap();
        assert_eq!((name, way.len()), ("no jug has four litres", 6));

        let seven = Property::<Jugs>::Sometimes("seven litres", |_, jugs| jugs.0 + jugs.1 == 7);
        let nine = Property::<Jugs>::Sometimes("nine litres", |_, jugs| jugs.0 + jugs.1 == 9);
        let found = search(&Jugs, &[seven, nine]);
        // Each state has a jug that is full or empty.
        assert_eq!((found.states, found.transitions), (16, 96));
        assert_eq!(found.never, ["nine litres"]);
    }
}
