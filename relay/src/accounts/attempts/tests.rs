use super::{Attempts, KEYS, Quota};

#[test]
fn five_failures_are_free_and_then_the_wait_doubles() {
    let mut attempts = Attempts::default();
    for _ in 0..4 {
        attempts.failed(0, "ada");
        assert_eq!(attempts.wait(0, &"ada"), None);
    }
    attempts.failed(0, "ada");
    assert_eq!(attempts.wait(0, &"ada"), Some(12_000));
    assert_eq!(attempts.wait(12_000, &"ada"), None);
    attempts.failed(12_000, "ada");
    assert_eq!(attempts.wait(12_000, &"ada"), Some(24_000));
    assert_eq!(attempts.wait(12_000, &"grace"), None, "others are free");
    for _ in 0..40 {
        attempts.failed(12_000, "ada");
    }
    assert_eq!(attempts.wait(12_000, &"ada"), Some(600_000), "nobody is locked out for good");
    attempts.succeeded(&"ada");
    assert_eq!(attempts.wait(12_000, &"ada"), None);
}

#[test]
fn a_quota_is_for_a_window() {
    let mut quota = Quota::new(2, 1_000);
    assert_eq!(quota.take(0, 1), Ok(()));
    assert_eq!(quota.take(400, 1), Ok(()));
    assert_eq!(quota.take(400, 1), Err(600));
    assert_eq!(quota.take(400, 2), Ok(()));
    assert_eq!(quota.take(1_000, 1), Ok(()));
}

#[test]
fn a_flood_of_keys_pushes_out_the_oldest_and_fills_no_memory() {
    let (mut attempts, mut quota) = (Attempts::default(), Quota::new(1, 1_000_000));
    for now in 0..3 * KEYS as u64 {
        attempts.failed(now, now);
        assert_eq!(quota.take(now, now), Ok(()));
        assert!(attempts.0.len() <= KEYS && quota.used.len() <= KEYS);
    }
    let last = 3 * KEYS as u64 - 1;
    assert!(attempts.0.contains_key(&last) && !attempts.0.contains_key(&0));
    assert!(quota.take(last, last).is_err(), "the newest are still counted");
    // All at one moment: there is no older half.
    for key in 0..3 * KEYS as u64 {
        attempts.failed(last, key);
        assert!(attempts.0.len() <= KEYS);
    }
}
