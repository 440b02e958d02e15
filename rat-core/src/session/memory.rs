//! How much memory a lake takes when it is not told.

use std::fs;

/// Half of what this process can have: the machine's memory, or the container's limit where that is lower. 4 GiB where the system does
/// not say.
pub(super) fn default_bytes() -> usize {
    const WITHOUT_ANSWER: usize = 4 << 30;
    [machine_bytes(), container_bytes()].into_iter().flatten().min().map_or(WITHOUT_ANSWER, |bytes| bytes / 2)
}

/// `MemTotal` of `/proc/meminfo`, proc(5).
fn machine_bytes() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?.trim();
    kib.parse::<usize>().ok()?.checked_mul(1024)
}

/// `memory.max` of control groups version 2; `max` means no limit.
fn container_bytes() -> Option<usize> {
    fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}
