//! Group commit: what waits is stored together, and what does not wait is stored at once.

use futures_channel::oneshot;
use outbox::{Appended, NewPayload};
use std::cell::{Cell, RefCell};

/// So many are stored without waiting for more.
const MOST: usize = 64;

/// What came of a payload, or nothing where the database failed and nothing was stored.
pub type Outcome = Option<Appended>;

/// Payloads on their way into the database.
#[derive(Default)]
pub struct Group {
    /// Requests whose body is still being read.
    reading: Cell<usize>,
    waiting: RefCell<Vec<(NewPayload, oneshot::Sender<Outcome>)>>,
}

/// A request whose body is being read. Others wait for it, until it is dropped.
pub struct Reading<'a>(&'a Group);

impl Group {
    /// Announces a payload.
    pub fn announce(&self) -> Reading<'_> {
        self.reading.set(self.reading.get() + 1);
        Reading(self)
    }

    /// Adds a payload. Its outcome comes when the group is stored.
    pub fn add(&self, payload: NewPayload) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push((payload, sender));
        receiver
    }

    /// Stores the group, if no other payload is about to join it.
    pub fn store(&self, append: impl FnOnce(Vec<NewPayload>) -> Option<Vec<Appended>>) {
        let is_due = self.reading.get() == 0 || self.waiting.borrow().len() >= MOST;
        if !is_due || self.waiting.borrow().is_empty() {
            return;
        }
        let (payloads, senders): (Vec<_>, Vec<_>) = self.waiting.take().into_iter().unzip();
        let answers = append(payloads);
        for (i, sender) in senders.into_iter().enumerate() {
            let answer = answers.as_ref().and_then(|answers| answers.get(i).copied());
            // Fails where the request has gone, which changes nothing.
            let _ = sender.send(answer);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.set(self.0.reading.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Millis;

    fn payload(id: &str) -> NewPayload {
        let (data, context) = (String::new(), String::new());
        NewPayload { id: id.into(), is_senders_id: false, at: Millis(0), data, context }
    }

    #[test]
    fn one_alone_is_stored_at_once_and_those_that_wait_are_stored_together() {
        let (group, stored) = (Group::default(), RefCell::new(vec![]));
        let append = |payloads: Vec<NewPayload>| {
            stored.borrow_mut().push(payloads.len());
            Some(vec![Appended::Stored; payloads.len()])
        };
        drop(group.announce());
        let mut alone = group.add(payload("a"));
        group.store(append);
        assert_eq!(alone.try_recv(), Ok(Some(Some(Appended::Stored))));

        let (first, second) = (group.announce(), group.announce());
        drop(first);
        let _waits = group.add(payload("b"));
        group.store(append);
        assert_eq!(*stored.borrow(), [1], "another one is about to come");
        drop(second);
        let _comes = group.add(payload("c"));
        group.store(append);
        assert_eq!(*stored.borrow(), [1, 2]);
    }

    #[test]
    fn nobody_waits_for_an_endless_stream() {
        let (group, stored) = (Group::default(), Cell::new(0));
        let _reading = group.announce();
        let receivers: Vec<_> = (0..MOST).map(|i| group.add(payload(&i.to_string()))).collect();
        group.store(|payloads| {
            stored.set(payloads.len());
            None
        });
        assert_eq!(stored.get(), MOST);
        for mut receiver in receivers {
            assert_eq!(receiver.try_recv(), Ok(Some(None)), "a failure is told");
        }
    }
}
