//! What this process has used of the machine, as the kernel counts it.

/// Time on processors, and bytes that went to the disk.
pub(crate) struct Usage {
    /// Milliseconds on processors, its own and the kernel's for it.
    pub(crate) cpu: u64,
    /// Kilobytes written.
    pub(crate) written: u64,
}

impl Usage {
    pub(crate) fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name before the last bracket may hold spaces; then utime and stime are the 12th and 13th, in hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum::<u64>();
        let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
        let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        Self { cpu: ticks * 10, written: line.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024 }
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self { cpu: self.cpu - before.cpu, written: self.written - before.written }
    }
}
