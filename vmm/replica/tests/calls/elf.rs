//! A program of the smallest kind, made here.

/// Where its code is, and its data.
pub(crate) const CODE: u64 = 0x40_0000;
pub(crate) const DATA: u64 = 0x50_0000;

/// Bytes of its data, most of which are not in the file.
pub(crate) const DATA_SIZE: u64 = 0x4_0000;

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;

/// A fixed program whose code is `hlt`, with some data.
pub(crate) fn image() -> Vec<u8> {
    let code: &[u8] = &[0xf4; 16];
    let data: &[u8] = b"data of the program";
    let code_at = HEADER + 2 * PROGRAM_HEADER;
    let mut image = Vec::new();
    image.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    put(&mut image, &[(2, 2), (62, 2), (1, 4), (CODE, 8), (HEADER as u64, 8), (0, 8), (0, 4)]);
    put(&mut image, &[(64, 2), (56, 2), (2, 2), (64, 2), (0, 2), (0, 2)]);
    segment(&mut image, 5, code_at, CODE, code.len() as u64, code.len() as u64);
    segment(&mut image, 6, code_at + code.len(), DATA, data.len() as u64, DATA_SIZE);
    image.extend(code);
    image.extend(data);
    image
}

fn segment(image: &mut Vec<u8>, flags: u64, offset: usize, address: u64, in_file: u64, in_memory: u64) {
    put(image, &[(1, 4), (flags, 4), (offset as u64, 8), (address, 8), (address, 8)]);
    put(image, &[(in_file, 8), (in_memory, 8), (1, 8)]);
}

fn put(image: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for &(value, size) in fields {
        image.extend_from_slice(&value.to_le_bytes()[..size]);
    }
}
