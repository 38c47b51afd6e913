//! With a card, a record costs the driver no allocation, from the submit to the release.

#[path = "../benches/held/mod.rs"]
mod held;

use held::Held;

#[test]
fn a_record_on_a_card_allocates_nothing() {
    let mut held = Held::new(100);
    for _ in 0..100 {
        let submitted = allocation_counter::measure(|| held.submit());
        held.work();
        let reaped = allocation_counter::measure(|| held.reap());
        assert_eq!((submitted.count_total, reaped.count_total), (0, 0));
    }
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0u8; 10])));
    assert_eq!(counted.count_total, 1, "the counter counts");
}
