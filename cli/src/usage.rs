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
        let memory = match peak() {
            Some(peak) => peak,
            None => u64::try_from(usage.max_rss()).ok()? * unit,
        };
        Some(Self { cpu: Duration::from_micros(u64::try_from(micros).ok()?), memory })
    }

    /// Until now; nothing where the system does not tell.
    #[cfg(not(unix))]
    pub fn now() -> Option<Self> {
        None
    }
}

/// The most memory in bytes, where Linux tells it: what it counts for `getrusage` includes that of the program which
/// started this one (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>).
#[cfg(unix)]
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kilobytes.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// Such as `38 MB of memory, 4.2 s of CPU`.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.memory.div_ceil(1_000_000);
        write!(f, "{megabytes} MB of memory, {:.1} s of CPU", self.cpu.as_secs_f64())
    }
}
