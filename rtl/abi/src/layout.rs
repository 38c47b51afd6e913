//! Entries as tables: which byte means what, and the code that follows from it.
//!
//! Each entry is declared once with the `entry!` macro; the struct, its encoder and decoder, the documentation
//! and the RTL's field slices all come from that declaration. A declaration whose fields overlap or leave
//! a hole does not compile.

/// One field of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, as in the struct.
    pub name: &'static str,
    /// Offset of its first byte in the entry.
    pub offset: usize,
    /// Its size in bytes.
    pub bytes: usize,
    /// What it means.
    pub doc: &'static str,
}

/// One kind of entry.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The struct's name.
    pub name: &'static str,
    /// Size of the entry in bytes.
    pub bytes: usize,
    /// What it is for.
    pub doc: &'static str,
    /// Its fields, in the order of their offsets.
    pub fields: &'static [Field],
}

impl Layout {
    /// The bit position (lowest, highest) of a field, counted from bit 0 of byte 0, as RTL slices it.
    ///
    /// `None` when there is no field of that name.
    pub fn bits(&self, field: &str) -> Option<(usize, usize)> {
        let field = self.fields.iter().find(|f| f.name == field)?;
        Some((field.offset * 8, (field.offset + field.bytes) * 8 - 1))
    }

    /// Whether the fields cover the entry exactly, in order, with neither hole nor overlap.
    pub(crate) const fn is_tiled(&self) -> bool {
        let mut at = 0;
        let mut i = 0;
        while i < self.fields.len() {
            if self.fields[i].offset != at {
                return false;
            }
            at += self.fields[i].bytes;
            i += 1;
        }
        at == self.bytes
    }
}

/// A value with a fixed little-endian image.
pub(crate) trait Wire: Sized {
    const BYTES: usize;
    fn put(&self, to: &mut [u8]);
    fn get(from: &[u8]) -> Self;
}

macro_rules! wire_integers {
    ($($ty:ty)+) => { $(
        impl Wire for $ty {
            const BYTES: usize = size_of::<$ty>();
            fn put(&self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_le_bytes());
            }
            fn get(from: &[u8]) -> Self {
                let mut bytes = [0; size_of::<$ty>()];
                bytes.copy_from_slice(from);
                <$ty>::from_le_bytes(bytes)
            }
        }
    )+ };
}
wire_integers!(u8 u16 u32 u64);

impl<const N: usize> Wire for [u8; N] {
    const BYTES: usize = N;
    fn put(&self, to: &mut [u8]) {
        to.copy_from_slice(self);
    }
    fn get(from: &[u8]) -> Self {
        let mut bytes = [0; N];
        bytes.copy_from_slice(from);
        bytes
    }
}

/// Declares an entry: a struct, its table and its little-endian image.
macro_rules! entry {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident: $size:literal bytes {
            $( $(#[doc = $doc:literal])+ $field:ident: $ty:ty = $offset:literal, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $ty, )+ }

        impl $name {
            /// Size of the entry in bytes.
            pub const BYTES: usize = $size;

            /// The entry as a table.
            pub const LAYOUT: $crate::layout::Layout = $crate::layout::Layout {
                name: stringify!($name),
                bytes: $size,
                doc: concat!($($about),+),
                fields: &[$( $crate::layout::Field {
                    name: stringify!($field),
                    offset: $offset,
                    bytes: <$ty as $crate::layout::Wire>::BYTES,
                    doc: concat!($($doc),+),
                } ),+],
            };

            /// The entry as it stands in memory.
            pub fn to_bytes(&self) -> [u8; $size] {
                const { assert!($name::LAYOUT.is_tiled(), "fields overlap or leave a hole") };
                let mut bytes = [0; $size];
                $( $crate::layout::Wire::put(
                    &self.$field,
                    &mut bytes[$offset..$offset + <$ty as $crate::layout::Wire>::BYTES],
                ); )+
                bytes
            }

            /// Reads the fields back, checking nothing.
            pub fn from_bytes(bytes: &[u8; $size]) -> Self {
                Self { $( $field: $crate::layout::Wire::get(
                    &bytes[$offset..$offset + <$ty as $crate::layout::Wire>::BYTES],
                ), )+ }
            }
        }

        impl $crate::layout::Wire for $name {
            const BYTES: usize = $size;
            fn put(&self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_bytes());
            }
            fn get(from: &[u8]) -> Self {
                Self::from_bytes(&$crate::layout::Wire::get(from))
            }
        }
    };
}
pub(crate) use entry;
