//! What the system says of a process: its processor time and its memory (proc(5)).

use std::{fs, io, time::Duration};

/// A tick of the processor times in /proc, the same on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process so far, user and system.
///
/// # Errors
///
/// If there is no such process.
pub fn cpu(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in brackets, which may hold anything. utime and stime are fields 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

/// Memory of a process that is resident, in octets.
///
/// # Errors
///
/// If there is no such process.
pub fn resident(pid: u32) -> io::Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most memory of a process that was ever resident, in octets.
///
/// # Errors
///
/// If there is no such process.
pub fn peak(pid: u32) -> io::Result<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, field: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(kibibytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_no_negative_time() {
        let me = std::process::id();
        // In this order: other tests take memory meanwhile. Each thread has some that the kernel has not counted yet.
        let resident = resident(me).unwrap();
        assert!(resident > 100_000);
        assert!(peak(me).unwrap() + 4 * 1024 * 1024 >= resident);
        assert!(cpu(me).unwrap() < Duration::from_secs(3600));
    }
}
