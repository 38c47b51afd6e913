//! Waiting for descriptors and on memory. What is open is always ready: standard input is read when it is read.

use super::Process;
use super::errno::Errno;
use super::files::DESCRIPTORS_MAX;
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;

const MILLISECOND: u64 = 1_000_000;
const READY: i16 = libc::POLLIN | libc::POLLOUT | libc::POLLRDNORM | libc::POLLWRNORM;

impl Process {
    pub(super) fn poll(&mut self, cpu: &mut Cpu<'_>, [address, count, timeout, ..]: Arguments) -> Outcome {
        let timeout = u64::try_from(timeout as i32).ok().map(|ms| ms.saturating_mul(MILLISECOND));
        self.poll_until(cpu, address, count, timeout, libc::SYS_poll)
    }

    pub(super) fn ppoll(&mut self, cpu: &mut Cpu<'_>, [address, count, timeout, ..]: Arguments) -> Outcome {
        let timeout = if timeout == 0 { None } else { Some(self.timespec(cpu, timeout)?) };
        self.poll_until(cpu, address, count, timeout, libc::SYS_ppoll)
    }

    fn poll_until(
        &mut self,
        cpu: &mut Cpu<'_>,
        address: u64,
        count: u64,
        timeout: Option<u64>,
        call: i64,
    ) -> Outcome {
        if count > DESCRIPTORS_MAX {
            return Err(Errno::EINVAL);
        }
        self.writable(cpu, address, count * 8)?;
        let mut ready = 0;
        for entry in (0..count).map(|index| address + index * 8) {
            let bytes = self.array::<8>(cpu, entry)?;
            let descriptor = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let events = i16::from_le_bytes([bytes[4], bytes[5]]);
            let found = match u64::try_from(descriptor) {
                Err(_) => 0,
                Ok(descriptor) => match self.state.descriptors.get(descriptor) {
                    Ok((_, description)) => {
                        let reads = if description.reads() { libc::POLLIN | libc::POLLRDNORM } else { 0 };
                        let writes = if description.writes() { libc::POLLOUT | libc::POLLWRNORM } else { 0 };
                        events & READY & (reads | writes)
                    }
                    Err(_) => libc::POLLNVAL,
                },
            };
            ready += u64::from(found != 0);
            self.put(cpu, entry + 6, &found.to_le_bytes())?;
        }
        self.waited(ready, timeout, call)
    }

    /// Returns how many are ready; with none, when the time is up.
    fn waited(&mut self, ready: u64, timeout: Option<u64>, call: i64) -> Outcome {
        match timeout {
            _ if ready > 0 => Ok(Served::Value(ready)),
            Some(0) => Ok(Served::Value(0)),
            Some(duration) => Ok(Served::Next(Purpose::SleepFor { duration, value: 0 })),
            None => Ok(self.wait_for_ever(call)),
        }
    }

    pub(super) fn select(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let timeout = match arguments[4] {
            0 => None,
            address => {
                let seconds = self.word(cpu, address)?;
                let micros = self.word(cpu, address.checked_add(8).ok_or(Errno::EFAULT)?)?;
                if seconds > i64::MAX as u64 || micros > i64::MAX as u64 {
                    return Err(Errno::EINVAL);
                }
                Some(seconds.saturating_mul(1000 * MILLISECOND).saturating_add(micros.saturating_mul(1000)))
            }
        };
        self.select_until(cpu, arguments, timeout, libc::SYS_select)
    }

    pub(super) fn pselect(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let timeout = match arguments[4] {
            0 => None,
            address => Some(self.timespec(cpu, address)?),
        };
        self.select_until(cpu, arguments, timeout, libc::SYS_pselect6)
    }

    fn select_until(
        &mut self,
        cpu: &mut Cpu<'_>,
        [count, reads, writes, exceptions, ..]: Arguments,
        timeout: Option<u64>,
        call: i64,
    ) -> Outcome {
        if count > DESCRIPTORS_MAX {
            return Err(Errno::EINVAL);
        }
        let mut ready = 0;
        let length = count.div_ceil(64) * 8;
        for set in [reads, writes, exceptions] {
            if set == 0 {
                continue;
            }
            let mut bits = self.bytes(cpu, set, length)?.to_vec();
            for descriptor in 0..count {
                let (byte, bit) = (descriptor as usize / 8, 1 << (descriptor % 8));
                if bits[byte] & bit == 0 {
                    continue;
                }
                let (_, description) = self.state.descriptors.get(descriptor)?;
                let is_ready =
                    if set == reads { description.reads() } else { set == writes && description.writes() };
                if is_ready {
                    ready += 1;
                } else {
                    bits[byte] &= !bit;
                }
            }
            self.put(cpu, set, &bits)?;
        }
        self.waited(ready, timeout, call)
    }

    /// A thread that is alone never waits for another.
    pub(super) fn futex(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [address, operation, value, timeout, ..] = arguments;
        let command = operation as i32 & libc::FUTEX_CMD_MASK;
        match command {
            libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => Ok(Served::Value(0)),
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => {
                let found = u32::from_le_bytes(self.array(cpu, address)?);
                if found != value as u32 {
                    return Err(Errno::EAGAIN);
                }
                if timeout == 0 {
                    return Ok(self.wait_for_ever(libc::SYS_futex));
                }
                let time = self.timespec(cpu, timeout)?;
                let timed_out = Errno::ETIMEDOUT.result();
                Ok(Served::Next(if command == libc::FUTEX_WAIT {
                    Purpose::SleepFor { duration: time, value: timed_out }
                } else if operation as i32 & libc::FUTEX_CLOCK_REALTIME != 0 {
                    Purpose::SleepUntilWall { deadline: time, value: timed_out }
                } else {
                    Purpose::SleepUntil { deadline: time, value: timed_out }
                }))
            }
            libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE | libc::FUTEX_WAKE_OP => Ok(Served::Value(0)),
            _ => Err(Errno::ENOSYS),
        }
    }
}
