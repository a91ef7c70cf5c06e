use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::*;

/// A socket that was opened to a relay of this test, and the relay's end.
async fn joined() -> (Socket, mpsc::Receiver<(u64, Arrival)>, WebSocketStream<tokio::net::TcpStream>)
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/ws", listener.local_addr().expect("bound"));
    let (arrivals, mut arrived) = mpsc::channel(ARRIVALS);
    let socket = Socket::connect(&url, 7, arrivals);
    let (stream, _) = listener.accept().await.expect("the socket comes");
    #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
    let relay = accept_hdr_async(stream, |request: &Request, mut response: Response| {
        let asked = request.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
        assert_eq!(
            asked.as_ref().and_then(|value| value.to_str().ok()),
            Some("bellwire.v1"),
            "asks for its protocol"
        );
        response.headers_mut().extend(asked.map(|value| (SEC_WEBSOCKET_PROTOCOL, value)));
        Ok(response)
    })
    .await
    .expect("a handshake");
    let opened = arrived.recv().await;
    assert!(
        matches!(opened, Some((7, Arrival::Opened { far: Some(_) }))),
        "opening is reported first: {opened:?}"
    );
    (socket, arrived, relay)
}

#[tokio::test]
async fn frames_go_both_ways() {
    let (socket, mut arrived, mut relay) = joined().await;
    socket.send("there".to_owned());
    let there = relay.next().await.expect("open").expect("a frame");
    assert_eq!(there, Message::text("there"));
    relay.send(Message::text("back")).await.expect("open");
    let back = arrived.recv().await;
    assert!(matches!(&back, Some((7, Arrival::Text(text))) if text == "back"), "{back:?}");
}

#[tokio::test]
async fn the_close_code_of_the_relay_is_reported() {
    let (_socket, mut arrived, mut relay) = joined().await;
    let frame = CloseFrame { code: 4009.into(), reason: "replaced".into() };
    relay.close(Some(frame)).await.expect("open");
    let closed = arrived.recv().await;
    assert!(matches!(closed, Some((7, Arrival::Closed { code: Some(4009) }))), "{closed:?}");
}

#[tokio::test]
async fn a_message_over_the_limit_is_read_and_the_socket_goes_on() {
    let (_socket, mut arrived, mut relay) = joined().await;
    relay.send(Message::text("x".repeat(RELAY_FRAME_BYTES + 1))).await.expect("open");
    relay.send(Message::binary(vec![0; 10])).await.expect("open");
    relay.send(Message::text("next")).await.expect("open");
    let long = arrived.recv().await;
    assert!(matches!(&long, Some((7, Arrival::Text(text))) if text.len() > RELAY_FRAME_BYTES));
    assert!(matches!(arrived.recv().await, Some((7, Arrival::Unusable))));
    let next = arrived.recv().await;
    assert!(matches!(&next, Some((7, Arrival::Text(text))) if text == "next"), "{next:?}");
}

#[tokio::test]
async fn a_message_that_is_not_read_at_all_is_told_before_the_socket_closes() {
    let (_socket, mut arrived, mut relay) = joined().await;
    // The far end gives up in the middle of it: whether sending fails is a matter of buffers.
    let _ = relay.send(Message::text("x".repeat(READ_BYTES + 1))).await;
    assert!(matches!(arrived.recv().await, Some((7, Arrival::Unusable))));
    assert!(matches!(arrived.recv().await, Some((7, Arrival::Closed { code: None }))));
}

#[tokio::test]
async fn dropping_a_socket_says_goodbye() {
    let (socket, _arrived, mut relay) = joined().await;
    drop(socket);
    let goodbye = relay.next().await.expect("a frame").expect("a whole one");
    assert!(goodbye.is_close(), "a closing handshake starts: {goodbye:?}");
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_a_closed_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/ws", listener.local_addr().expect("bound"));
    drop(listener);
    let (arrivals, mut arrived) = mpsc::channel(ARRIVALS);
    let _socket = Socket::connect(&url, 1, arrivals);
    let closed = arrived.recv().await;
    assert!(matches!(closed, Some((1, Arrival::Closed { code: None }))), "{closed:?}");
}
