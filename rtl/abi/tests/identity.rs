//! A card is used only if it is one, lives, and speaks a version that is known.

use covert_abi::identity::{Identity, IdentityError, MAGIC, VERSION, Version};
use covert_abi::registers::card;
use proptest::prelude::*;

fn card(address: u32) -> u32 {
    match address {
        card::MAGIC => MAGIC,
        card::VERSION => card::VERSION_MAJOR.put(VERSION.major.into()) | card::VERSION_MINOR.put(9),
        card::SIZE => card::SIZE_GROUPS.put(1) | card::SIZE_LANES.put(2) | card::SIZE_WIDTH.put(64),
        card::LIMITS => {
            card::LIMITS_SKEW.put(4)
                | card::LIMITS_TAGS.put(3)
                | card::LIMITS_RING.put(8)
                | card::LIMITS_PAYLOAD.put(16)
        }
        card::FEATURES => card::FEATURE_MSIX.put(1),
        card::TICK_RATE => 1_000_000,
        card::RTL_HASH_HI => 0xdead,
        _ => 0,
    }
}

fn with(address: u32, value: u32) -> Result<Identity, IdentityError> {
    Identity::parse(|a| if a == address { value } else { card(a) })
}

#[test]
fn the_driver_sizes_itself_from_the_capability_words() {
    let identity = Identity::parse(card).unwrap();
    assert_eq!((identity.groups, identity.lanes, identity.width), (1, 2, 64));
    assert_eq!((identity.skew, identity.tags, identity.ring_max, identity.payload_max), (16, 8, 256, 65536));
    assert_eq!((identity.push, identity.checkpoint, identity.msix), (false, false, true));
    assert_eq!((identity.tick_rate, identity.rtl_hash), (1_000_000, 0xdead_0000_0000));
    assert_eq!(identity.version.minor, 9, "a newer minor version is taken");
}

#[test]
fn an_unknown_major_version_is_refused_by_name() {
    let found = Version { major: VERSION.major + 1, minor: 0 };
    let error = with(card::VERSION, card::VERSION_MAJOR.put(found.major.into())).unwrap_err();
    assert_eq!(error, IdentityError::Version(found));
    assert!(error.to_string().contains("flash a bitstream"), "{error}");
}

#[test]
fn a_dead_bus_and_a_foreign_card_are_told_apart() {
    assert_eq!(Identity::parse(|_| u32::MAX), Err(IdentityError::Dead));
    assert_eq!(Identity::parse(|_| 0), Err(IdentityError::NotACovertCard { magic: 0 }));
}

#[test]
fn impossible_sizes_are_refused() {
    for (address, value) in [
        (card::SIZE, 0),
        (card::SIZE, card::SIZE_GROUPS.put(1) | card::SIZE_LANES.put(5) | card::SIZE_WIDTH.put(64)),
        (card::SIZE, card::SIZE_GROUPS.put(17) | card::SIZE_LANES.put(1) | card::SIZE_WIDTH.put(64)),
        (card::SIZE, card::SIZE_GROUPS.put(16) | card::SIZE_LANES.put(4) | card::SIZE_WIDTH.put(64)),
        (card::SIZE, card::SIZE_GROUPS.put(1) | card::SIZE_LANES.put(2) | card::SIZE_WIDTH.put(96)),
        (card::LIMITS, card::LIMITS_RING.put(32)),
        (card::LIMITS, card::LIMITS_PAYLOAD.put(255)),
        (card::TICK_RATE, 0),
    ] {
        assert!(
            matches!(with(address, value), Err(IdentityError::Impossible { .. })),
            "{address:#x} = {value:#x}"
        );
    }
}

proptest! {
    #[test]
    fn no_answer_of_a_card_makes_the_driver_panic(values in proptest::collection::vec(any::<u32>(), 8)) {
        let _ = Identity::parse(|a| match a { card::MAGIC => MAGIC, card::VERSION => 1 << 16, a => values[(a / 4) as usize % 8] });
    }
}
