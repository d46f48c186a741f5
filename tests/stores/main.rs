//! One suite of clauses, run over every store that there is. Each clause is a sentence and a function of that name.
//!
//! `OTPCTL_STORES=embedded,redis` runs these stores' copies alone. So the list of tests is made when they are run, which
//! is why this target has a harness of its own.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "what is left out is said after the tests, as their harness does")]

mod codes;
mod contract;
mod history;
mod lives;
mod model;
mod refusals;
mod sends;
#[path = "../support/servers/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod servers;
mod shared_fixtures;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;
mod users;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use servers::fixtures::{LaidOut, LaidOutOnRedis6, Server};
use shared_fixtures::{
    AsUser, AsUserOfRedis6, OfCluster, OfClusterOverTls, OfRedis6, OfRedis6Cluster, OfRedis6Sentinel, OfRedis8,
    OfSentinel, OfSentinelOverTls, OfValkey, OfValkeyCluster, OverSocket, OverTls, SharedFixture,
};
use support::fixtures::{File, Fixture};

/// A clause on one store.
type Clause = (&'static str, fn());

macro_rules! clauses {
    ($all:ident, $fixture:ty, $module:ident: $($clause:ident)*) => {
        $all.extend([$((stringify!($clause), (|| $module::$clause(&<$fixture>::open())) as fn())),*]);
    };
}

/// The clauses that hold wherever the codes are kept. A clause of a store is one more line here.
#[expect(clippy::too_many_lines, reason = "a list")]
fn everywhere<F: Fixture + 'static>() -> Vec<Clause> {
    let mut all: Vec<Clause> = Vec::new();
    clauses! { all, F, contract:
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
    clauses! { all, F, history:
        additions_at_once_are_all_counted
        an_addition_answers_the_time_and_the_sums_that_it_made
        a_hash_that_is_full_counts_one_of_many_elsewhere
        sums_are_gone_when_their_life_is_over
        one_read_gives_every_part_and_a_broken_one_hides_no_other
        what_is_beside_a_change_is_written_with_it_and_stops_nothing
        the_feed_is_read_page_by_page_and_goes_on
        the_feed_and_sums_are_keys_like_others
    }
    clauses! { all, F, codes:
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
    clauses! { all, F, sends:
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
        neighbors_stop
        neighbors_are_only_told_where_the_file_observes
        a_country_lets_exactly_its_quota_through_at_once
        a_block_stops_sends_that_are_under_way
        twelve_sends_at_once_make_one_sms
        the_next_provider_is_asked_only_when_the_first_surely_did_not_send
        a_locked_phone_gets_no_sms
        failures_of_a_provider_at_once_are_all_counted
    }
    clauses! { all, F, refusals:
        a_refused_send_is_told_with_its_rule_and_counted
        an_attempt_without_a_code_is_told_with_its_reason
        an_attempt_for_a_user_that_the_phone_lacks_is_told
        of_a_stranger_one_refusal_is_kept
        a_refusal_does_not_shorten_a_timeline
        a_dry_run_leaves_no_refusal
        refusals_at_once_are_counted
        asking_often_fills_nothing
    }
    clauses! { all, F, users:
        a_link_is_seen_from_both_sides
        linking_twice_changes_nothing
        a_new_user_kills_the_live_code
        a_user_who_is_gone_takes_the_code_along
        a_code_for_one_user_is_not_for_another
        the_user_of_the_phone_comes_with_the_answer
        many_links_at_once_are_all_kept
        strange_names_do_not_meet
        a_link_and_an_unlink_at_once_leave_a_user_who_is_found
        the_history_of_a_phone_and_of_a_user_outlives_both_sides
        a_history_that_cannot_be_read_stops_no_change
        a_move_leaves_the_new_phone_and_kills_the_codes_of_the_old_one
        moves_at_once_leave_one_phone_and_never_none
        phones_that_lead_nowhere_take_no_room
        links_at_once_give_a_user_no_more_phones_than_there_is_room_for
        an_entry_that_leads_nowhere_is_removed_once_no_link_can_need_it
        a_phone_that_the_index_misses_is_found_and_the_next_link_puts_it_right
    }
    all
}

/// Every clause. Where an application keeps the codes, all hold but these: its key has room for one code, so an older one
/// does not stay beside a new one until that is accepted (three of `sends`); a lock ends the code, since the application
/// does not know of it (two of `codes`); and the model knows of neither.
fn suite<F: Fixture + 'static>() -> Vec<Clause> {
    let mut all = everywhere::<F>();
    clauses! { all, F, codes:
        ten_failures_lock_and_the_lock_ends_by_itself
        unlock_lifts_the_lock
    }
    clauses! { all, F, refusals:
        an_attempt_while_the_phone_is_locked_is_told_until_when
    }
    clauses! { all, F, sends:
        an_acceptance_supersedes_the_older_code
        a_refused_send_leaves_the_older_code_and_gives_the_cooldown_back
        an_unknown_send_leaves_both_codes_valid
    }
    clauses! { all, F, model:
        random_runs_end_as_the_model_says
    }
    all
}

/// What takes long, and so runs on a file and on one server alone.
fn many<F: Fixture + 'static>() -> Vec<Clause> {
    let mut all: Vec<Clause> = Vec::new();
    clauses! { all, F, refusals:
        asking_ten_thousand_times_fills_nothing
    }
    all
}

/// What is only of interest where many processes share a server: a file lets one write after the other.
fn shared<F: Fixture + 'static>() -> Vec<Clause> {
    let mut all: Vec<Clause> = Vec::new();
    clauses! { all, F, sends:
        a_hundred_at_once_share_a_country
    }
    all
}

/// Every store by its name in `OTPCTL_STORES`, with its clauses. A new store is one more line here.
fn stores() -> Vec<(&'static str, Vec<Clause>)> {
    vec![
        ("embedded", [suite::<File>(), many::<File>()].concat()),
        ("redis", [suite::<Server>(), many::<Server>(), shared::<Server>()].concat()),
        ("cluster", suite::<SharedFixture<OfCluster>>()),
        ("sentinel", suite::<SharedFixture<OfSentinel>>()),
        ("tls", suite::<SharedFixture<OverTls>>()),
        ("cluster_tls", suite::<SharedFixture<OfClusterOverTls>>()),
        ("sentinel_tls", suite::<SharedFixture<OfSentinelOverTls>>()),
        ("socket", suite::<SharedFixture<OverSocket>>()),
        ("acl_user", suite::<SharedFixture<AsUser>>()),
        ("redis6", suite::<SharedFixture<OfRedis6>>()),
        ("redis6_acl_user", suite::<SharedFixture<AsUserOfRedis6>>()),
        ("redis6_cluster", suite::<SharedFixture<OfRedis6Cluster>>()),
        ("redis6_sentinel", suite::<SharedFixture<OfRedis6Sentinel>>()),
        ("redis8", suite::<SharedFixture<OfRedis8>>()),
        ("valkey", suite::<SharedFixture<OfValkey>>()),
        ("valkey_cluster", suite::<SharedFixture<OfValkeyCluster>>()),
        ("layout", everywhere::<LaidOut>()),
        ("redis6_layout", everywhere::<LaidOutOnRedis6>()),
    ]
}

/// The stores that `OTPCTL_STORES` names; all where it is not set.
fn chosen<'a>(wanted: &str, known: &[&'a str]) -> Result<Vec<&'a str>, String> {
    let named: Vec<&str> = wanted.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = named.iter().find(|name| !known.contains(name)) {
        return Err(format!("OTPCTL_STORES: there is no store `{unknown}`. Known: {}", known.join(", ")));
    }
    Ok(known.iter().copied().filter(|name| named.is_empty() || named.contains(name)).collect())
}

fn main() -> ExitCode {
    let (arguments, stores) = (Arguments::from_args(), stores());
    let known: Vec<&str> = stores.iter().map(|(name, _)| *name).collect();
    let wanted = std::env::var("OTPCTL_STORES").unwrap_or_default();
    let chosen = match chosen(&wanted, &known) {
        Ok(chosen) => chosen,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let (mut trials, mut left_out) = (Vec::new(), Vec::new());
    for (store, clauses) in stores {
        if !chosen.contains(&store) {
            left_out.push(format!("{store} ({} clauses)", clauses.len()));
            continue;
        }
        let trial = |(name, clause): Clause| {
            Trial::test(format!("{store}::{name}"), move || {
                clause();
                Ok(())
            })
        };
        trials.extend(clauses.into_iter().map(trial));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !left_out.is_empty() {
        eprintln!("left out by OTPCTL_STORES={wanted}: {}", left_out.join(", "));
    }
    conclusion.exit_code()
}
