//! The messages of vfio-user 0.1 that a client sends, and what their numbers mean.
//!
//! Source: `docs/interop/vfio-user.rst` of QEMU, protocol version 0.1. Fields are in the byte order of the host.

/// What a message is about: the numbers of the specification's table of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    DeviceInfo = 4,
    RegionInfo = 5,
    IrqInfo = 7,
    SetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,
    DeviceReset = 13,
}

/// Bytes of a message's header.
pub(super) const HEADER: usize = 16;
/// Longest reply that is taken: the protocol's default for data, and room for what stands before it.
pub(super) const REPLY_MAX: usize = (1 << 20) + 64;

const FLAG_TYPE: u32 = 0xF;
const FLAG_REPLY: u32 = 1;
const FLAG_ERROR: u32 = 1 << 5;

/// In `DMA_MAP`: the device may read the memory.
pub(super) const MAP_READ: u32 = 1;
/// In `DMA_MAP`: the device may write the memory.
pub(super) const MAP_WRITE: u32 = 1 << 1;

/// In `DEVICE_GET_INFO`: the device can be reset.
pub(super) const DEVICE_RESET: u32 = 1;
/// In `DEVICE_GET_INFO`: it is a PCI device.
pub(super) const DEVICE_PCI: u32 = 1 << 1;

/// In `SET_IRQS`: no data.
pub(super) const IRQ_DATA_NONE: u32 = 1;
/// In `SET_IRQS`: an eventfd each.
pub(super) const IRQ_DATA_EVENTFD: u32 = 1 << 2;
/// In `SET_IRQS`: what happens when the interrupt comes.
pub(super) const IRQ_ACTION_TRIGGER: u32 = 1 << 5;

/// Number of BAR 0 among a PCI device's regions.
pub(super) const REGION_BAR0: u32 = 0;
/// Number of the configuration space.
pub(super) const REGION_CONFIG: u32 = 7;
/// Number of MSI-X among a PCI device's interrupts.
pub(super) const IRQ_MSIX: u32 = 2;

/// Fields of a message, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<u8>);

impl Fields {
    pub(super) fn u32(mut self, value: u32) -> Fields {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Fields {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Fields {
        self.0.extend(bytes);
        self
    }
}

/// The version this client speaks. One descriptor a message is all that mappings need; interrupts may have a few.
pub(super) fn version() -> Vec<u8> {
    let fields = Fields::default().bytes(&0u16.to_ne_bytes()).bytes(&1u16.to_ne_bytes());
    fields.bytes(b"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}\0").0
}

/// A number in a reply; `None` behind its end.
pub(super) fn u32_at(body: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(body.get(offset..offset + 4)?.try_into().ok()?))
}

/// A number in a reply; `None` behind its end.
pub(super) fn u64_at(body: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(body.get(offset..offset + 8)?.try_into().ok()?))
}

/// A message: header and body.
pub(super) fn message(id: u16, command: Command, body: &[u8]) -> Vec<u8> {
    let fields = Fields::default().bytes(&id.to_ne_bytes()).bytes(&(command as u16).to_ne_bytes());
    fields.u32((HEADER + body.len()) as u32).u32(0).u32(0).bytes(body).0
}

/// What the header of a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Bytes that follow.
    pub(super) body: usize,
    /// The error number if the request was refused; servers may leave it 0.
    pub(super) refused: Option<u32>,
}

/// Reads the header of the reply to a message.
///
/// # Errors
/// It is not one; the stream cannot be followed any further.
pub(super) fn reply(header: &[u8; HEADER], id: u16, command: Command) -> Result<Reply, String> {
    let half = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
    let word = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (found_id, found_command, bytes, flags, error) = (half(0), half(2), word(4), word(8), word(12));
    if (found_id, found_command, flags & FLAG_TYPE) != (id, command as u16, FLAG_REPLY) {
        return Err(format!(
            "message {found_id:#x}, command {found_command}, flags {flags:#x} came where the reply to message \
             {id:#x}, command {} was due",
            command as u16
        ));
    }
    let body = (bytes as usize).checked_sub(HEADER).filter(|body| *body <= REPLY_MAX);
    let body = body.ok_or_else(|| format!("a reply of {bytes} bytes"))?;
    Ok(Reply { body, refused: (flags & FLAG_ERROR != 0).then_some(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(id: u16, command: u16, bytes: u32, flags: u32, error: u32) -> [u8; HEADER] {
        let fields = Fields::default().bytes(&id.to_ne_bytes()).bytes(&command.to_ne_bytes());
        fields.u32(bytes).u32(flags).u32(error).0.try_into().unwrap()
    }

    #[test]
    fn a_refusal_is_seen_even_without_an_error_number() {
        let refused = |error| Ok(Reply { body: 0, refused: Some(error) });
        assert_eq!(reply(&header(7, 9, 16, 0x21, 0), 7, Command::RegionRead), refused(0));
        assert_eq!(reply(&header(7, 9, 16, 0x21, 22), 7, Command::RegionRead), refused(22));
    }

    #[test]
    fn only_the_reply_to_the_message_sent_is_taken() {
        let good = Ok(Reply { body: 20, refused: None });
        assert_eq!(reply(&header(7, 9, 36, 1, 0), 7, Command::RegionRead), good);
        for wrong in [
            header(8, 9, 36, 1, 0),
            header(7, 10, 36, 1, 0),
            header(7, 9, 36, 0, 0),
            header(7, 9, 15, 1, 0),
            header(7, 9, u32::MAX, 1, 0),
        ] {
            assert!(reply(&wrong, 7, Command::RegionRead).is_err(), "{wrong:x?}");
        }
    }

    #[test]
    fn a_short_reply_has_no_fields_behind_its_end() {
        assert_eq!(u32_at(&[1, 0, 0, 0], 0), Some(1));
        assert_eq!((u32_at(&[1, 0, 0], 0), u64_at(&[0; 12], 8)), (None, None));
    }
}
