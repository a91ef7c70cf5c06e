//! One example of every body of the HTTP interface.

use bellwire_protocol::http::{
    AddContact, Block, CallConnection, Calls, ChangePassword, CheckReset, Conversations, DeleteMe,
    Device, DeviceInfo, Invite, Login, NewConversation, NewGroupInvitation, NewInvite, NewReset,
    PatchConversation, PatchMe, Problem, ProblemReason, Refresh, Register, Registration, RelayInfo,
    Reset, ResetPassword, SignedIn,
};
use bellwire_protocol::{CallableBy, Contact, Conversation, ErrorCode, Me, Person};
use serde_json::Value;

use super::{
    AT, ada, adas_device, call_id, contact, direct, grace, graces_device, invitation, me, name,
    record, secret, team,
};

/// A body, and how it is read and written again.
pub(crate) struct Body {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) again: fn(&Value) -> Option<Value>,
}

macro_rules! body {
    ($name:ident, $example:expr) => {
        Body {
            name: stringify!($name),
            value: serde_json::to_value::<$name>($example).expect("every body can be written"),
            again: |value| {
                let read: $name = serde_json::from_value(value.clone()).ok()?;
                serde_json::to_value(read).ok()
            },
        }
    };
}

fn device_info() -> DeviceInfo {
    let (name, platform) = ("Firefox on Linux".to_owned(), "web".to_owned());
    DeviceInfo { name, platform, public_key: None }
}

fn password() -> bellwire_protocol::Secret {
    secret("three quiet otters")
}

fn person() -> Person {
    contact().person
}

fn register() -> Register {
    Register {
        username: "ada".to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        password: password(),
        invite: Some(secret("aW52aXRhdGlvbg")),
        device: Some(device_info()),
    }
}

fn signed_in() -> SignedIn {
    SignedIn {
        access_token: secret("eyJhbGciOiJFZERTQSJ9.e30.c2ln"),
        expires_in: 600,
        refresh_token: secret("b3BhcXVl"),
        user: ada(),
        device: adas_device(),
        device_cookie: secret("a25vd24"),
    }
}

fn login() -> Login {
    Login {
        username: "ada".to_owned(),
        password: password(),
        device: device_info(),
        device_cookie: Some(secret("a25vd24")),
    }
}

fn device() -> Device {
    Device {
        id: graces_device(),
        name: "Firefox on Linux".to_owned(),
        platform: "web".to_owned(),
        created_at: AT,
        last_seen_at: AT + 60_000,
        this: false,
    }
}

fn problem() -> Problem {
    Problem {
        status: 403,
        title: "not allowed".to_owned(),
        code: ErrorCode::Forbidden,
        reason: Some(ProblemReason::InviteRequired),
        retry_after_ms: None,
    }
}

fn connection() -> CallConnection {
    let state = "live".to_owned();
    let (created_at, updated_at) = (AT, AT + 4_000);
    CallConnection { call_id: call_id(), state, candidates: 12, created_at, updated_at }
}

fn invite() -> Invite {
    Invite {
        id: call_id().to_string(),
        code: Some(secret("aW52aXRhdGlvbg")),
        expires_at: AT + 604_800_000,
        used: false,
    }
}

fn reset() -> Reset {
    Reset { code: secret("Zm9yZ290dGVu"), person: person(), expires_at: AT + 86_400_000 }
}

fn reset_password() -> ResetPassword {
    let Reset { code, .. } = reset();
    ResetPassword { code, new_password: secret("four loud geese"), device: device_info() }
}

fn relay_info() -> RelayInfo {
    RelayInfo {
        name: "bellwire".to_owned(),
        version: "0.1.0".to_owned(),
        protocols: vec!["bellwire.v1".to_owned()],
        registration: Registration::Invite,
        origin_accepted: Some(true),
        address: Some("https://calls.example.org".to_owned()),
    }
}

pub(crate) fn bodies() -> Vec<Body> {
    let group = NewConversation { name: name("Analytical Engine"), members: vec![grace()] };
    let patch =
        PatchMe { display_name: Some(name("Ada")), callable_by: Some(CallableBy::Everyone) };
    let change =
        ChangePassword { old_password: password(), new_password: secret("four loud geese") };
    vec![
        body!(Problem, problem()),
        body!(Register, register()),
        body!(Login, login()),
        body!(SignedIn, signed_in()),
        body!(Refresh, Refresh { refresh_token: secret("b3BhcXVl") }),
        body!(Me, me()),
        body!(PatchMe, patch),
        body!(ChangePassword, change),
        body!(DeleteMe, DeleteMe { password: password() }),
        body!(Device, device()),
        body!(Person, person()),
        body!(AddContact, AddContact { username: "grace".to_owned() }),
        body!(Contact, contact()),
        body!(Block, Block { user: grace() }),
        body!(NewConversation, group),
        body!(PatchConversation, PatchConversation { name: name("Difference Engine") }),
        body!(NewGroupInvitation, NewGroupInvitation { user: grace() }),
        body!(Conversation, direct()),
        body!(
            Conversations,
            Conversations {
                conversations: vec![direct(), team()],
                invitations: vec![invitation()]
            }
        ),
        body!(Calls, Calls { calls: vec![record()], next: Some(call_id()) }),
        body!(CallConnection, connection()),
        body!(NewInvite, NewInvite { hours: Some(24) }),
        body!(Invite, invite()),
        body!(NewReset, NewReset { username: "grace".to_owned() }),
        body!(Reset, reset()),
        body!(CheckReset, CheckReset { code: reset().code }),
        body!(ResetPassword, reset_password()),
        body!(RelayInfo, relay_info()),
    ]
}
