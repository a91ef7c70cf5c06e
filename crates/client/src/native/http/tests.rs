use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Makes one request of a server that answers with `reply`; gives what the server read and what
/// came back.
async fn asked(request: HttpRequest, reply: String) -> (String, HttpReply) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}{}", listener.local_addr().expect("bound"), request.url);
    let (replied, mut replies) = mpsc::channel(REPLIES);
    let body = request.body.clone().unwrap_or_default();
    Requests::new(replied).make(HttpRequest { url, ..request });
    let (mut stream, _) = listener.accept().await.expect("the request comes");
    let mut read = Vec::new();
    while !(read.windows(4).any(|four| four == b"\r\n\r\n") && read.ends_with(body.as_bytes())) {
        stream.read_buf(&mut read).await.expect("the request goes on");
    }
    // The client cuts a reply that is too long.
    let _ = stream.write_all(reply.as_bytes()).await;
    let reply = replies.recv().await.expect("every request ends");
    (String::from_utf8_lossy(&read).to_lowercase(), reply)
}

fn post(body: &str) -> HttpRequest {
    HttpRequest {
        id: 3,
        method: HttpMethod::Post,
        url: "/api/v1/contacts".to_owned(),
        bearer: Secret::new("token").ok(),
        body: Some(body.to_owned()),
    }
}

#[tokio::test]
async fn a_request_carries_its_token_and_body_and_brings_status_and_text_back() {
    let reply = "HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\n{}".to_owned();
    let (read, reply) = asked(post("{\"username\":\"ada\"}"), reply).await;
    assert!(read.starts_with("post /api/v1/contacts http/1.1\r\n"), "{read}");
    assert!(read.contains("\r\nauthorization: bearer token\r\n"), "{read}");
    assert!(read.contains("\r\ncontent-type: application/json\r\n"), "{read}");
    assert!(read.ends_with("{\"username\":\"ada\"}"), "{read}");
    assert_eq!(reply, HttpReply { id: 3, result: Ok((409, "{}".to_owned())) });
}

#[tokio::test]
async fn a_reply_over_the_limit_is_none() {
    let length = REPLY_BYTES + 1;
    let reply =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length));
    let (_, reply) = asked(post("{}"), reply).await;
    assert_eq!(reply.result, Err(HttpFailure::Unreachable), "nothing of it is kept");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let (replied, mut replies) = mpsc::channel(REPLIES);
    Requests::new(replied).make(HttpRequest { url, ..post("{}") });
    let reply = replies.recv().await.expect("every request ends");
    assert_eq!(reply.result, Err(HttpFailure::Unreachable));
}
