//! One suite of clauses, run over every store that there is. Each clause is a sentence and a function of that name.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod broken;
mod certs;
mod closed;
mod codes;
#[expect(dead_code, reason = "each target uses its own part of it")]
mod deployments;
mod door;
mod failover;
mod fake;
mod half;
mod health;
mod interleavings;
mod law;
mod lost;
mod model;
mod parts;
mod party;
mod places;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod redis;
mod scripts;
mod sends;
mod slots;
mod tokens;
mod trust;
mod users;

macro_rules! tests {
    ($place:ty, $room:ident: $($clause:ident)*) => {
        $(#[test]
        fn $clause() {
            crate::$room::$clause(&<$place as crate::places::Place>::open());
        })*
    };
}

/// The clauses that hold wherever the codes are kept. A clause of a store is one more line here.
macro_rules! everywhere {
    ($place:ty) => {
        tests! { $place, law:
            a_load_sees_one_moment
            a_value_is_what_was_set
            a_commit_takes_effect_only_if_every_cell_is_unchanged
            a_conflict_changes_nothing_and_tells_nothing
            changes_in_one_call_are_each_whole_by_themselves
            of_many_commits_at_once_on_one_value_one_is_done
            values_are_gone_when_their_life_is_over
            a_value_without_an_end_stays
            life_that_is_over_removes_the_value
            a_new_value_has_a_new_life
            the_time_of_the_store_goes_on
            a_timeline_is_newest_first
            a_timeline_keeps_the_newest_fifty
            a_timeline_has_an_end
            all_phones_are_found_page_by_page
            all_users_are_found_page_by_page
            what_is_over_is_not_listed
            every_key_goes_by_and_is_seen_as_it_is
            what_changed_since_it_was_seen_is_not_purged
            a_healthy_store_says_so_and_nothing_is_written
        }
        tests! { $place, codes:
            the_right_code_is_spent_once
            of_fifty_right_answers_at_once_one_is_accepted
            a_hundred_guesses_at_once_spend_the_limit_exactly
            tries_that_are_used_up_kill_the_code
            a_new_code_keeps_the_failure_count
            failures_survive_the_code_that_they_were_made_against
            a_hard_lock_ends_only_by_unlock
            codes_expire
            a_wrong_guess_does_not_extend_life
            phones_do_not_see_each_other
            purposes_do_not_see_each_other
            a_success_clears_its_own_count_only
            an_attempt_that_is_asked_again_is_answered_again
            a_revoked_code_is_dead
            revoking_nothing_is_no_event
            a_dry_run_writes_nothing
            a_code_under_another_pepper_is_not_counted
        }
        tests! { $place, sends:
            a_pending_code_verifies
            the_same_key_sends_once
            the_same_key_with_other_arguments_is_a_conflict
            the_same_key_after_a_refusal_sends_again
            the_same_key_after_an_unknown_end_stays_unknown
            the_cooldown_grows_and_a_success_resets_it
            a_phone_has_a_quota_over_all_purposes
            a_prefix_has_a_quota
            a_country_has_a_quota
            a_refused_phone_is_not_counted_for_its_country
            neighbours_stop
            twelve_sends_at_once_make_one_sms
            the_next_provider_is_asked_only_when_the_first_surely_did_not_send
            a_locked_phone_gets_no_sms
        }
        tests! { $place, users:
            a_link_is_seen_from_both_sides
            linking_twice_changes_nothing
            a_new_user_kills_the_live_code
            a_user_who_is_gone_takes_the_code_along
            a_code_for_one_user_is_not_for_another
            the_user_of_the_phone_comes_with_the_answer
            many_links_at_once_are_all_kept
            strange_names_do_not_meet
            a_link_and_an_unlink_at_once_leave_a_user_who_is_found
            a_move_leaves_the_new_phone_and_kills_the_codes_of_the_old_one
            moves_at_once_leave_one_phone_and_never_none
            phones_that_lead_nowhere_take_no_room
            links_at_once_give_a_user_no_more_phones_than_there_is_room_for
            an_entry_that_leads_nowhere_is_removed_once_no_link_can_need_it
            a_phone_that_the_index_misses_is_found_and_the_next_link_puts_it_right
        }
    };
}

/// Every clause as a test of one store. A new store is one more line below.
macro_rules! suite {
    ($store:ident, $place:ty) => {
        mod $store {
            everywhere! { $place }
            tests! { $place, codes:
                ten_failures_lock_and_the_lock_ends_by_itself
                unlock_opens_the_door_again
            }
            tests! { $place, sends:
                an_acceptance_supersedes_the_older_code
                a_refused_send_leaves_the_older_code_and_gives_the_cooldown_back
                an_unknown_send_leaves_both_codes_valid
            }
            tests! { $place, model:
                random_runs_end_as_the_book_says
            }
        }
    };
}

suite!(embedded, crate::places::File);
suite!(redis_alone, crate::places::Server);
suite!(redis_cluster, crate::parts::Part<crate::parts::OfCluster>);
suite!(redis_by_sentinel, crate::parts::Part<crate::parts::OfSentinel>);
suite!(redis_over_tls, crate::parts::Part<crate::parts::OverTls>);
suite!(redis_cluster_over_tls, crate::parts::Part<crate::parts::OfClusterOverTls>);
suite!(redis_by_sentinel_over_tls, crate::parts::Part<crate::parts::OfSentinelOverTls>);
suite!(redis_over_a_socket, crate::parts::Part<crate::parts::OverSocket>);
suite!(redis_as_a_user, crate::parts::Part<crate::parts::AsUser>);
suite!(redis_6, crate::parts::Part<crate::parts::OfRedis6>);
suite!(redis_6_as_a_user, crate::parts::Part<crate::parts::AsUserOfRedis6>);
suite!(redis_6_cluster, crate::parts::Part<crate::parts::OfRedis6Cluster>);
suite!(redis_6_by_sentinel, crate::parts::Part<crate::parts::OfRedis6Sentinel>);
suite!(redis_8, crate::parts::Part<crate::parts::OfRedis8>);
suite!(valkey, crate::parts::Part<crate::parts::OfValkey>);
suite!(valkey_cluster, crate::parts::Part<crate::parts::OfValkeyCluster>);

/// Where an application keeps the codes, all clauses hold but these: its key has room for one code, so an older one does
/// not stay beside a new one until that is accepted (three of `sends`); a lock ends the code, since the application does
/// not know of it (two of `codes`); and the book of `model` knows of neither.
mod where_an_application_keeps_the_codes {
    everywhere! { crate::places::LaidOut }
}

mod where_an_application_keeps_the_codes_on_redis_6 {
    everywhere! { crate::places::LaidOutOnRedis6 }
}
