//! Processor time, as Linux counts it; elsewhere there is none.

use std::{fs, time::Duration};

/// What the kernel's clock counts in `/proc/self/stat`, everywhere it matters.
const TICKS_PER_SECOND: u32 = 100;

/// Spent by this process.
pub(crate) fn of_process() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_secs(u64::from(user + system)) / TICKS_PER_SECOND)
}

/// Spent by this thread.
pub(crate) fn of_thread() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(stat.split_whitespace().next()?.parse().ok()?))
}
