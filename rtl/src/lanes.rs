//! The numbers of lanes that the unit is made with, and how a block is written once for all of them.
//!
//! A block that sees all lanes is the body of a `macro_rules!`, which [`configurations!`] stamps for two and for three
//! lanes, each in a module of its own. Const generics do not do: rust-hdl's derive wants one `Logic` for every number of
//! lanes, and a kernel can neither fold an expression over an array nor cast an indexed signal inside a loop. In the
//! macro `$( … $lane … )+` writes the lanes out, before rust-hdl sees the kernel; `$( … $other … )?` is there for two lanes
//! alone, `$( … $third … )?` for three.

/// Stamps the block that the macro of this name describes: `configurations!(watchdog)`. Names that differ from one
/// configuration to the other stand in braces behind it.
///
/// The macro is given the module, the number of lanes, the lanes, those after the first, the second if there is no third,
/// the third if there is one, and the names.
macro_rules! configurations {
    ($block:ident) => {
        $crate::lanes::configurations! { $block {} {} }
    };
    ($block:ident { $($of_two:tt)* } { $($of_three:tt)* }) => {
        /// With two lanes.
        pub mod two {
            use super::*;
            $block! { two 2 [0 1] [1] [1] [] $($of_two)* }
        }
        /// With three lanes.
        pub mod three {
            use super::*;
            $block! { three 3 [0 1 2] [1 2] [] [2] $($of_three)* }
        }
    };
}
pub(crate) use configurations;
