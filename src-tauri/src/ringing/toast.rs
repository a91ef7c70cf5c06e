//! A notification as Windows wants it: XML with names of others in it, which stay texts.

use std::fmt::Write as _;

use super::note::{Button, Key, Note};

/// The toast's content. `scenario="incomingCall"` stays, stands above others and passes Windows' do
/// not disturb as the person set it; its sound is the page's, which stops at once.
pub(super) fn xml(note: &Note) -> String {
    let (scenario, styled) = if note.rings {
        (" scenario=\"incomingCall\"", " useButtonStyle=\"true\"")
    } else {
        ("", "")
    };
    let launch = argument(Button::Open);
    let mut actions = String::new();
    for (button, words) in &note.buttons {
        let style = match button {
            // A press on the toast itself.
            Button::Open => continue,
            Button::Accept => "Success",
            Button::Decline => "Critical",
        };
        let (words, argument) = (escaped(words), argument(*button));
        // Writing to a string does not fail.
        let _ = write!(
            actions,
            "<action content=\"{words}\" arguments=\"{argument}\" hint-buttonStyle=\"{style}\"/>"
        );
    }
    let (title, body) = (escaped(&note.title), escaped(&note.body));
    let actions =
        if actions.is_empty() { actions } else { format!("<actions>{actions}</actions>") };
    format!(
        "<toast{scenario}{styled} launch=\"{launch}\"><visual><binding template=\"ToastGeneric\">\
         <text>{title}</text><text>{body}</text></binding></visual>{actions}\
         <audio silent=\"true\"/></toast>"
    )
}

/// What a button says when it is pressed.
pub(super) const fn argument(button: Button) -> &'static str {
    match button {
        Button::Open => "open",
        Button::Accept => "accept",
        Button::Decline => "decline",
    }
}

/// The button that says this.
pub(super) fn button(said: &str) -> Option<Button> {
    [Button::Open, Button::Accept, Button::Decline]
        .into_iter()
        .find(|button| argument(*button) == said)
}

/// Names a toast so that it can be taken away: its group and its tag, at most 64 characters each.
pub(super) fn place(key: Key) -> (&'static str, String) {
    match key {
        Key::Ring(call) => ("ring", call.to_string()),
        Key::Conversation(conversation) => ("conversation", conversation.to_string()),
    }
}

/// Text in XML. What XML cannot hold is left out: one such character would lose the whole toast.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\t' | '\n' | '\r' => written.push(sign),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if sign < ' ' => {}
            _ => written.push(sign),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use bellwire_protocol::{CallId, ConversationId, Media, UserId};

    use super::super::situation::Ring;
    use super::*;
    use crate::words::Tongue;

    #[test]
    fn a_call_is_a_call_with_two_buttons_and_a_hostile_name_is_text() {
        let name = "</text><action content=\"x\"/>&\u{7}\u{ffff}".to_owned();
        let (call, user) = (CallId::from_bytes([1; 16]), UserId::from_bytes([1; 16]));
        let note = Note::ring(Tongue::En, &Ring { call, user, name, media: Media::Voice });
        assert_eq!(
            xml(&note),
            "<toast scenario=\"incomingCall\" useButtonStyle=\"true\" launch=\"open\"><visual>\
             <binding template=\"ToastGeneric\"><text>&lt;/text&gt;&lt;action \
             content=&quot;x&quot;/&gt;&amp; is calling</text><text>Voice call</text></binding>\
             </visual><actions><action content=\"Accept\" arguments=\"accept\" \
             hint-buttonStyle=\"Success\"/><action content=\"Decline\" arguments=\"decline\" \
             hint-buttonStyle=\"Critical\"/></actions><audio silent=\"true\"/></toast>"
        );
    }

    #[test]
    fn news_leave_by_themselves_and_have_no_buttons() {
        let note = Note::missed(Tongue::De, "Ada", Media::Video);
        assert_eq!(
            xml(&note),
            "<toast launch=\"open\"><visual><binding template=\"ToastGeneric\">\
             <text>Verpasster Videoanruf</text><text>von Ada</text></binding></visual>\
             <audio silent=\"true\"/></toast>"
        );
    }

    #[test]
    fn each_button_is_known_by_what_it_says_and_each_toast_has_its_place() {
        for button in [Button::Open, Button::Accept, Button::Decline] {
            assert_eq!(self::button(argument(button)), Some(button));
        }
        assert_eq!(button("remove"), None);
        let ring = place(Key::Ring(CallId::from_bytes([1; 16])));
        let conversation = place(Key::Conversation(ConversationId::from_bytes([1; 16])));
        assert_ne!(ring, conversation);
        assert!(ring.1.len() <= 64 && conversation.0.len() <= 64);
    }
}
