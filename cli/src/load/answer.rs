//! What an attempt came to, and when to try again: what a good client does.

use std::time::Duration;

/// Pause before the first repeat; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause, beside what the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The payload is stored durably.
    Stored,
    /// It will not be stored, however often it is sent.
    Refused,
    /// It was not stored, or nobody knows: to be sent again with the same id and body.
    Later {
        /// `Retry-After`.
        asked: Option<Duration>,
    },
}

impl Answer {
    /// Reads status and `Retry-After` (its form in seconds); no status stands for no answer.
    pub fn of(status: Option<u16>, retry_after: Option<&str>) -> Self {
        match status {
            Some(200..=299) => Self::Stored,
            Some(408 | 425 | 429 | 500..) | None => {
                let seconds = retry_after.and_then(|text| text.trim().parse().ok());
                Self::Later { asked: seconds.map(Duration::from_secs) }
            }
            Some(_) => Self::Refused,
        }
    }
}

/// The pause before repeat number `repeat`, from 1. `chance` is from 0 to 1 and spreads those that failed at
/// the same time; no repeat comes earlier than `asked`.
pub fn pause(asked: Option<Duration>, repeat: u32, chance: f64) -> Duration {
    let doublings = repeat.saturating_sub(1).min(16);
    let longest = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    asked.unwrap_or_default() + longest.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_success_and_only_refusals_end_it() {
        for status in [200, 204] {
            assert_eq!(Answer::of(Some(status), None), Answer::Stored);
        }
        for status in [301, 400, 401, 403, 404, 405, 413] {
            assert_eq!(Answer::of(Some(status), Some("1")), Answer::Refused);
        }
        for status in [Some(429), Some(500), Some(502), Some(503), None] {
            assert_eq!(Answer::of(status, None), Answer::Later { asked: None });
        }
    }

    #[test]
    fn a_repeat_honours_retry_after_and_backs_off() {
        let Answer::Later { asked } = Answer::of(Some(503), Some(" 5 ")) else { panic!("503 is not final") };
        assert_eq!(asked, Some(Duration::from_secs(5)));
        for chance in [0.0, 0.5, 1.0] {
            assert!(pause(asked, 1, chance) > Duration::from_secs(5));
        }
        assert_eq!(pause(None, 1, 0.0), Duration::from_millis(100));
        assert_eq!(pause(None, 3, 1.0), Duration::from_millis(800));
        assert_eq!(pause(None, u32::MAX, 1.0), LONGEST_PAUSE);
        assert_eq!(
            Answer::of(Some(503), Some("Fri, 31 Dec 1999 23:59:59 GMT")),
            Answer::Later { asked: None }
        );
    }
}
