//! What needs nothing but the table.

use super::VERDICTS;

#[test]
fn each_verdict_is_once_in_the_table_in_the_order_of_the_page() {
    let names: Vec<&str> = VERDICTS.iter().map(|entry| entry.name).collect();
    let page = "STORE_RESET LOCKED BLOCKED SUPERSEDED_CODE WRONG_CODE WRONG_PURPOSE UNDELIVERED PROVIDER_UNKNOWN \
                PENDING_CRASHED SENDING ISSUED_NOT_SENT PROVIDER_INCIDENT DELIVERED_LATE DELIVERED_NOT_TRIED IN_TRANSIT \
                NO_REPORT POLICY_REFUSED RATE_LIMITED OPTED_OUT PROVIDER_REFUSED PROVIDER_DOWN ALREADY_VERIFIED \
                TRIES_EXHAUSTED REVOKED REMAPPED EXPIRED_BEFORE_ENTRY WRONG_NUMBER_LIKELY NOT_SEEN_HERE NOT_MAPPED \
                CHANGED_HANDS NEVER_REQUESTED";
    assert_eq!(names, page.split_whitespace().collect::<Vec<_>>());
}
