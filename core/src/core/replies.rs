//! What the relay answers over HTTP.

use bellwire_protocol::http::{
    Calls as CallsPage, Device, Problem, ProblemReason, RelayInfo, SignedIn,
};
use bellwire_protocol::{ErrorCode, Me, Person, SUBPROTOCOL};
use serde::de::DeserializeOwned;

use super::Core;
use super::requests::{Pending, Purpose};
use crate::account::{Account, LOOK_MS, SignedOut, Tokens};
use crate::api::{NoticeText, SignInProblem};
use crate::session::Line;
use crate::{HttpFailure, HttpReply, Output, Record};

/// Why a request came to nothing.
#[derive(Debug)]
enum Refusal {
    /// There was no reply.
    NoReply(HttpFailure),
    /// The relay refused.
    Problem(Problem),
    /// What answered does not speak like a relay.
    Gibberish,
}

impl Core {
    pub(super) fn handle_reply(&mut self, reply: HttpReply) {
        let Some(pending) = self.pending.remove(&reply.id) else { return };
        let result = match reply.result {
            Err(failure) => Err(Refusal::NoReply(failure)),
            Ok((200..=299, body)) => Ok(body),
            Ok((_, body)) => Err(parse(&body).map_or(Refusal::Gibberish, Refusal::Problem)),
        };
        if let Err(Refusal::Problem(problem)) = &result
            && problem.status == 401
            && problem.reason != Some(ProblemReason::WrongCredentials)
        {
            let Some(pending) = self.ask_again(reply.id, pending) else { return };
            self.on_reply(pending, result);
        } else {
            self.on_reply(pending, result);
        }
    }

    fn on_reply(&mut self, pending: Pending, result: Result<String, Refusal>) {
        match pending.purpose {
            Purpose::Look => self.on_look(result),
            Purpose::SignIn(username) => self.on_sign_in(username, result),
            Purpose::CheckReset(code) => {
                let whose = read::<Person>(result).map_err(|refusal| sign_in_problem(&refusal));
                self.on_reset_checked(code, whose);
            }
            Purpose::Renew => self.on_renewed(result),
            Purpose::SignOut => {}
            Purpose::Calls(scope) => match read::<CallsPage>(result) {
                Ok(page) => self.history.add_page(scope, page.calls, page.next),
                Err(refusal) => {
                    self.history.page_failed(scope);
                    self.tell_refusal(&refusal);
                }
            },
            Purpose::Devices => match read::<Vec<Device>>(result) {
                Ok(devices) => self.devices = Some(devices),
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::RemoveDevice(device) => match result {
                Ok(_) => {
                    if let Some(devices) = &mut self.devices {
                        devices.retain(|present| present.id != device);
                    }
                }
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::AddContact(username) => match result {
                Ok(_) => self.tell(NoticeText::ContactRequested { username }),
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::ChangeMe => match result {
                Ok(body) => {
                    if let Some(me) = parse::<Me>(&body) {
                        self.set_me(me);
                    }
                }
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::ChangePassword => match result {
                Ok(_) => self.tell(NoticeText::PasswordChanged),
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::DeleteAccount => match result {
                Ok(_) => {
                    self.notices.clear();
                    self.forget_person(SignedOut::default());
                }
                Err(refusal) => self.tell_refusal(&refusal),
            },
            Purpose::Other => {
                if let Err(refusal) = result {
                    self.tell_refusal(&refusal);
                }
            }
        }
    }

    fn on_look(&mut self, result: Result<String, Refusal>) {
        let now = self.now;
        let info = read::<RelayInfo>(result);
        if let Ok(relay) = &info {
            self.page.learn(relay.origin_accepted, relay.address.clone(), now);
        }
        let Some(out) = self.account.signed_out_mut() else { return };
        match info {
            Ok(relay) if relay.protocols.iter().any(|protocol| protocol == SUBPROTOCOL) => {
                out.registration = Some(relay.registration);
                out.version = Some(relay.version);
                // The relay is there after all.
                if matches!(
                    out.problem,
                    Some(
                        SignInProblem::Unreachable
                            | SignInProblem::Certificate
                            | SignInProblem::NotBellwire
                            | SignInProblem::OriginRefused { .. }
                    )
                ) {
                    out.problem = None;
                }
                // The reason why somebody was signed out stays readable.
                if let (None, Some(refusal)) = (&out.problem, self.page.refusal()) {
                    let address = refusal.address.clone();
                    out.problem = Some(SignInProblem::OriginRefused { address });
                }
                self.look_at = Some(now.after(LOOK_MS));
            }
            Ok(_) => {
                out.registration = None;
                out.version = None;
                out.problem = Some(SignInProblem::NotBellwire);
            }
            Err(refusal) => {
                out.registration = None;
                out.version = None;
                // The reason why somebody was signed out stays readable.
                if out.problem.is_none() {
                    out.problem = Some(sign_in_problem(&refusal));
                }
            }
        }
    }

    fn on_sign_in(&mut self, username: String, result: Result<String, Refusal>) {
        let Some(out) = self.account.signed_out_mut() else { return };
        out.busy = false;
        match read::<SignedIn>(result) {
            Ok(answer) => {
                // What is kept belongs to whoever was signed in before; if that is not known, to
                // nobody who signs in.
                let former = out.former.take().map(|former| former.user);
                if former != Some(answer.user) && (former.is_some() || !self.chats.is_empty()) {
                    self.erase();
                }
                if former != Some(answer.user) {
                    self.notices.clear();
                }
                let name = username.clone();
                let tokens = Tokens::fresh(&self.relay, answer, username, name, self.unix());
                self.outputs.push_back(Output::Store(Record::SignIn(Some(tokens.kept.clone()))));
                self.account = Account::SignedIn(tokens);
                self.look_at = None;
                self.session.start(self.now);
            }
            Err(refusal) => {
                let problem = sign_in_problem(&refusal);
                let reason = ProblemReason::ResetCodeInvalid;
                if problem == (SignInProblem::Refused { reason }) {
                    out.reset = None;
                }
                out.problem = Some(problem);
            }
        }
    }

    fn on_renewed(&mut self, result: Result<String, Refusal>) {
        let unix = self.unix();
        match read::<SignedIn>(result) {
            Ok(answer) => {
                let renewing_first = matches!(self.account, Account::Renewing(_));
                let Some(former) = self.account.tokens().map(|tokens| &tokens.kept) else { return };
                let (username, name) = (former.username.clone(), former.name.clone());
                let tokens = Tokens::fresh(&self.relay, answer, username, name, unix);
                self.outputs.push_back(Output::Store(Record::SignIn(Some(tokens.kept.clone()))));
                self.account = Account::SignedIn(tokens);
                if renewing_first {
                    self.session.start(self.now);
                }
                self.ask_waiting();
            }
            Err(Refusal::Problem(problem)) if is_final(&problem) => {
                if problem.reason == Some(ProblemReason::SignInEnded) {
                    self.be_revoked();
                } else {
                    self.ask_for_password();
                }
            }
            Err(refusal) => {
                let asked = match refusal {
                    Refusal::Problem(problem) => problem.retry_after_ms,
                    Refusal::NoReply(_) | Refusal::Gibberish => None,
                };
                let account = std::mem::replace(&mut self.account, Account::Loading);
                self.account = match account {
                    Account::Renewing(mut tokens) => {
                        tokens.renew_later(self.now, asked, &mut self.random);
                        self.session.start(self.now);
                        Account::SignedIn(tokens)
                    }
                    Account::SignedIn(mut tokens) => {
                        tokens.renew_later(self.now, asked, &mut self.random);
                        Account::SignedIn(tokens)
                    }
                    other @ (Account::Loading | Account::SignedOut(_)) => other,
                };
                let mut line =
                    Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
                self.session.token_failed(&mut line);
                for pending in self.take_waiting() {
                    self.on_reply(pending, Err(Refusal::NoReply(HttpFailure::Unreachable)));
                }
            }
        }
    }

    /// The owner of the account ended this sign-in.
    pub(super) fn be_revoked(&mut self) {
        let problem = Some(SignInProblem::Revoked);
        self.forget_person(SignedOut { problem, ..SignedOut::default() });
    }

    fn tell_refusal(&mut self, refusal: &Refusal) {
        let text = match refusal {
            Refusal::NoReply(_) => NoticeText::NotConnected,
            Refusal::Gibberish => NoticeText::Refused { reason: None },
            Refusal::Problem(problem) if problem.code == ErrorCode::RateLimited => {
                NoticeText::RateLimited { retry_after_s: seconds(problem.retry_after_ms) }
            }
            Refusal::Problem(problem) => NoticeText::Refused { reason: problem.reason },
        };
        self.tell(text);
    }
}

/// Whether a renewal that was refused so is refused for good, and not for the moment.
const fn is_final(problem: &Problem) -> bool {
    matches!(problem.status, 400..=403)
        || matches!(problem.reason, Some(ProblemReason::TokenInvalid | ProblemReason::SignInEnded))
}

/// Most seconds that a person is told to wait: a day.
const LONGEST_TOLD_S: u64 = 86_400;

/// Whole seconds, rounded up, of what the relay asks to wait, to be shown.
pub(super) fn seconds(ms: Option<u64>) -> u32 {
    let seconds = ms.unwrap_or(1_000).div_ceil(1_000).min(LONGEST_TOLD_S);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn sign_in_problem(refusal: &Refusal) -> SignInProblem {
    match refusal {
        Refusal::NoReply(HttpFailure::Unreachable) => SignInProblem::Unreachable,
        Refusal::NoReply(HttpFailure::Certificate) => SignInProblem::Certificate,
        Refusal::Gibberish => SignInProblem::NotBellwire,
        Refusal::Problem(problem) if problem.code == ErrorCode::RateLimited => {
            SignInProblem::RateLimited { retry_after_s: seconds(problem.retry_after_ms) }
        }
        Refusal::Problem(problem) => match problem.reason {
            Some(reason) => SignInProblem::Refused { reason },
            None => SignInProblem::Internal,
        },
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> Option<T> {
    serde_json::from_str(body).ok()
}

fn read<T: DeserializeOwned>(result: Result<String, Refusal>) -> Result<T, Refusal> {
    parse(&result?).ok_or(Refusal::Gibberish)
}
