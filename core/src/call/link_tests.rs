use super::*;

fn climb_all(link: &mut Link, until: u64, polite: bool) -> Vec<(u64, Rung)> {
    let mut rungs = Vec::new();
    while let Some(at) = link.deadline(polite).filter(|at| at.0 <= until) {
        if let Some(rung) = link.climb(at, polite) {
            rungs.push((at.0, rung));
        }
    }
    rungs
}

fn flowing() -> Link {
    let mut link = Link::new(Time(0));
    link.hear(Time(0));
    link.listen(Time(0), true);
    link
}

#[test]
fn a_silent_path_climbs_the_ladder_at_its_times() {
    let ladder = |base: u64| {
        vec![
            (1_000, Rung::Probe),
            (2_000, Rung::TellDown),
            (base, Rung::Restart),
            (base + 5_000, Rung::RelayOnly),
            (base + 12_000, Rung::Rebuild),
            (base + 24_000, Rung::Rebuild),
        ]
    };
    assert_eq!(climb_all(&mut flowing(), 30_000, false), ladder(3_000));
    assert_eq!(climb_all(&mut flowing(), 30_000, true), ladder(4_000), "the polite side is later");
}

#[test]
fn a_sign_of_life_leads_back_from_every_rung() {
    for until in [1_000, 2_000, 3_000, 8_000, 15_000] {
        let mut link = flowing();
        climb_all(&mut link, until, false);
        assert_eq!(link.hear(Time(until)), until > 1_000, "only what was given up comes back");
        assert!(link.is_flowing(), "flows again after {until} ms");
    }
}

#[test]
fn without_channels_silence_means_nothing_but_doubt_does() {
    let mut link = Link::new(Time(0));
    link.hear(Time(0));
    assert_eq!(link.deadline(false), None, "nothing to wait for");
    link.doubt(Time(9_000));
    assert_eq!(
        climb_all(&mut link, 12_000, false),
        vec![(11_000, Rung::TellDown), (12_000, Rung::Restart)]
    );
}

#[test]
fn the_first_path_gets_one_restart() {
    let mut link = Link::new(Time(0));
    assert_eq!(climb_all(&mut link, 60_000, false), vec![(15_000, Rung::Restart)]);
}

#[test]
fn a_failed_path_restarts_at_once() {
    let mut link = flowing();
    assert!(link.fail(), "people are told");
    assert_eq!(link.climb(Time(500), true), Some(Rung::Restart));
}

#[test]
fn restarts_for_hints_stay_apart() {
    let mut link = flowing();
    assert!(link.restart_for_hint(Time(100)), "the first");
    assert!(!link.restart_for_hint(Time(599)), "too soon");
    assert!(link.restart_for_hint(Time(600)), "later again");
}

#[test]
fn a_network_that_flaps_for_a_minute_restarts_ice_no_more_than_sixteen_times() {
    let mut link = flowing();
    let restarts = (0..60_000).filter(|now| link.restart_for_hint(Time(*now))).count();
    assert!((12..=16).contains(&restarts), "{restarts}");
}

#[test]
fn a_restart_that_is_under_way_is_given_its_time_whoever_began_it() {
    let by_hint = |link: &mut Link| assert!(link.restart_for_hint(Time(40)));
    let by_other = |link: &mut Link| link.restarted_by_other(Time(40));
    for restart in [by_hint as fn(&mut Link), by_other] {
        let mut link = flowing();
        restart(&mut link);
        assert_eq!(
            climb_all(&mut link, 12_500, false),
            vec![
                (1_000, Rung::Probe),
                (2_000, Rung::TellDown),
                (5_040, Rung::RelayOnly),
                (12_040, Rung::Rebuild)
            ]
        );
    }
}

#[test]
fn a_restart_that_was_heard_after_counts_no_more() {
    let mut link = flowing();
    assert!(link.restart_for_hint(Time(40)));
    link.hear(Time(900));
    assert_eq!(link.under_way(Time(901)), None);
    assert_eq!(
        climb_all(&mut link, 4_000, false),
        vec![(1_900, Rung::Probe), (2_900, Rung::TellDown), (3_900, Rung::Restart)]
    );
}

#[test]
fn waking_up_gives_a_second_of_grace() {
    let mut link = flowing();
    link.wake(Time(60_000));
    assert_eq!(link.climb(Time(60_000), false), Some(Rung::Probe), "ask");
    assert_eq!(link.climb(Time(60_000), false), None, "and wait for the answer");
}
