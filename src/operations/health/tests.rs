//! The judgement of what stores say of themselves.

use std::path::PathBuf;

use super::*;
use crate::otp::hint::Chosen;

fn server(name: &str) -> ServerFacts {
    ServerFacts {
        name: name.to_owned(),
        endpoint: Some(Endpoint::Tcp(name.to_owned(), 6379)),
        too_old: false,
        software: Some("Redis 7.4.1".to_owned()),
        replica: Some(false),
        replicas: Some(1),
        eviction: Some("noeviction".to_owned()),
        memory_limit: Some(1 << 30),
        persistent: Some(true),
    }
}

fn of(servers: Result<Vec<ServerFacts>, StoreError>, must_keep: bool) -> Vec<HealthCheck> {
    let mut symptoms = Vec::new();
    check_health(
        Health {
            commits: Ok(()),
            rights: None,
            adding: None,
            app_reads: None,
            servers,
            absent: Vec::new(),
            file: None,
        },
        must_keep,
        &mut symptoms,
    );
    symptoms
}

fn named<'a>(symptoms: &'a [HealthCheck], id: &str) -> &'a HealthCheck {
    symptoms.iter().find(|symptom| symptom.id == id).expect(id)
}

#[test]
fn a_server_that_keeps_everything_is_well() {
    let symptoms = of(Ok(vec![server("one")]), true);
    assert!(symptoms.iter().all(|symptom| symptom.status == HealthStatus::Ok), "{symptoms:?}");
}

#[test]
fn each_policy_of_eviction_is_judged_by_what_is_asked_for() {
    let severity = |policy: Option<&str>, memory_limit, must_keep| {
        let server = ServerFacts { eviction: policy.map(str::to_owned), memory_limit, ..server("one") };
        named(&of(Ok(vec![server]), must_keep), "store.eviction").status.clone()
    };
    for policy in ["volatile-lru", "allkeys-lru", "volatile-ttl", "allkeys-random"] {
        assert_eq!(severity(Some(policy), Some(1 << 30), false), HealthStatus::Warning);
        assert!(matches!(severity(Some(policy), Some(1 << 30), true), HealthStatus::Failed(StoreError::NotReady(_))));
        assert_eq!(severity(Some(policy), Some(0), true), HealthStatus::Ok, "without a limit nothing is evicted");
        assert_eq!(severity(Some(policy), None, false), HealthStatus::Warning, "there may be a limit");
    }
    assert_eq!(severity(None, None, true), HealthStatus::Unknown, "not told");
}

#[test]
fn of_several_servers_each_is_named() {
    let second = ServerFacts { eviction: Some("allkeys-lru".to_owned()), ..server("two") };
    let symptoms = of(Ok(vec![server("one"), second]), false);
    let odd: Vec<&HealthCheck> = symptoms.iter().filter(|symptom| symptom.status != HealthStatus::Ok).collect();
    assert!(matches!(odd.as_slice(), [one] if one.detail.starts_with("two: ")), "{odd:?}");
    let ids: Vec<&str> = symptoms.iter().map(|symptom| symptom.id.as_str()).collect();
    let once = ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1);
    assert!(once && ids.contains(&"store.eviction{node=two:6379}"), "{ids:?}");
    let told = symptoms.iter().filter(|symptom| symptom.id != "store.commit");
    assert!(told.into_iter().all(|symptom| symptom.detail.contains("one") || symptom.detail.contains("two")));
}

#[test]
fn servers_that_say_nothing_are_one_thing_and_servers_that_are_gone_another() {
    let denied = || Err(StoreError::Denied("NOPERM info".to_owned()));
    assert_eq!(named(&of(denied(), false), "store.server").status, HealthStatus::Warning);
    assert!(matches!(named(&of(denied(), true), "store.server").status, HealthStatus::Failed(StoreError::Denied(_))));
    let gone = StoreError::Unreachable("two: refused".to_owned());
    assert_eq!(named(&of(Err(gone.clone()), false), "store.server").status, HealthStatus::Failed(gone));
}

#[test]
fn a_refused_commit_has_a_way_out() {
    for (error, fix) in [
        (StoreError::Denied("NOPERM".to_owned()), "store acl"),
        (StoreError::Replica("READONLY You can't".to_owned()), "master"),
        (StoreError::NotReady("OOM command".to_owned()), "memory"),
        (StoreError::NotReady("MISCONF Redis is".to_owned()), "disk"),
        (StoreError::NotReady("NOREPLICAS Not enough".to_owned()), "replicas"),
        (StoreError::NotReady("CLUSTERDOWN The cluster is down".to_owned()), "CLUSTER NODES"),
        (StoreError::NotReady("LOADING Redis is".to_owned()), "loaded"),
        (StoreError::NotReady("BUSY Redis is".to_owned()), "KILL"),
        (StoreError::NotReady("something else".to_owned()), "INFO"),
    ] {
        let mut symptoms = Vec::new();
        check_health(
            Health {
                commits: Err(error),
                rights: None,
                adding: None,
                app_reads: None,
                servers: Ok(vec![server("one")]),
                absent: Vec::new(),
                file: None,
            },
            false,
            &mut symptoms,
        );
        let said = match &symptoms[0].fix {
            Some(Remedy::Redis { at, why, words }) => format!("{at:?} {why:?} {}", words.join(" ")),
            Some(Remedy::Hint(hint)) => hint.text(&Chosen::default()),
            None => String::new(),
        };
        assert!(said.contains(fix) && (!said.contains("Some(") || said.contains("\"one\", 6379")), "{said}");
    }
}

#[test]
fn a_disk_that_is_nearly_full_is_told_before_it_is() {
    let severity = |free| {
        let file = FileFacts { path: PathBuf::from("/x/otpctl.db"), size: None, free: Some(free), folder_mode: None };
        let mut symptoms = Vec::new();
        check_file(&file, &mut symptoms);
        named(&symptoms, "store.disk").status.clone()
    };
    assert_eq!(severity(LITTLE), HealthStatus::Ok);
    assert_eq!(severity(LITTLE - 1), HealthStatus::Warning);
    assert!(matches!(severity(NOTHING - 1), HealthStatus::Failed(StoreError::NotReady(_))));
}

#[test]
fn a_clock_may_differ_by_five_seconds_beside_the_time_of_the_answer() {
    let at = Moment::from_millis;
    for (store, severity) in [
        (100_000, HealthStatus::Ok),
        (102_000, HealthStatus::Ok),
        (107_000, HealthStatus::Ok),
        (107_001, HealthStatus::Warning),
        (95_000, HealthStatus::Ok),
        (94_999, HealthStatus::Warning),
    ] {
        assert_eq!(skew(at(store), at(100_000), at(102_000)).status, severity, "{store}");
    }
}
