//! Guest pointers: nothing is read or written before the guest was seen to be allowed to.
//!
//! Memory that the guest has but never touched is brought into being here, as it would be at the guest's own access.

use super::Process;
use super::errno::Errno;
use crate::cpu::Cpu;
use crate::memory::PAGE;

/// Most buffers of a scattered transfer; `UIO_MAXIOV`.
const BUFFERS_MAX: u64 = 1024;

/// Bytes of a path with its end; `PATH_MAX`.
pub(super) const PATH_MAX: u64 = 4096;

impl Process {
    /// Sees to it that the guest may read a range.
    pub(super) fn readable(&mut self, cpu: &mut Cpu<'_>, address: u64, length: u64) -> Result<(), Errno> {
        self.accessible(cpu, address, length, false)
    }

    /// Sees to it that the guest may write a range.
    pub(super) fn writable(&mut self, cpu: &mut Cpu<'_>, address: u64, length: u64) -> Result<(), Errno> {
        self.accessible(cpu, address, length, true)
    }

    fn accessible(&mut self, cpu: &mut Cpu<'_>, address: u64, length: u64, write: bool) -> Result<(), Errno> {
        let end = address.checked_add(length).ok_or(Errno::EFAULT)?;
        if end > crate::memory::SPACE {
            return Err(Errno::EFAULT);
        }
        let mut page = address - address % PAGE;
        while page < end && length > 0 {
            let allowed = match cpu.memory.protection(page) {
                Some(protection) => protection.read && (protection.write || !write),
                None => self.state.space.touch(cpu.memory, page, write),
            };
            if !allowed {
                return Err(Errno::EFAULT);
            }
            page += PAGE;
        }
        Ok(())
    }

    /// Bytes of the guest.
    pub(super) fn bytes<'a>(
        &mut self,
        cpu: &'a mut Cpu<'_>,
        address: u64,
        length: u64,
    ) -> Result<&'a [u8], Errno> {
        self.readable(cpu, address, length)?;
        cpu.memory.read(address, length).ok_or(Errno::EFAULT)
    }

    /// Some bytes of the guest, by value.
    pub(super) fn array<const N: usize>(
        &mut self,
        cpu: &mut Cpu<'_>,
        address: u64,
    ) -> Result<[u8; N], Errno> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(cpu, address, N as u64)?);
        Ok(array)
    }

    /// Eight bytes of the guest.
    pub(super) fn word(&mut self, cpu: &mut Cpu<'_>, address: u64) -> Result<u64, Errno> {
        Ok(u64::from_le_bytes(self.array(cpu, address)?))
    }

    /// Writes to the guest.
    pub(super) fn put(&mut self, cpu: &mut Cpu<'_>, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.writable(cpu, address, bytes.len() as u64)?;
        if cpu.memory.write(address, bytes) { Ok(()) } else { Err(Errno::EFAULT) }
    }

    /// Writes to the guest if it gave an address at all.
    pub(super) fn put_if(&mut self, cpu: &mut Cpu<'_>, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        if address == 0 { Ok(()) } else { self.put(cpu, address, bytes) }
    }

    /// A string of the guest, shorter than [`PATH_MAX`].
    pub(super) fn string(&mut self, cpu: &mut Cpu<'_>, address: u64) -> Result<String, Errno> {
        let mut string = Vec::new();
        let mut at = address;
        loop {
            // From page to page, so that only pages with the string on them need be readable.
            let length = (PAGE - at % PAGE).min(PATH_MAX - string.len() as u64);
            let bytes = self.bytes(cpu, at, length)?;
            if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                string.extend_from_slice(&bytes[..end]);
                return String::from_utf8(string).map_err(|_| Errno::EILSEQ);
            }
            string.extend_from_slice(bytes);
            if string.len() as u64 >= PATH_MAX {
                return Err(Errno::ENAMETOOLONG);
            }
            at = at.checked_add(length).ok_or(Errno::EFAULT)?;
        }
    }

    /// The buffers of a scattered transfer, cut where they have `most` bytes together.
    pub(super) fn buffers(
        &mut self,
        cpu: &mut Cpu<'_>,
        address: u64,
        count: u64,
        most: u64,
    ) -> Result<Vec<(u64, u64)>, Errno> {
        if count > BUFFERS_MAX {
            return Err(Errno::EINVAL);
        }
        let mut buffers = Vec::new();
        let mut asked = 0_u64;
        let mut taken = 0;
        for index in 0..count {
            let entry = address.checked_add(index * 16).ok_or(Errno::EFAULT)?;
            let start = self.word(cpu, entry)?;
            let length = self.word(cpu, entry.checked_add(8).ok_or(Errno::EFAULT)?)?;
            asked = asked.checked_add(length).filter(|sum| *sum <= i64::MAX as u64).ok_or(Errno::EINVAL)?;
            let length = length.min(most - taken);
            if length > 0 {
                buffers.push((start, length));
                taken += length;
            }
        }
        Ok(buffers)
    }

    /// Spreads bytes over buffers; how many found room.
    pub(super) fn scatter(
        &mut self,
        cpu: &mut Cpu<'_>,
        buffers: &[(u64, u64)],
        mut bytes: &[u8],
    ) -> Result<u64, Errno> {
        let mut done = 0;
        for &(address, length) in buffers {
            let (now, later) = bytes.split_at((length as usize).min(bytes.len()));
            self.put(cpu, address, now)?;
            done += now.len() as u64;
            bytes = later;
        }
        Ok(done)
    }

    /// Collects the content of buffers.
    pub(super) fn gather(&mut self, cpu: &mut Cpu<'_>, buffers: &[(u64, u64)]) -> Result<Vec<u8>, Errno> {
        let mut data = Vec::new();
        for &(address, length) in buffers {
            data.extend_from_slice(self.bytes(cpu, address, length)?);
        }
        Ok(data)
    }
}
