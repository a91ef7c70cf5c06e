#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use tokio::net::TcpListener;

use super::super::crowd::{Crowd, Room};
use super::*;

/// A socket with a place, and its other end.
async fn pair(crowd: &Arc<Crowd>, begun: Instant) -> (Held, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (there, here) =
        tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let visit = crowd.admit(now(begun), None).unwrap();
    (Held::new(here.unwrap().0, Arc::new(visit), begun), there.unwrap())
}

/// Long after everything that happens in a test.
const MUCH_LATER: u64 = 1 << 40;

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_and_one_that_is_read_does_not() {
    let (crowd, begun) = (Crowd::new(Room::of(64)), Instant::now());
    let (mut unread, _never_reads) = pair(&crowd, begun).await;
    let (mut read, mut reads) = pair(&crowd, begun).await;
    // Far more than the system keeps for either.
    const BYTES: usize = 64 * 1_024 * 1_024;
    let mut writing = tokio::spawn(async move { unread.write_all(&vec![0; BYTES]).await });
    let served = tokio::spawn(async move { read.write_all(&vec![0; BYTES]).await });
    let mut scrap = vec![0; 1 << 16];
    let mut left = BYTES;
    while left > 0 {
        left -= reads.read(&mut scrap).await.unwrap();
    }
    served.await.unwrap().unwrap();
    let ended = loop {
        crowd.sweep(MUCH_LATER);
        tokio::select! {
            ended = &mut writing => break ended.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    };
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_place_is_kept_until_the_last_answer_was_read() {
    let (crowd, begun) = (Crowd::new(Room::of(64)), Instant::now());
    let (mut held, mut other) = pair(&crowd, begun).await;
    let visit = Arc::downgrade(&held.visit);
    held.write_all(b"the last answer").await.unwrap();
    other.write_all(&vec![0; 100_000]).await.unwrap();
    drop(held);
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "the last answer", "it arrives, with an end and not a reset");
    assert!(visit.strong_count() > 0, "we wait for their half");
    drop(other);
    while visit.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed_as_soon_as_its_place_is_taken() {
    let (crowd, begun) = (Crowd::new(Room::of(64)), Instant::now());
    let (held, mut silent) = pair(&crowd, begun).await;
    let waiting = tokio::spawn(async move { held.peek(&mut [0; 16]).await });
    // It is asleep by then.
    tokio::task::yield_now().await;
    crowd.make_room(MUCH_LATER);
    let mut nothing = [0];
    let closed = tokio::time::timeout(Duration::from_secs(2), silent.read(&mut nothing));
    assert_eq!(closed.await.expect("its descriptor is open").unwrap(), 0);
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}
