//! Requests over HTTP, and what each is for.

use bellwire_protocol::http::{
    AddContact, Block, ChangePassword, CheckReset, DeleteMe, DeviceInfo, Login, PatchMe, Refresh,
    Register, ResetPassword,
};
use bellwire_protocol::{CallId, DeviceId, Secret, encode};

use super::Core;
use crate::history::Scope;
use crate::{HttpMethod, HttpRequest, Output};

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) purpose: Purpose,
    /// To ask again with a new token, where it carries one.
    again: Option<Again>,
}

/// What is needed to ask again.
#[derive(Debug, Clone)]
struct Again {
    method: HttpMethod,
    path: String,
    body: Option<String>,
    /// It was asked again already.
    tried: bool,
    /// It waits for a new token.
    waiting: bool,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `GET /relay`.
    Look,
    /// `POST /auth/login`, `/auth/register` or `/auth/reset`, with this user name.
    SignIn(String),
    /// `POST /auth/reset/check`, of this code.
    CheckReset(Secret),
    /// `POST /auth/refresh`.
    Renew,
    /// `POST /auth/logout`. Nobody waits for it.
    SignOut,
    /// `GET /calls`.
    Calls(Scope),
    /// `GET /devices`.
    Devices,
    /// `DELETE /devices/{id}`.
    RemoveDevice(DeviceId),
    /// `POST /contacts`.
    AddContact(String),
    /// `PATCH /me`.
    ChangeMe,
    /// `POST /me/password`.
    ChangePassword,
    /// `DELETE /me`.
    DeleteAccount,
    /// Its effect comes over the socket; only a refusal is told.
    Other,
}

impl Pending {
    /// It goes on when everything else of a person is forgotten.
    pub(super) const fn is_farewell(&self) -> bool {
        matches!(self.purpose, Purpose::SignOut)
    }
}

impl Core {
    /// Asks something that needs no token.
    fn ask_openly(
        &mut self,
        purpose: Purpose,
        method: HttpMethod,
        path: &str,
        body: Option<String>,
    ) {
        let id = self.request_id();
        self.pending.insert(id, Pending { purpose, again: None });
        let url = format!("{}/api/v1{path}", self.relay);
        self.outputs.push_back(Output::Http(HttpRequest { id, method, url, bearer: None, body }));
    }

    /// Asks something in the person's name.
    pub(super) fn ask_signed(
        &mut self,
        purpose: Purpose,
        method: HttpMethod,
        path: &str,
        body: Option<String>,
    ) {
        let id = self.request_id();
        let path = path.to_owned();
        let again = Again { method, path, body, tried: false, waiting: false };
        self.pending.insert(id, Pending { purpose, again: Some(again) });
        self.send_signed(id);
    }

    fn send_signed(&mut self, id: u32) {
        let Some(again) = self.pending.get(&id).and_then(|pending| pending.again.clone()) else {
            return;
        };
        let Some(tokens) = self.account.tokens() else { return };
        let bearer = Some(tokens.kept.access_token.clone());
        let url = format!("{}/api/v1{}", self.relay, again.path);
        let request = HttpRequest { id, method: again.method, url, bearer, body: again.body };
        self.outputs.push_back(Output::Http(request));
    }

    fn request_id(&mut self) -> u32 {
        let id = self.next_request;
        self.next_request = self.next_request.wrapping_add(1);
        id
    }

    /// The relay did not accept the token of this request: once, it is asked again with a new one.
    pub(super) fn ask_again(&mut self, id: u32, mut pending: Pending) -> Option<Pending> {
        match &mut pending.again {
            Some(again) if !again.tried && pending.purpose != Purpose::SignOut => {
                again.tried = true;
                again.waiting = true;
                self.pending.insert(id, pending);
                if let Some(tokens) = self.account.tokens_mut() {
                    tokens.spoil();
                }
                self.renew();
                None
            }
            Some(_) | None => Some(pending),
        }
    }

    /// A new token is there.
    pub(super) fn ask_waiting(&mut self) {
        let mut ready = Vec::new();
        for (id, pending) in &mut self.pending {
            if let Some(again) = &mut pending.again
                && std::mem::take(&mut again.waiting)
            {
                ready.push(*id);
            }
        }
        for id in ready {
            self.send_signed(id);
        }
    }

    /// No new token could be had: what waited for it has failed.
    pub(super) fn take_waiting(&mut self) -> Vec<Pending> {
        let is_waiting =
            |pending: &Pending| pending.again.as_ref().is_some_and(|again| again.waiting);
        let ids: Vec<u32> = self
            .pending
            .iter()
            .filter(|(_, pending)| is_waiting(pending))
            .map(|(id, _)| *id)
            .collect();
        ids.into_iter().filter_map(|id| self.pending.remove(&id)).collect()
    }

    pub(super) fn look(&mut self) {
        self.pending.retain(|_, pending| pending.purpose != Purpose::Look);
        // Nobody has said yet where the relay is.
        if self.relay.is_empty() {
            return;
        }
        self.ask_openly(Purpose::Look, HttpMethod::Get, &self.page.question(), None);
    }

    /// A socket did not open: perhaps the relay refuses this page.
    pub(super) fn look_for_page(&mut self) {
        let is_asked = self.pending.values().any(|pending| pending.purpose == Purpose::Look);
        if self.page.wants_to_know(self.now) && !is_asked {
            self.look();
        }
    }

    pub(super) fn renew(&mut self) {
        let Some(tokens) = self.account.tokens_mut() else { return };
        if tokens.renewing {
            return;
        }
        tokens.renewing = true;
        let body = encode(&Refresh { refresh_token: tokens.kept.refresh_token.clone() });
        self.ask_openly(Purpose::Renew, HttpMethod::Post, "/auth/refresh", Some(body));
    }

    pub(super) fn ask_sign_in(&mut self, username: String, password: Secret) {
        let device = self.device();
        let former = self.former().filter(|former| former.is_of(&self.relay, &username));
        let device_cookie = former.map(|former| former.device_cookie.clone());
        let body = encode(&Login { username: username.clone(), password, device, device_cookie });
        self.ask_openly(Purpose::SignIn(username), HttpMethod::Post, "/auth/login", Some(body));
    }

    pub(super) fn ask_register(
        &mut self,
        username: String,
        display_name: String,
        password: Secret,
        invite: Option<Secret>,
    ) {
        let device = Some(self.device());
        let purpose = Purpose::SignIn(username.clone());
        let body = encode(&Register { username, display_name, password, invite, device });
        self.ask_openly(purpose, HttpMethod::Post, "/auth/register", Some(body));
    }

    pub(super) fn ask_check_reset(&mut self, code: Secret) {
        let body = encode(&CheckReset { code: code.clone() });
        let purpose = Purpose::CheckReset(code);
        self.ask_openly(purpose, HttpMethod::Post, "/auth/reset/check", Some(body));
    }

    pub(super) fn ask_reset_password(
        &mut self,
        username: String,
        code: Secret,
        new_password: Secret,
    ) {
        let device = self.device();
        let body = encode(&ResetPassword { code, new_password, device });
        self.ask_openly(Purpose::SignIn(username), HttpMethod::Post, "/auth/reset", Some(body));
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo {
            name: self.device_name.clone(),
            platform: self.platform.clone(),
            public_key: None,
        }
    }

    pub(super) fn ask_sign_out(&mut self) {
        self.ask_signed(Purpose::SignOut, HttpMethod::Post, "/auth/logout", None);
    }

    pub(super) fn ask_calls(&mut self, scope: Scope, before: Option<CallId>) {
        let mut path = "/calls?limit=50".to_owned();
        if let Some(conversation) = scope {
            path.push_str(&format!("&conversation={conversation}"));
        }
        if let Some(before) = before {
            path.push_str(&format!("&before={before}"));
        }
        self.ask_signed(Purpose::Calls(scope), HttpMethod::Get, &path, None);
    }

    pub(super) fn ask_devices(&mut self) {
        self.ask_signed(Purpose::Devices, HttpMethod::Get, "/devices", None);
    }

    pub(super) fn ask_remove_device(&mut self, device: DeviceId) {
        self.ask_signed(
            Purpose::RemoveDevice(device),
            HttpMethod::Delete,
            &format!("/devices/{device}"),
            None,
        );
    }

    pub(super) fn ask_add_contact(&mut self, username: String) {
        let body = encode(&AddContact { username: username.clone() });
        self.ask_signed(Purpose::AddContact(username), HttpMethod::Post, "/contacts", Some(body));
    }

    pub(super) fn ask_accept_contact(&mut self, user: bellwire_protocol::UserId) {
        self.ask_signed(
            Purpose::Other,
            HttpMethod::Post,
            &format!("/contacts/{user}/accept"),
            None,
        );
    }

    pub(super) fn ask_remove_contact(&mut self, user: bellwire_protocol::UserId) {
        self.ask_signed(Purpose::Other, HttpMethod::Delete, &format!("/contacts/{user}"), None);
    }

    pub(super) fn ask_block(&mut self, user: bellwire_protocol::UserId) {
        self.ask_signed(Purpose::Other, HttpMethod::Post, "/blocks", Some(encode(&Block { user })));
    }

    pub(super) fn ask_unblock(&mut self, user: bellwire_protocol::UserId) {
        self.ask_signed(Purpose::Other, HttpMethod::Delete, &format!("/blocks/{user}"), None);
    }

    pub(super) fn ask_change_me(&mut self, change: &PatchMe) {
        self.ask_signed(Purpose::ChangeMe, HttpMethod::Patch, "/me", Some(encode(change)));
    }

    pub(super) fn ask_change_password(&mut self, old_password: Secret, new_password: Secret) {
        let body = encode(&ChangePassword { old_password, new_password });
        self.ask_signed(Purpose::ChangePassword, HttpMethod::Post, "/me/password", Some(body));
    }

    pub(super) fn ask_delete_account(&mut self, password: Secret) {
        let body = encode(&DeleteMe { password });
        self.ask_signed(Purpose::DeleteAccount, HttpMethod::Delete, "/me", Some(body));
    }
}
