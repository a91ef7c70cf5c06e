//! What waits for a task of the executor, bounded by kind.
//!
//! ```text
//!   orders ──── always, up to PLACES ─────────┐
//!   remarks ─── while half the places are free ├──► one queue, in order ──► the task
//!   pictures ── as long as Gate has room ──────┘
//! ```
//! Sound waits in queues of its own and never behind any of these.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bellwire_core::api::Slot;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::pictures::Picture;

/// What may wait for one task. The core orders some 80 things when a connection is made (up to 64
/// candidates) and 2 a second while it lives, so that a task for which so many wait has stood still
/// for minutes. Raising it keeps more of what nobody will carry out.
const PLACES: usize = 1_024;
/// Pictures of one slot that may wait for one task: 0.6 s. More shows more of the past after a task
/// stood still; fewer leaves out what a short pause would have let through, at the price of a key
/// frame.
const PICTURES: u32 = 20;
/// A picture takes one place for each such piece that it begins, so that 1.25 MiB of one slot wait at
/// most. Any picture of a page (`pump::MAX_MESSAGE_BYTES`) fits into an empty queue.
const PIECE_BYTES: usize = 64 << 10;

/// What reaches a task in a picture's turn.
#[derive(Debug)]
pub(super) enum Turn {
    /// The picture, and its place in the queue, which is free once this is dropped.
    Picture(Arc<Picture>, #[expect(dead_code, reason = "held")] OwnedSemaphorePermit),
    /// Pictures were left out: nothing can be decoded before the next key frame.
    LeftOut,
}

/// The near end of a task's queue.
#[derive(Debug)]
pub(super) struct Queue<T> {
    messages: mpsc::Sender<T>,
    shared: Arc<Shared>,
}

/// A [`Queue`] that does not keep its task waiting.
#[derive(Debug)]
pub(super) struct WeakQueue<T> {
    messages: mpsc::WeakSender<T>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    camera: Gate,
    screen: Gate,
    /// It was said that the queue is full.
    said: AtomicBool,
}

/// The way of one slot's pictures into a queue.
#[derive(Debug)]
struct Gate {
    slot: Slot,
    places: Arc<Semaphore>,
    stream: Mutex<Stream>,
}

#[derive(Debug, Default)]
struct Stream {
    /// A picture was left out, and no key frame came since.
    torn: bool,
    /// The task is being told of it.
    told: bool,
    left_out: u64,
}

/// A queue and its far end.
pub(super) fn queue<T>() -> (Queue<T>, mpsc::Receiver<T>) {
    let (messages, far_end) = mpsc::channel(PLACES);
    let shared = Shared {
        camera: Gate::new(Slot::Camera),
        screen: Gate::new(Slot::Screen),
        said: AtomicBool::new(false),
    };
    (Queue { messages, shared: Arc::new(shared) }, far_end)
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<T> WeakQueue<T> {
    pub(super) fn upgrade(&self) -> Option<Queue<T>> {
        let messages = self.messages.upgrade()?;
        Some(Queue { messages, shared: Arc::clone(&self.shared) })
    }
}

impl<T> Queue<T> {
    pub(super) fn downgrade(&self) -> WeakQueue<T> {
        WeakQueue { messages: self.messages.downgrade(), shared: Arc::clone(&self.shared) }
    }

    /// What has to be carried out.
    pub(super) fn order(&self, message: T) {
        self.put(message);
    }

    /// What is said of devices and decoders by who may say it without end. Half of the places are
    /// kept for orders.
    pub(super) fn remark(&self, message: T) {
        if self.messages.capacity() > PLACES / 2 {
            self.put(message);
        } else {
            self.shared.complain();
        }
    }

    /// A picture, for whose turn `message` makes what is put into the queue.
    pub(super) fn picture(
        &self,
        slot: Slot,
        picture: Arc<Picture>,
        message: impl Fn(Slot, Turn) -> T,
    ) {
        let Some(gate) = self.shared.gate(slot) else { return };
        let mut stream = gate.stream();
        if let Some(place) = gate.place(&stream, &picture)
            && self.put(message(slot, Turn::Picture(picture, place)))
        {
            (stream.torn, stream.told) = (false, false);
            return;
        }
        stream.left_out += 1;
        self.tear(gate, &mut stream, message);
    }

    /// A picture was left out before it came here.
    pub(super) fn left_out(&self, slot: Slot, message: impl Fn(Slot, Turn) -> T) {
        if let Some(gate) = self.shared.gate(slot) {
            self.tear(gate, &mut gate.stream(), message);
        }
    }

    fn tear(&self, gate: &Gate, stream: &mut Stream, message: impl Fn(Slot, Turn) -> T) {
        stream.torn = true;
        // One for each key frame that passed, so that these are as few as pictures are.
        if !stream.told {
            stream.told = self.put(message(gate.slot, Turn::LeftOut));
        }
    }

    /// False if the task will not get it.
    fn put(&self, message: T) -> bool {
        match self.messages.try_send(message) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.shared.complain();
                false
            }
            // The task ended, and nothing matters to it any more.
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }

    #[cfg(test)]
    pub(super) fn pictures_left_out(&self, slot: Slot) -> u64 {
        self.shared.gate(slot).map_or(0, |gate| gate.stream().left_out)
    }
}

impl Shared {
    const fn gate(&self, slot: Slot) -> Option<&Gate> {
        match slot {
            Slot::Camera => Some(&self.camera),
            Slot::Screen => Some(&self.screen),
            Slot::Audio | Slot::ScreenAudio => None,
        }
    }

    fn complain(&self) {
        if !self.said.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "a task of the connections stands still; what is asked of it from here on is left \
                 out, and its call may have to be placed again"
            );
        }
    }
}

impl Gate {
    fn new(slot: Slot) -> Self {
        let places = Arc::new(Semaphore::new(PICTURES as usize));
        Self { slot, places, stream: Mutex::default() }
    }

    fn stream(&self) -> std::sync::MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for a picture that can be decoded by who got all that passed.
    fn place(&self, stream: &Stream, picture: &Picture) -> Option<OwnedSemaphorePermit> {
        if stream.torn && !picture.key {
            return None;
        }
        let pieces = u32::try_from(picture.data.len() / PIECE_BYTES + 1).unwrap_or(PICTURES);
        let places = Arc::clone(&self.places).try_acquire_many_owned(pieces.min(PICTURES)).ok();
        if places.is_none() && !stream.torn && stream.left_out == 0 {
            tracing::warn!(
                slot = ?self.slot,
                "pictures are left out: the computer does not keep up; sound goes on"
            );
        }
        places
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let left_out = self.stream().left_out;
        if left_out > 0 {
            tracing::info!(slot = ?self.slot, left_out, "pictures were left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::sample;

    #[derive(Debug)]
    enum Message {
        Order(usize),
        Picture(Slot, Turn),
    }

    fn picture(key: bool, bytes: usize) -> Arc<Picture> {
        let data = if key { sample::key(640, 480, bytes, 7) } else { sample::delta(bytes, 7) };
        Arc::new(Picture::read(data, 0).expect("it looks like VP8"))
    }

    /// What waits: pictures, how often it is told that some were left out, and orders.
    fn count(far_end: &mut mpsc::Receiver<Message>) -> (usize, usize, Vec<usize>) {
        let (mut pictures, mut torn, mut orders) = (0, 0, Vec::new());
        while let Ok(message) = far_end.try_recv() {
            match message {
                Message::Order(number) => orders.push(number),
                Message::Picture(slot, Turn::Picture(..)) if slot != Slot::Audio => pictures += 1,
                Message::Picture(slot, turn) => {
                    assert!(slot != Slot::Audio, "{turn:?} of a slot without pictures");
                    torn += 1;
                }
            }
        }
        (pictures, torn, orders)
    }

    #[test]
    fn a_task_that_stands_still_keeps_few_pictures_and_every_order() {
        let (queue, mut far_end) = queue();
        for number in 0..10_000 {
            queue.picture(Slot::Camera, picture(number % 300 == 0, 1_000), Message::Picture);
            if number % 100 == 0 {
                queue.order(Message::Order(number / 100));
            }
        }
        queue.picture(Slot::Screen, picture(true, 1_000), Message::Picture);
        assert_eq!(queue.pictures_left_out(Slot::Camera), 9_980, "all others are counted");
        let (pictures, torn, orders) = count(&mut far_end);
        assert_eq!((pictures, torn), (21, 1), "the other slot has its own places; told once");
        assert_eq!(orders, (0..100).collect::<Vec<_>>(), "in order");
    }

    #[test]
    fn after_pictures_were_left_out_the_next_that_passes_is_a_key_frame() {
        let (queue, mut far_end) = queue();
        for _ in 0..30 {
            queue.picture(Slot::Camera, picture(false, 1_000), Message::Picture);
        }
        assert_eq!(count(&mut far_end), (20, 1, vec![]));
        queue.picture(Slot::Camera, picture(false, 1_000), Message::Picture);
        assert_eq!(count(&mut far_end), (0, 0, vec![]), "it refers to what was left out");
        queue.picture(Slot::Camera, picture(true, 1_000), Message::Picture);
        queue.picture(Slot::Camera, picture(false, 1_000), Message::Picture);
        assert_eq!(count(&mut far_end), (2, 0, vec![]), "whole again");
        queue.left_out(Slot::Camera, Message::Picture);
        queue.left_out(Slot::Camera, Message::Picture);
        queue.picture(Slot::Camera, picture(false, 1_000), Message::Picture);
        assert_eq!(count(&mut far_end), (0, 1, vec![]), "left out before, which comes to the same");
    }

    #[test]
    fn large_pictures_take_more_places_and_the_largest_passes_alone() {
        let (queue, mut far_end) = queue();
        for _ in 0..10 {
            queue.picture(Slot::Screen, picture(true, 300 << 10), Message::Picture);
        }
        assert_eq!(count(&mut far_end).0, 4, "five places each");
        queue.picture(Slot::Screen, picture(true, 4 << 20), Message::Picture);
        queue.picture(Slot::Screen, picture(true, 1_000), Message::Picture);
        assert_eq!(count(&mut far_end).0, 1, "takes all the places that there are");
    }

    #[test]
    fn remarks_without_end_leave_room_for_orders_and_orders_have_an_end_too() {
        let (queue, mut far_end) = queue();
        for _ in 0..10_000 {
            queue.remark(Message::Order(0));
        }
        for _ in 0..10_000 {
            queue.order(Message::Order(1));
        }
        let (_, _, orders) = count(&mut far_end);
        let remarks = orders.iter().filter(|order| **order == 0).count();
        assert_eq!((remarks, orders.len()), (PLACES / 2, PLACES));
    }
}
