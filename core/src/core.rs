//! One input in, outputs out.

use std::collections::VecDeque;

use crate::random::Random;
use crate::{Input, Output, Start, Time};

/// The client's mind.
#[derive(Debug)]
pub struct Core {
    start: Start,
    random: Random,
    outputs: VecDeque<Output>,
}

impl Core {
    /// A core that knows nothing yet. Its first input is [`Input::Loaded`].
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self { random: Random::new(start.seed), start, outputs: VecDeque::new() }
    }

    /// Applies one input. Drain [`Core::poll`] before applying the next.
    pub fn handle(&mut self, now: Time, input: Input) {
        let _ = (now, input, &self.start, &mut self.random);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to send [`Input::Tick`], if nothing happens sooner.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        None
    }
}
