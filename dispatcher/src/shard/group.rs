//! Group commit: what comes alone is stored at once, and what comes while that becomes durable is stored together.

use futures_channel::oneshot;
use outbox::{Appended, NewPayload};
use std::cell::{Cell, RefCell};

/// What came of a payload, or nothing where the database failed and nothing was stored.
pub type Outcome = Option<Appended>;

/// Payloads on their way into the database.
#[derive(Default)]
pub struct Group {
    waiting: RefCell<Vec<(NewPayload, oneshot::Sender<Outcome>)>>,
    committing: Cell<bool>,
}

impl Group {
    /// Adds a payload. Its outcome comes when the group is stored.
    pub fn add(&self, payload: NewPayload) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push((payload, sender));
        receiver
    }

    /// Whether the caller is to store what waits, since nobody else is at it. It goes on until nothing waits, and
    /// says [`Group::end`] then, whatever happens.
    pub fn begin(&self) -> bool {
        !self.committing.replace(true)
    }

    /// Whether something came during the commit.
    pub fn has_more(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// The next payload is stored at once.
    pub fn end(&self) {
        self.committing.set(false);
    }

    /// Stores all that wait.
    pub fn store(&self, append: impl FnOnce(Vec<NewPayload>) -> Option<Vec<Appended>>) {
        let (payloads, senders): (Vec<_>, Vec<_>) = self.waiting.take().into_iter().unzip();
        let answers = append(payloads);
        for (i, sender) in senders.into_iter().enumerate() {
            let answer = answers.as_ref().and_then(|answers| answers.get(i).copied());
            // Fails where the request has gone, which changes nothing.
            let _ = sender.send(answer);
        }
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
    fn one_alone_is_stored_at_once_and_those_that_come_during_a_commit_together() {
        let (group, sizes) = (Group::default(), RefCell::new(vec![]));
        let append = |payloads: Vec<NewPayload>| {
            sizes.borrow_mut().push(payloads.len());
            Some(vec![Appended::Stored; payloads.len()])
        };
        let mut alone = group.add(payload("a"));
        assert!(group.begin());
        group.store(append);
        assert_eq!(alone.try_recv(), Ok(Some(Some(Appended::Stored))));
        let waiting = [group.add(payload("b")), group.add(payload("c"))];
        assert!(!group.begin(), "the first is not durable yet");
        assert!(group.has_more());
        group.store(append);
        assert_eq!(*sizes.borrow(), [1, 2]);
        for mut receiver in waiting {
            assert_eq!(receiver.try_recv(), Ok(Some(Some(Appended::Stored))));
        }
        assert!(!group.has_more());
        group.end();
        assert!(group.begin());
    }

    #[test]
    fn a_failure_is_told_to_everybody() {
        let group = Group::default();
        let mut receiver = group.add(payload("a"));
        group.store(|_| None);
        assert_eq!(receiver.try_recv(), Ok(Some(None)));
    }
}
