use std::collections::BTreeMap;
use std::rc::Rc;

use bellwire_protocol::http::SignedIn;
use bellwire_protocol::{ClientInfo, DeviceId, Secret, UserId};

use super::*;

/// Hands that note what they were asked, and may call back at once.
#[derive(Default)]
struct Page {
    now: Cell<f64>,
    fetched: RefCell<Vec<HttpRequest>>,
    /// What is kept, under its key.
    kept: RefCell<BTreeMap<String, String>>,
    connected: RefCell<Vec<String>>,
    woken: RefCell<Vec<u64>>,
    views: RefCell<Vec<serde_json::Value>>,
    on_view: RefCell<Option<Box<dyn Fn()>>>,
}

impl Hands for Rc<Page> {
    fn clocks(&self) -> (f64, f64) {
        (self.now.get(), self.now.get())
    }
    fn connect(&self, url: &str) {
        self.connected.borrow_mut().push(url.to_owned());
    }
    fn race(&self, _: &str) {}
    fn call_off(&self) {}
    fn disconnect(&self) {}
    fn send(&self, _: &str) {}
    fn fetch(&self, request: &HttpRequest) {
        self.fetched.borrow_mut().push(request.clone());
    }
    fn wake(&self, in_ms: u64) {
        self.woken.borrow_mut().push(in_ms);
    }
    fn keep(&self, key: &str, record: &str) {
        self.kept.borrow_mut().insert(key.to_owned(), record.to_owned());
    }
    fn forget(&self, key: &str) {
        self.kept.borrow_mut().remove(key);
    }
    fn erase(&self) {
        self.kept.borrow_mut().clear();
    }
    fn peer(&self, _: PeerId, _: &str) {}
    fn alert(&self, _: &str) {}
    fn view(&self, view: &str) {
        self.views.borrow_mut().push(serde_json::from_str(view).expect("a view is JSON"));
        let react = self.on_view.borrow_mut().take();
        if let Some(react) = react {
            react();
        }
    }
}

impl Page {
    fn account(&self) -> serde_json::Value {
        self.views.borrow().last().expect("a view was drawn")["account"].clone()
    }
}

fn driver() -> (Rc<Page>, Rc<Driver<Rc<Page>>>) {
    let page = Rc::new(Page::default());
    let start = Start {
        seed: [1; 32],
        unix_ms: 1_800_000_000_000,
        client: ClientInfo { name: "test".into(), version: "0".into(), platform: "web".into() },
        device_name: "Test".into(),
        platform: "web".into(),
        relay: "http://relay.test".into(),
        page_origin: Some("http://relay.test".into()),
    };
    let driver = Rc::new(Driver::new(start, Rc::clone(&page)));
    (page, driver)
}

const SIGN_IN: &str = r#"{"type":"sign_in","username":"ada","password":"correct horse"}"#;

/// Answers the newest request to a path.
fn reply(page: &Page, driver: &Driver<Rc<Page>>, path: &str, status: u16, body: String) {
    let id = page
        .fetched
        .borrow()
        .iter()
        .rfind(|request| request.url.ends_with(path))
        .map(|request| request.id);
    let id = id.expect("that was asked for");
    driver.handle(Input::Http(bellwire_core::HttpReply { id, result: Ok((status, body)) }));
}

fn signed_in() -> String {
    bellwire_protocol::encode(&SignedIn {
        access_token: Secret::new("access").expect("short"),
        expires_in: 600,
        refresh_token: Secret::new("refresh").expect("short"),
        user: UserId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        device_cookie: Secret::new("cookie").expect("short"),
    })
}

#[test]
fn with_nothing_kept_nobody_is_signed_in() {
    let (page, driver) = driver();
    driver.loaded([]);
    assert_eq!(page.account()["type"], "signed_out");
}

#[test]
fn signing_in_keeps_the_sign_in_and_opens_the_socket() {
    let (page, driver) = driver();
    driver.loaded([]);
    assert!(driver.dispatch(SIGN_IN), "that is a command");
    reply(&page, &driver, "/auth/login", 200, signed_in());
    assert_eq!(page.account()["type"], "signed_in");
    assert!(page.kept.borrow().contains_key("sign_in"), "the next life finds it");
    assert_eq!(*page.connected.borrow(), ["ws://relay.test/ws"]);
}

#[test]
fn a_refused_sign_in_asks_for_the_password_and_keeps_what_is_kept_also_in_the_next_life() {
    let (page, first) = driver();
    first.loaded([]);
    first.dispatch(SIGN_IN);
    reply(&page, &first, "/auth/login", 200, signed_in());
    let seen = r#"{"record":"seen","value":{"conversation":"01010101-0101-0101-0101-010101010101","at":1}}"#;
    page.keep("seen/x", seen);
    page.now.set(1_000_000.0);
    first.tick();
    let problem =
        r#"{"status":401,"title":"no","code":"unauthenticated","reason":"token_invalid"}"#;
    reply(&page, &first, "/auth/refresh", 401, problem.to_owned());
    for account in [page.account(), {
        let (next, second) = driver();
        let kept: Vec<String> = page.kept.borrow().values().cloned().collect();
        second.loaded(kept.iter().map(String::as_str));
        next.account()
    }] {
        assert_eq!(account["type"], "signed_out");
        assert_eq!(account["former"]["username"], "ada");
    }
    assert!(page.kept.borrow().contains_key("seen/x"), "nothing was erased");
    first.dispatch(r#"{"type":"sign_out"}"#);
    assert!(!page.kept.borrow().contains_key("seen/x"), "until the person signs out");
}

#[test]
fn what_a_listener_of_views_does_is_handled_after_the_view() {
    let (page, driver) = driver();
    let again = Rc::clone(&driver);
    *page.on_view.borrow_mut() = Some(Box::new(move || {
        assert!(again.dispatch(SIGN_IN), "a command within a callback");
    }));
    driver.loaded([]);
    let busy: Vec<_> =
        page.views.borrow().iter().map(|view| view["account"]["busy"].clone()).collect();
    assert_eq!(busy, [false, true], "first the view of before, then that of the command");
}

#[test]
fn what_is_no_json_of_ours_is_refused_and_changes_nothing() {
    let (page, driver) = driver();
    driver.loaded(["{\"record\":\"from the future\"}", "no json"]);
    let views = page.views.borrow().len();
    assert!(!driver.dispatch("{\"type\":\"fly\"}"));
    assert!(!driver.peer_event(PeerId(1), "{}"));
    assert_eq!(page.views.borrow().len(), views);
}

#[test]
fn long_waits_are_naps_and_only_the_last_reaches_the_core() {
    let (page, driver) = driver();
    driver.loaded([]);
    driver.dispatch(SIGN_IN);
    reply(&page, &driver, "/auth/login", 200, signed_in());
    driver.link(LinkEvent::Closed { code: None });
    let mut naps = 0;
    // The retries go on; a far deadline among them is slept through in pieces.
    for _ in 0..100 {
        let wait = *page.woken.borrow().last().expect("a deadline is always set");
        assert!(wait <= NAP_MS, "no timer is longer than a nap: {wait}");
        naps += usize::from(wait == NAP_MS);
        let connects = page.connected.borrow().len();
        #[expect(clippy::cast_precision_loss, reason = "a nap is short")]
        page.now.set(page.now.get() + wait as f64);
        driver.tick();
        if page.connected.borrow().len() > connects {
            driver.link(LinkEvent::Closed { code: None });
        }
    }
    assert!(naps > 0, "some deadline was further away than a nap");
    assert!(page.connected.borrow().len() > 5, "every retry came");
}
