use bellwire_core::api::Appearance;
use bellwire_protocol::{Media, UserId};

use super::*;
use crate::words::Tongue;

const ADA: u8 = 1;
const BOB: u8 = 2;

fn call(number: u8) -> CallId {
    CallId::from_bytes([number; 16])
}

fn conversation(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

fn ring(number: u8, media: Media) -> Ring {
    let name = if number == ADA { "Ada" } else { "Bob" }.to_owned();
    Ring { call: call(number), name, user: UserId::from_bytes([number; 16]), media }
}

/// A machine, its clock, and the view that it saw last.
struct Bench {
    machine: Machine,
    now: Duration,
    situation: Situation,
}

impl Bench {
    /// Signed in, the main window closed, nothing rings.
    fn new() -> Self {
        let situation = Situation {
            ring_here: true,
            notifications: true,
            appearance: Appearance::System,
            tongue: Tongue::En,
            ..Situation::default()
        };
        let machine = Machine::new(RingPreferences::default());
        let mut bench = Self { machine, now: Duration::from_secs(5), situation };
        assert_eq!(bench.view(|_| {}), []);
        bench
    }

    fn input(&mut self, input: Input) -> Vec<Output> {
        self.machine.handle(self.now, input);
        std::iter::from_fn(|| self.machine.poll()).collect()
    }

    fn view(&mut self, change: impl FnOnce(&mut Situation)) -> Vec<Output> {
        change(&mut self.situation);
        self.input(Input::Situation(self.situation.clone()))
    }

    /// Time passes, and the driver keeps the deadline.
    fn wait(&mut self, time: Duration) -> Vec<Output> {
        let end = self.now + time;
        let mut all = Vec::new();
        while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= end) {
            self.now = deadline;
            all.extend(self.input(Input::Tick));
        }
        self.now = end;
        all
    }

    fn prefer(&mut self, window: bool, quiet_while_sharing: bool) -> Vec<Output> {
        self.input(Input::Preferences(RingPreferences { window, quiet_while_sharing }))
    }
}

fn note(number: u8, media: Media) -> Output {
    Output::Note(Key::Ring(call(number)), Note::ring(Tongue::En, &ring(number, media)))
}

fn card(number: u8, media: Media) -> Output {
    Output::Card(Card::of(Tongue::En, Appearance::System, &ring(number, media)))
}

fn cleared(number: u8) -> Output {
    Output::Clear(Key::Ring(call(number)))
}

/// A bench on which Ada's call rings, and both signs are shown.
fn rung(media: Media) -> Bench {
    let mut bench = Bench::new();
    let shown = bench.view(|view| view.rings.push(ring(ADA, media)));
    assert_eq!(shown, [note(ADA, media), card(ADA, media)], "both signs at once");
    bench
}

#[test]
fn both_signs_leave_with_the_ring_and_not_before() {
    let mut bench = rung(Media::Voice);
    assert_eq!(bench.view(|_| {}), [], "the same view changes nothing");
    assert_eq!(bench.wait(Duration::from_secs(59)), []);
    assert_eq!(bench.view(|view| view.rings.clear()), [cleared(ADA), Output::ClearCard]);
}

#[test]
fn a_stopped_ring_leaves_before_the_view_says_so_and_an_older_view_brings_nothing_back() {
    let mut bench = rung(Media::Voice);
    let stopped = Input::Alert(Alert::RingStopped { call: call(ADA) });
    assert_eq!(bench.input(stopped), [cleared(ADA), Output::ClearCard]);
    assert_eq!(bench.view(|_| {}), [], "it is still in that view");
    assert_eq!(bench.view(|view| view.rings.clear()), []);
}

#[test]
fn accept_answers_with_the_media_of_the_call_and_shows_the_window() {
    for media in [Media::Voice, Media::Video] {
        let mut bench = rung(media);
        let accept = Input::Pressed(Key::Ring(call(ADA)), Button::Accept);
        assert_eq!(
            bench.input(accept.clone()),
            [
                Output::Command(Command::AcceptCall { call: call(ADA), media }),
                Output::ShowApp,
                cleared(ADA),
                Output::ClearCard,
            ]
        );
        assert_eq!(bench.input(accept), [Output::ShowApp], "a second press answers nothing");
    }
}

#[test]
fn decline_declines_and_leaves_the_window_alone() {
    let mut bench = rung(Media::Video);
    let decline = Input::Pressed(Key::Ring(call(ADA)), Button::Decline);
    assert_eq!(
        bench.input(decline.clone()),
        [
            Output::Command(Command::DeclineCall { call: call(ADA) }),
            cleared(ADA),
            Output::ClearCard
        ]
    );
    assert_eq!(bench.input(decline), []);
}

#[test]
fn open_shows_the_window_and_its_signs_leave_once_it_is_in_front() {
    let mut bench = rung(Media::Voice);
    let open = Input::Pressed(Key::Ring(call(ADA)), Button::Open);
    assert_eq!(bench.input(open), [Output::ShowApp]);
    assert_eq!(bench.input(Input::Front(true)), [cleared(ADA), Output::ClearCard]);
}

#[test]
fn a_press_that_comes_too_late_answers_nothing() {
    let mut bench = rung(Media::Voice);
    bench.view(|view| view.rings.clear());
    let key = Key::Ring(call(ADA));
    assert_eq!(bench.input(Input::Pressed(key, Button::Accept)), [Output::ShowApp]);
    assert_eq!(bench.input(Input::Pressed(key, Button::Decline)), []);
}

#[test]
fn a_window_in_front_needs_no_signs_until_it_has_left_for_a_moment() {
    let mut bench = Bench::new();
    bench.input(Input::Front(true));
    assert_eq!(bench.view(|view| view.rings.push(ring(ADA, Media::Voice))), []);
    assert_eq!(bench.input(Input::Front(false)), []);
    assert_eq!(bench.wait(SETTLE / 2), [], "window systems take the focus away for moments");
    assert_eq!(bench.input(Input::Front(true)), []);
    assert_eq!(bench.wait(SETTLE * 2), []);
    assert_eq!(bench.input(Input::Front(false)), []);
    assert_eq!(bench.wait(SETTLE), [note(ADA, Media::Voice), card(ADA, Media::Voice)]);
    assert_eq!(bench.machine.deadline(), None);
}

#[test]
fn do_not_disturb_and_a_device_that_shall_not_ring_show_nothing() {
    for quiet in
        [|view: &mut Situation| view.dnd = true, |view: &mut Situation| view.ring_here = false]
    {
        let mut bench = Bench::new();
        bench.view(quiet);
        assert_eq!(bench.view(|view| view.rings.push(ring(ADA, Media::Voice))), []);
        let mut bench = rung(Media::Voice);
        assert_eq!(bench.view(quiet), [cleared(ADA), Output::ClearCard], "in the middle of it");
    }
}

#[test]
fn a_shared_screen_shows_no_call_unless_the_person_wants_that() {
    let mut bench = Bench::new();
    bench.view(|view| view.sharing = true);
    assert_eq!(bench.view(|view| view.rings.push(ring(ADA, Media::Voice))), []);
    assert_eq!(bench.prefer(true, false), [note(ADA, Media::Voice), card(ADA, Media::Voice)]);
    assert_eq!(bench.prefer(true, true), [cleared(ADA), Output::ClearCard]);
    let ended = bench.view(|view| view.sharing = false);
    assert_eq!(ended, [note(ADA, Media::Voice), card(ADA, Media::Voice)]);
}

#[test]
fn window_and_notification_can_each_be_unwanted() {
    let mut bench = rung(Media::Voice);
    assert_eq!(bench.prefer(false, true), [Output::ClearCard]);
    assert_eq!(bench.view(|view| view.notifications = false), [cleared(ADA)]);
    assert_eq!(bench.prefer(true, true), [card(ADA, Media::Voice)]);
}

#[test]
fn of_two_calls_each_has_a_notification_and_the_older_the_window() {
    let mut bench = rung(Media::Voice);
    let second = bench.view(|view| view.rings.push(ring(BOB, Media::Video)));
    assert_eq!(second, [note(BOB, Media::Video)]);
    let first_gone = bench.view(|view| drop(view.rings.remove(0)));
    assert_eq!(first_gone, [cleared(ADA), card(BOB, Media::Video)], "the window takes the next");
}

#[test]
fn signing_out_and_a_core_that_is_gone_leave_no_sign() {
    let mut bench = rung(Media::Voice);
    let gone = bench.input(Input::Situation(Situation::default()));
    assert_eq!(gone, [cleared(ADA), Output::ClearCard]);
}

fn missed() -> Input {
    Input::Alert(Alert::Missed {
        conversation: conversation(ADA),
        name: "Ada".to_owned(),
        media: Media::Video,
    })
}

fn message() -> Input {
    let (name, text) = ("Ada".to_owned(), "Are you <b>there</b>?".to_owned());
    Input::Alert(Alert::Message { conversation: conversation(ADA), name, text })
}

#[test]
fn a_missed_call_and_a_message_open_their_conversation() {
    let key = Key::Conversation(conversation(ADA));
    for (news, title, body) in
        [(missed(), "Missed video call", "from Ada"), (message(), "Ada", "Are you <b>there</b>?")]
    {
        let mut bench = Bench::new();
        let shown = bench.input(news);
        let [Output::Note(about, note)] = &shown[..] else { panic!("{shown:?}") };
        assert_eq!((*about, &*note.title, &*note.body), (key, title, body));
        assert!(!note.rings, "it leaves by itself");
        assert_eq!(
            bench.input(Input::Pressed(key, Button::Open)),
            [Output::Clear(key), Output::ShowApp, Output::Visit(conversation(ADA))]
        );
    }
}

#[test]
fn news_are_for_who_does_not_look_and_leave_when_they_do() {
    let mut bench = Bench::new();
    bench.input(message());
    let key = Key::Conversation(conversation(ADA));
    assert_eq!(bench.input(Input::Front(true)), [Output::Clear(key)]);
    assert_eq!(bench.input(message()), [], "the window is in front");
    bench.input(Input::Front(false));
    bench.wait(SETTLE);
    bench.view(|view| view.notifications = false);
    assert_eq!(bench.input(missed()), [], "the settings want none");
    bench.view(|view| (view.notifications, view.dnd) = (true, true));
    assert_eq!(bench.input(missed()), [], "do not disturb");
    bench.view(|view| view.dnd = false);
    assert_eq!(bench.input(missed()).len(), 1);
}
