//! What a command took of the machine.

use std::fmt;
use std::time::Duration;

/// Processor time and memory so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Of all threads.
    pub cpu: Duration,
    /// The most that was ever held, in bytes.
    pub memory: u64,
}

impl Usage {
    /// Until now; nothing where the system does not tell.
    #[cfg(unix)]
    pub fn now() -> Option<Self> {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike;
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let micros = (usage.user_time() + usage.system_time()).num_microseconds();
        // Kilobytes, but on macOS bytes.
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        let memory = u64::try_from(usage.max_rss()).ok()? * unit;
        Some(Self { cpu: Duration::from_micros(u64::try_from(micros).ok()?), memory })
    }

    /// Until now; nothing where the system does not tell.
    #[cfg(not(unix))]
    pub fn now() -> Option<Self> {
        None
    }
}

/// Such as `38 MB of memory, 4.2 s of CPU`.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.memory.div_ceil(1_000_000);
        write!(f, "{megabytes} MB of memory, {:.1} s of CPU", self.cpu.as_secs_f64())
    }
}
