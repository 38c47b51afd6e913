//! Named constants of a block.
//!
//! A kernel may compare with a literal but a reader may not guess what it means. `constants!` declares a bundle
//! of sized constants that a block holds in one field; each becomes a `localparam` in its module.

/// Declares a bundle of constants: `constants! { pub Causes { check: 8 = FaultCause::Check.code(), } }`. The values of
/// `pub Numbers<LANES>` may depend on the number of lanes.
macro_rules! constants {
    ( $(#[$about:meta])+ pub $bundle:ident $(<$lanes:ident>)? { $( $name:ident : $width:literal = $value:expr, )+ } ) => {
        $(#[$about])+
        pub struct $bundle $(<const $lanes: u32>)? { $( #[allow(missing_docs)] pub $name: Constant<Bits<$width>>, )+ }

        impl $(<const $lanes: u32>)? Default for $bundle $(<$lanes>)? {
            fn default() -> Self {
                $bundle { $( $name: Constant::new(Bits::from(u64::from($value))), )+ }
            }
        }

        impl $(<const $lanes: u32>)? Logic for $bundle $(<$lanes>)? {
            fn update(&mut self) {}
        }

        impl $(<const $lanes: u32>)? Block for $bundle $(<$lanes>)? {
            fn connect_all(&mut self) {}
            fn update_all(&mut self) {}
            fn has_changed(&self) -> bool {
                false
            }
            fn accept(&self, name: &str, probe: &mut dyn Probe) {
                probe.visit_start_namespace(name, self);
                $( self.$name.accept(stringify!($name), probe); )+
                probe.visit_end_namespace(name, self);
            }
        }
    };
}
pub(crate) use constants;
