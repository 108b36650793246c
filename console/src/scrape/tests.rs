use super::*;
use event::Millis;
use outbox::admin::{Counters, EventCounts, Histogram, OutcomeCount, RetryCount};

fn lane(lane: &str, breaker: &str, backlog: i64, oldest_pending: Option<i64>) -> LaneStatus {
    LaneStatus {
        lane: lane.into(),
        breaker: breaker.into(),
        paused: lane == "heap",
        failures: 0,
        reason: None,
        next_attempt_at: None,
        backlog,
        oldest_pending: oldest_pending.map(Millis),
        dead: 4,
    }
}

/// A shard with a different number in every field.
fn metrics() -> ShardMetrics {
    let delivered = BTreeMap::from([("ga4".to_owned(), 33)]);
    let outcome = |outcome: &str, reason: Option<&str>, count| OutcomeCount {
        tracker: "ga4".into(),
        outcome: outcome.into(),
        reason: reason.map(Into::into),
        count,
    };
    let latency = Histogram { counts: vec![1, 2, 3], sum_ms: 1500 };
    ShardMetrics {
        shard: 3,
        now: Millis(100_000),
        payloads: 11,
        bytes: 12,
        full: true,
        lanes: vec![
            lane("(raw d1)", "closed", 1, Some(97_500)),
            lane("(accounts d1)", "half_open", 2, None),
            lane("ga4", "open", 3, Some(40_000)),
            lane("heap", "melted", 0, None),
        ],
        policy: Some("4-0a1b2c3d".into()),
        ledger_difference: 13,
        counters: Counters {
            accepted: 21,
            accepted_bytes: 22,
            duplicates: 23,
            refused: BTreeMap::from([("full".to_owned(), 24)]),
            outcomes: vec![outcome("delivered", None, 25), outcome("dead", Some("http_503"), 26)],
            events: BTreeMap::from([(
                "sign up".to_owned(),
                EventCounts { received: 31, allowed: 32, delivered },
            )]),
            retries: vec![RetryCount { lane: "(raw d1)".into(), reason: "timeout".into(), count: 27 }],
            accept_latency: latency.clone(),
            delivery_latency: BTreeMap::from([("ga4".to_owned(), latency)]),
            reports: BTreeMap::from([("trace".to_owned(), ReportCounts { sent: 28, suppressed: 29 })]),
        },
    }
}

/// The samples, of a scrape in which one more shard failed.
fn samples(shards: &[(u32, ShardMetrics)]) -> Vec<String> {
    let mut scrape = Scrape::of(shards.len() + 1);
    for (shard, metrics) in shards {
        scrape.add(*shard, metrics.clone());
    }
    let text = scrape.write(Format::Text);
    text.lines().filter(|line| !line.starts_with('#')).map(Into::into).collect()
}

#[test]
fn every_figure_of_a_shard_has_its_series() {
    let samples = samples(&[(3, metrics())]);
    let expected = r#"
sparrow_shards 2
sparrow_shards_failed 1
sparrow_outbox_payloads{shard="3"} 11
sparrow_outbox_bytes{shard="3"} 12
sparrow_outbox_full{shard="3"} 1
sparrow_ledger_difference{shard="3"} 13
sparrow_policy_info{shard="3",version="4-0a1b2c3d"} 1
sparrow_error_reports_total{shard="3",worker="dispatcher",state="sent"} 0
sparrow_error_reports_total{shard="3",worker="dispatcher",state="suppressed"} 0
sparrow_error_reports_total{shard="3",worker="trace",state="sent"} 28
sparrow_error_reports_total{shard="3",worker="trace",state="suppressed"} 29
sparrow_payloads_accepted_total{shard="3"} 21
sparrow_payload_bytes_total{shard="3"} 22
sparrow_payloads_duplicate_total{shard="3"} 23
sparrow_payloads_refused_total{shard="3",reason="database"} 0
sparrow_payloads_refused_total{shard="3",reason="full"} 24
sparrow_payloads_refused_total{shard="3",reason="unreadable"} 0
sparrow_accept_latency_seconds_bucket{shard="3",le="0.005"} 6
sparrow_accept_latency_seconds_sum{shard="3"} 1.5
sparrow_accept_latency_seconds_count{shard="3"} 6
sparrow_outcomes_total{shard="3",tracker="ga4",outcome="delivered",reason=""} 25
sparrow_outcomes_total{shard="3",tracker="ga4",outcome="dead",reason="http_503"} 26
sparrow_retries_total{shard="3",lane="(raw d1)",reason="timeout"} 27
sparrow_delivery_latency_seconds_bucket{shard="3",tracker="ga4",le="0.1"} 3
sparrow_delivery_latency_seconds_bucket{shard="3",tracker="ga4",le="259200.0"} 6
sparrow_delivery_latency_seconds_count{shard="3",tracker="ga4"} 6
sparrow_events_received_total{shard="3",event="sign up"} 31
sparrow_events_allowed_total{shard="3",event="sign up"} 32
sparrow_events_delivered_total{shard="3",event="sign up",tracker="ga4"} 33
sparrow_lane_breaker_state{shard="3",lane="(raw d1)"} 0
sparrow_lane_breaker_state{shard="3",lane="(accounts d1)"} 1
sparrow_lane_breaker_state{shard="3",lane="ga4"} 2
sparrow_lane_paused{shard="3",lane="ga4"} 0
sparrow_lane_paused{shard="3",lane="heap"} 1
sparrow_lane_backlog{shard="3",lane="ga4"} 3
sparrow_lane_oldest_pending_age_seconds{shard="3",lane="ga4"} 60.0
sparrow_lane_oldest_pending_age_seconds{shard="3",lane="heap"} 0.0
sparrow_dead_letters{shard="3",lane="ga4"} 4
sparrow_warehouse_lag_seconds{shard="3",warehouse="d1"} 2.5"#;
    for line in expected.trim().lines() {
        assert!(samples.iter().any(|sample| sample == line), "{line} is not in {samples:#?}");
    }
    let unknown = [
        ("sparrow_lane_breaker_state", "heap"),
        ("sparrow_lane_oldest_pending_age_seconds", "(accounts d1)"),
    ];
    for (name, lane) in unknown {
        let prefix = format!("{name}{{shard=\"3\",lane=\"{lane}\"");
        assert!(!samples.iter().any(|sample| sample.starts_with(&prefix)), "what is not known is not told");
    }
}

#[test]
fn a_shard_without_an_answer_leaves_the_series_of_the_others_as_they_are() {
    let all = samples(&[(0, metrics()), (1, metrics()), (2, metrics())]);
    let others = samples(&[(0, metrics()), (2, metrics())]);
    let of_others = |line: &&String| !line.starts_with("sparrow_shards") && !line.contains("shard=\"1\"");
    assert_eq!(
        all.iter().filter(of_others).collect::<Vec<_>>(),
        others.iter().filter(of_others).collect::<Vec<_>>()
    );
    assert!(others.contains(&"sparrow_shards_failed 1".to_owned()), "{others:?}");
}

#[test]
fn both_formats_have_the_same_series() {
    let mut scrape = Scrape::of(1);
    scrape.add(3, metrics());
    let samples = |format| {
        let text = scrape.write(format);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(Format::Text), samples(Format::OpenMetrics));
}

#[test]
fn a_payload_from_the_future_waits_for_no_time() {
    let lanes = vec![lane("ga4", "closed", 1, Some(100_001))];
    let samples = samples(&[(0, ShardMetrics { lanes, ..metrics() })]);
    assert!(
        samples.contains(&"sparrow_lane_oldest_pending_age_seconds{shard=\"0\",lane=\"ga4\"} 0.0".to_owned())
    );
}
