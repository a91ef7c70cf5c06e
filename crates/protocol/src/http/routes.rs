//! Every request of the HTTP interface, for the page that explains it and the tests that hold the
//! relay to it.

/// One request under `/api/v1`.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Below `/api/v1`; what stands in braces is an id.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// Parameters of the query; `?` behind those that may be absent.
    pub query: &'static [&'static str],
    /// The type of the body.
    pub body: Option<&'static str>,
    /// The status where it went well.
    pub status: u16,
    /// What comes with it.
    pub answer: Shape,
    /// What it does, in words.
    pub what: &'static str,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Without a token.
    Anybody,
    /// With the access token of a sign-in.
    SignedIn,
    /// The same, of an administrator; others get `forbidden`.
    Administrator,
}

/// The body of an answer, by the name of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// No body.
    Nothing,
    /// One value.
    One(&'static str),
    /// An array.
    Many(&'static str),
    /// One of two.
    Either(&'static str, &'static str),
}

const GET: Route = Route {
    method: "GET",
    path: "",
    access: Access::SignedIn,
    query: &[],
    body: None,
    status: 200,
    answer: Shape::Nothing,
    what: "",
};
const POST: Route = Route { method: "POST", ..GET };
const DELETE: Route = Route { method: "DELETE", status: 204, ..GET };

/// Every request there is.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/relay",
        access: Access::Anybody,
        query: &["origin?"],
        answer: Shape::One("RelayInfo"),
        what: "what a client asks before it signs in",
        ..GET
    },
    Route {
        path: "/auth/register",
        access: Access::Anybody,
        body: Some("Register"),
        status: 201,
        answer: Shape::Either("SignedIn", "Person"),
        what: "makes an account; with a `device` it signs in at once and answers `SignedIn`",
        ..POST
    },
    Route {
        path: "/auth/login",
        access: Access::Anybody,
        body: Some("Login"),
        answer: Shape::One("SignedIn"),
        what: "signs in: a new device",
        ..POST
    },
    Route {
        path: "/auth/refresh",
        access: Access::Anybody,
        body: Some("Refresh"),
        answer: Shape::One("SignedIn"),
        what: "a new pair of tokens for the same device",
        ..POST
    },
    Route {
        path: "/auth/reset/check",
        access: Access::Anybody,
        body: Some("CheckReset"),
        answer: Shape::One("Person"),
        what: "whose password a code sets; the code stays good",
        ..POST
    },
    Route {
        path: "/auth/reset",
        access: Access::Anybody,
        body: Some("ResetPassword"),
        answer: Shape::One("SignedIn"),
        what: "sets a new password by a code, which is spent, ends every sign-in, and signs in",
        ..POST
    },
    Route { path: "/auth/logout", status: 204, what: "ends this sign-in; no body", ..POST },
    Route { path: "/me", answer: Shape::One("Me"), what: "the own account", ..GET },
    Route {
        method: "PATCH",
        path: "/me",
        body: Some("PatchMe"),
        answer: Shape::One("Me"),
        what: "changes what is named",
        ..GET
    },
    Route {
        path: "/me",
        body: Some("DeleteMe"),
        what: "removes everything of the account; others keep their history, in which its id stays",
        ..DELETE
    },
    Route {
        path: "/me/password",
        body: Some("ChangePassword"),
        status: 204,
        what: "changes the password and ends every other sign-in",
        ..POST
    },
    Route {
        path: "/devices",
        answer: Shape::Many("Device"),
        what: "the sign-ins of this account",
        ..GET
    },
    Route {
        path: "/devices/{id}",
        what: "ends a sign-in; its socket is closed within 2 s",
        ..DELETE
    },
    Route {
        path: "/users",
        query: &["username"],
        answer: Shape::One("Person"),
        what: "somebody by their exact user name",
        ..GET
    },
    Route {
        path: "/contacts",
        answer: Shape::Many("Contact"),
        what: "contacts, requests and blocks",
        ..GET
    },
    Route {
        path: "/contacts",
        body: Some("AddContact"),
        answer: Shape::One("Contact"),
        what: "asks somebody, or accepts whoever asked before; a request never rings",
        ..POST
    },
    Route {
        path: "/contacts/{user}/accept",
        answer: Shape::One("Contact"),
        what: "accepts a request, which makes the direct conversation; no body",
        ..POST
    },
    Route {
        path: "/contacts/{user}",
        what: "removes a contact, or takes a request back or away",
        ..DELETE
    },
    Route {
        path: "/blocks",
        body: Some("Block"),
        status: 204,
        what: "blocks somebody, who is not told",
        ..POST
    },
    Route { path: "/blocks/{user}", what: "takes a block back", ..DELETE },
    Route {
        path: "/conversations",
        answer: Shape::One("Conversations"),
        what: "everything that the user is in or asked into; a direct one comes with a contact",
        ..GET
    },
    Route {
        path: "/conversations",
        body: Some("NewConversation"),
        status: 201,
        answer: Shape::One("Conversation"),
        what: "makes a group with the asker in it, and invites the others",
        ..POST
    },
    Route {
        path: "/conversations/{id}",
        answer: Shape::One("Conversation"),
        what: "one conversation",
        ..GET
    },
    Route {
        method: "PATCH",
        path: "/conversations/{id}",
        body: Some("PatchConversation"),
        answer: Shape::One("Conversation"),
        what: "renames a group that the user owns",
        ..GET
    },
    Route {
        path: "/conversations/{id}/accept",
        answer: Shape::One("Conversation"),
        what: "joins a group that the user is asked into; no body",
        ..POST
    },
    Route {
        path: "/conversations/{id}/decline",
        status: 204,
        what: "does not join it; no body",
        ..POST
    },
    Route {
        path: "/conversations/{id}/invitations",
        body: Some("NewGroupInvitation"),
        answer: Shape::One("Conversation"),
        what: "asks a contact into a group that the user is in",
        ..POST
    },
    Route {
        path: "/conversations/{id}/invitations/{user}",
        what: "takes an own invitation to a group back",
        ..DELETE
    },
    Route {
        path: "/conversations/{id}/members/{user}",
        what: "leaves a group, or, as its owner, removes another member",
        ..DELETE
    },
    Route {
        path: "/calls",
        query: &["conversation?", "before?", "limit?"],
        answer: Shape::One("Calls"),
        what: "the history, newest first",
        ..GET
    },
    Route {
        path: "/calls/{id}/connection",
        answer: Shape::One("CallConnection"),
        what: "how a call stands, for whoever is in it or was asked to be",
        ..GET
    },
    Route {
        path: "/invites",
        access: Access::Administrator,
        body: Some("NewInvite"),
        status: 201,
        answer: Shape::One("Invite"),
        what: "a code for one new account; the only answer with `code`",
        ..POST
    },
    Route {
        path: "/invites",
        access: Access::Administrator,
        answer: Shape::Many("Invite"),
        what: "every invitation",
        ..GET
    },
    Route {
        path: "/invites/{id}",
        access: Access::Administrator,
        what: "takes an invitation back",
        ..DELETE
    },
    Route {
        path: "/resets",
        access: Access::Administrator,
        body: Some("NewReset"),
        status: 201,
        answer: Shape::One("Reset"),
        what: "a code with which somebody who is no administrator sets a new password; the former \
               one is good no more",
        ..POST
    },
];
