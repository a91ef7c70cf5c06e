//! A new password for who forgot theirs, by a code that somebody who runs the relay made.
//!
//! ```text
//!  asked ──the relay knows it──► known (whose) ──the new password──► signed in
//!    ▲           │ refused                │ refused: the code is over
//!    └───────────┴────────────────────────┘
//! ```

use bellwire_protocol::http::ProblemReason;
use bellwire_protocol::{Person, Secret};

use super::Core;
use super::commands::relay_url;
use super::requests::Purpose;
use super::view::address as shown;
use crate::account::KnownReset;
use crate::api::SignInProblem;

impl Core {
    /// Asks whose password a code sets. `text` is a code, or the link that brings it.
    pub(super) fn check_reset(&mut self, text: &str) {
        let code = read(text, &self.relay);
        let Some(out) = self.account.signed_out_mut() else { return };
        if out.busy {
            return;
        }
        out.reset = None;
        out.problem = None;
        match code {
            Ok(code) => {
                out.busy = true;
                self.ask_check_reset(code);
            }
            Err(problem) => out.problem = Some(problem),
        }
    }

    pub(super) fn on_reset_checked(&mut self, code: Secret, result: Result<Person, SignInProblem>) {
        let Some(out) = self.account.signed_out_mut() else { return };
        out.busy = false;
        // Somebody else's sign-in erases what is kept, which the person has to want first.
        let former = out.former.as_deref();
        match result {
            Ok(person) => match former.filter(|former| former.user != person.user) {
                Some(former) => {
                    out.problem = Some(SignInProblem::OtherPerson { name: former.name.clone() });
                }
                None => out.reset = Some(Box::new(KnownReset { code, person })),
            },
            Err(problem) => out.problem = Some(problem),
        }
    }

    pub(super) fn reset_password(&mut self, password: String) {
        let known = self.account.signed_out_mut().and_then(|out| out.reset.clone());
        let Some(KnownReset { code, person }) = known.map(|known| *known) else { return };
        let Some(password) = self.start_sign_in(password) else { return };
        self.ask_reset_password(person.username.as_str().to_owned(), code, password);
    }

    pub(super) fn forget_reset(&mut self) {
        let Some(out) = self.account.signed_out_mut() else { return };
        out.reset = None;
        out.problem = None;
        let asked = self.pending.len();
        self.pending.retain(|_, pending| !matches!(pending.purpose, Purpose::CheckReset(_)));
        if self.pending.len() < asked {
            out.busy = false;
        }
    }
}

/// The code in what a person pasted. A code in the link of another relay is not sent to this one: who
/// runs this one could use it there.
fn read(text: &str, relay: &str) -> Result<Secret, SignInProblem> {
    let text = text.trim();
    let code = match text.split_once("#reset=") {
        None => text,
        Some((address, code)) => {
            let address = relay_url(address);
            if !address.is_empty() && plain(&address) != plain(relay) {
                let address = shown(&address).to_owned();
                return Err(SignInProblem::OtherRelay { address });
            }
            code
        }
    };
    let invalid = SignInProblem::Refused { reason: ProblemReason::ResetCodeInvalid };
    Secret::new(code).map_err(|_| invalid)
}

/// An address as it can be compared: in lower case, without the port that its scheme has anyway.
fn plain(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let port = if url.starts_with("https://") { ":443" } else { ":80" };
    url.strip_suffix(port).map(str::to_owned).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    const RELAY: &str = "https://calls.example.org";

    #[test]
    fn a_code_is_found_in_what_people_paste() {
        for text in [
            "Zm9yZ290dGVu",
            " Zm9yZ290dGVu\n",
            "#reset=Zm9yZ290dGVu",
            "https://calls.example.org/#reset=Zm9yZ290dGVu",
            " https://Calls.Example.org:443/#reset=Zm9yZ290dGVu ",
            "calls.example.org/#reset=Zm9yZ290dGVu",
        ] {
            assert_eq!(read(text, RELAY).unwrap().as_str(), "Zm9yZ290dGVu", "{text}");
        }
        for text in ["", " ", "https://calls.example.org/#reset="] {
            let invalid = SignInProblem::Refused { reason: ProblemReason::ResetCodeInvalid };
            assert_eq!(read(text, RELAY), Err(invalid), "{text}");
        }
    }

    #[test]
    fn a_code_of_another_relay_stays_here() {
        for (text, relay, address) in [
            ("https://bell.example/#reset=x", RELAY, "bell.example"),
            ("http://calls.example.org/#reset=x", RELAY, "calls.example.org"),
            ("https://calls.example.org:8443/#reset=x", RELAY, "calls.example.org:8443"),
            (
                "https://calls.example.org.evil.example/#reset=x",
                RELAY,
                "calls.example.org.evil.example",
            ),
            ("https://calls.example.org/#reset=x", "", "calls.example.org"),
        ] {
            let problem = SignInProblem::OtherRelay { address: address.to_owned() };
            assert_eq!(read(text, relay), Err(problem), "{text} at {relay:?}");
        }
    }
}
