//! The suite that every comparator passes: `docs/src/unit.md`, asked case by case.
//!
//! A case is a function over a [`Factory`]; its name is the promise that it holds the comparator to. [`CASES`] lists them
//! all, and [`conformance_tests!`](crate::conformance_tests) makes a `#[test]` of each for one factory:
//!
//! ```
//! covert_driver::conformance_tests!(covert_driver::conformance::Software);
//! ```

mod expect;
pub mod hostile;
mod rig;
pub mod trace;

pub use expect::Failure;
pub use rig::{Factory, Parts, Port, Rig, Shape, Software};

/// One promise and the function that asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise.
    pub name: &'static str,
    /// Asks a comparator of this factory for it.
    pub run: fn(&dyn Factory) -> Result<(), Failure>,
}

/// Runs the case of that name.
///
/// # Errors
/// What the comparator did instead, or that there is no such case.
pub fn run(name: &str, factory: &dyn Factory) -> Result<(), Failure> {
    match CASES.iter().find(|case| case.name == name) {
        Some(case) => (case.run)(factory),
        None => Err(Failure(format!("there is no case named {name}"))),
    }
}

/// Lists the cases once, for [`CASES`] and for the tests.
macro_rules! suite {
    ($dollar:tt $( $module:ident: $($case:ident)+; )+) => {
        $( mod $module; )+

        /// Every case, in the order of `docs/src/unit.md`.
        pub const CASES: &[Case] =
            &[ $( $( Case { name: stringify!($case), run: $module::$case } ),+ ),+ ];

        /// Makes a `#[test]` of each conformance case, run on this factory.
        #[macro_export]
        macro_rules! conformance_tests {
            ($dollar factory:expr) => { $( $(
                #[test]
                fn $case() -> Result<(), $dollar crate::conformance::Failure> {
                    $dollar crate::conformance::run(stringify!($case), &$dollar factory)
                }
            )+ )+ };
        }
    };
}

suite! { $
    generations:
        the_first_flush_ends_generation_zero
        flushed_comes_last_and_names_the_first_record_without_a_verdict
        a_flush_forgets_what_was_not_voted_on
        a_group_without_members_is_idle
        a_group_with_fewer_live_lanes_than_its_quorum_is_halted
        a_locked_lane_does_not_join_the_next_generation
        a_lane_left_out_is_off_and_may_come_back
        a_group_that_halts_fetches_nothing_more
        a_group_that_is_not_running_answers_nothing;
    doorbells:
        a_doorbell_of_another_generation_is_ignored_and_counted
        a_doorbell_of_a_lane_that_is_not_live_is_ignored_and_counted
        a_doorbell_rung_too_early_is_not_remembered
        ringing_twice_or_backwards_does_no_harm
        a_tail_further_ahead_than_the_ring_is_a_fault
        a_tail_behind_the_head_is_a_fault
        a_tail_further_ahead_than_the_ring_is_a_fault_in_a_group_that_does_not_run;
    matching:
        equal_records_match_with_the_contracts_fingerprint
        a_payload_matches_at_every_alignment
        the_same_content_matches_inline_and_by_address
        a_payload_of_no_bytes_is_not_looked_for
        a_difference_in_any_payload_byte_is_found
        a_difference_in_any_byte_of_the_header_is_found
        padding_is_not_taken_for_payload
        records_match_through_many_laps_of_the_ring;
    entries:
        an_entry_with_any_bit_flipped_is_a_check_fault
        a_reserved_flag_or_padding_is_a_fault
        an_inline_payload_over_24_bytes_is_a_length_fault
        an_entry_of_another_group_generation_or_place_is_a_fault
        a_payload_over_the_limit_is_a_length_fault
        the_first_check_that_fails_names_the_fault;
    windows:
        a_payload_outside_the_window_is_an_isolation_fault
        a_payload_up_to_the_edges_of_the_window_is_fine
        a_ring_outside_the_window_is_an_isolation_fault
        a_closed_window_lets_nothing_through
        memory_that_is_not_there_is_a_dma_fault;
    faults:
        a_fault_locks_the_lane_at_the_record_that_was_due
        what_was_delivered_before_a_fault_stays_delivered
        a_group_halts_at_the_first_record_without_a_quorum
        a_full_fault_log_counts_what_it_loses
        without_a_fault_log_every_fault_is_counted;
    votes:
        a_lone_lane_is_taken_at_its_word
        two_lanes_that_differ_are_both_suspect_and_halt_the_group
        two_of_three_outvote_the_third_wherever_it_is
        three_that_differ_have_no_majority
        a_lane_that_failed_is_outvoted
        lanes_that_differ_beside_a_failed_one_have_no_majority
        one_lane_is_no_quorum_and_the_lowest_failed_lane_names_the_outcome
        two_pairs_of_four_tie
        the_largest_class_of_four_wins
        a_dissenter_stays_live;
    skew:
        a_lane_ahead_waits_for_the_other
        a_lane_is_not_fetched_further_ahead_than_the_skew_depth
        the_watchdog_sleeps_while_no_lane_waits_for_another
        the_watchdog_locks_the_lane_without_an_entry
        the_watchdog_starts_anew_for_each_record
        the_watchdog_counts_on_while_another_lane_is_missing
        a_watchdog_of_zero_never_expires
        the_rest_of_a_long_wait_counts_for_the_next_record
        a_limit_lowered_below_the_count_expires_at_the_next_tick;
    rings:
        a_full_verdict_ring_stalls_the_group_and_loses_nothing
        a_flush_waits_for_room_in_the_verdict_ring
        a_marker_that_waits_names_who_was_live_when_the_work_ended;
    resets:
        a_reset_unlocks_a_lane_for_the_next_generation
        a_reset_closes_the_window
        a_reset_of_a_live_lane_is_a_fault
        what_a_lane_delivered_before_its_reset_stays_delivered;
    releases:
        what_was_compared_is_what_is_released
        a_copy_that_differs_in_any_byte_is_not_released
        an_arena_changed_after_the_verdict_is_not_released
        a_verdict_that_is_not_releasable_releases_nothing
        a_release_is_told_to_the_replicas
        only_what_was_judged_can_be_released
        a_record_cannot_be_copied_after_its_release;
}
