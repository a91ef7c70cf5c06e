//! Sign-up, sign-in, the own account and its devices.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bellwire_protocol::http::{
    ChangePassword, DeleteMe, Device, Login, PatchMe, Refresh, Register, RelayInfo, SignedIn,
};
use bellwire_protocol::{DeviceId, ErrorCode, Me, RelayMessage, UserId};

use super::answer::{Answer, Asker, Body, Named, Shared, new_name};
use super::coalesce::Named as NameOf;
use super::meter::tell_soon;
use crate::Relay;
use crate::accounts::source::Source;
use crate::accounts::telling::{self, tell};
use crate::accounts::{Applicant, Described, Entrant, me};
use crate::bus::Event;
use crate::server::Peer;

/// What a page says of itself.
#[derive(serde::Deserialize)]
pub(super) struct FromPage {
    origin: Option<String>,
}

pub(super) async fn relay_info(
    State(relay): Shared,
    page: Result<Query<FromPage>, QueryRejection>,
    headers: HeaderMap,
) -> Answer<axum::Json<RelayInfo>> {
    let origin = page.ok().and_then(|Query(page)| page.origin);
    Ok(axum::Json(RelayInfo {
        name: "bellwire".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        protocols: vec![bellwire_protocol::SUBPROTOCOL.into()],
        registration: relay.accounts.registration().await?,
        origin_accepted: origin.map(|origin| relay.origins.accepts(&origin, &headers)),
        address: relay.config.public_url.as_ref().map(|url| url.as_str().to_owned()),
    }))
}

pub(super) async fn register(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(wanted): Body<Register>,
) -> Answer<Response> {
    relay.accounts.enter(address)?;
    let Register { username, display_name, password, invite, device } = wanted;
    let device = device.map(Described::new).transpose()?;
    let admission = relay.accounts.admission(invite.as_ref());
    let applicant = Applicant { username, display_name, password };
    let (person, signed_in) =
        relay.accounts.create(applicant, admission, device, Source::stranger(address)).await?;
    Ok(match signed_in {
        Some(signed_in) => (StatusCode::CREATED, axum::Json(signed_in)).into_response(),
        None => (StatusCode::CREATED, axum::Json(person)).into_response(),
    })
}

pub(super) async fn login(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(login): Body<Login>,
) -> Answer<axum::Json<SignedIn>> {
    let Login { username, password, device, device_cookie } = login;
    let cookie = device_cookie.as_ref();
    let former = relay.accounts.enter_again(&username, cookie, address).await?;
    let device = Described::new(device)?;
    let by = Entrant { address, former };
    Ok(axum::Json(relay.accounts.sign_in(&username, &password, device, by).await?))
}

pub(super) async fn refresh(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(refresh): Body<Refresh>,
) -> Answer<axum::Json<SignedIn>> {
    Ok(axum::Json(relay.accounts.refresh(address, &refresh.refresh_token).await?))
}

pub(super) async fn logout(State(relay): Shared, Asker(me): Asker) -> Answer<StatusCode> {
    relay.accounts.sign_out(me.user, me.device).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show_me(Asker(me): Asker) -> axum::Json<Me> {
    axum::Json(me)
}

pub(super) async fn patch_me(
    State(relay): Shared,
    Asker(asker): Asker,
    Body(patch): Body<PatchMe>,
) -> Answer<axum::Json<Me>> {
    let PatchMe { display_name, callable_by } = patch;
    let display_name = display_name.map(new_name).transpose()?;
    let display_name = display_name.filter(|name| *name != asker.display_name);
    let callable_by = callable_by.filter(|by| *by != asker.callable_by);
    if display_name.is_none() && callable_by.is_none() {
        return Ok(axum::Json(asker));
    }
    relay.store.patch_account(asker.user, display_name.as_ref(), callable_by).await?;
    let account = relay.store.account(asker.user).await?.ok_or(ErrorCode::NotFound)?;
    let me = me(&account, asker.device);
    relay.bus.publish(Event::MeChanged { me: Box::new(me.clone()) }).await;
    if let Some(name) = display_name {
        relay.bus.publish(Event::Renamed { user: me.user, name }).await;
        let user = me.user;
        let tell = |relay: Arc<Relay>| async move { tell_of_name(&relay, user).await };
        tell_soon(&relay, NameOf::Person(user), tell).await?;
    }
    Ok(axum::Json(me))
}

/// Shows a changed name to everybody who has it in a list.
async fn tell_of_name(relay: &Relay, me: UserId) -> Answer<()> {
    for contact in relay.store.contacts(me).await? {
        let theirs = relay.store.contacts(contact.person.user).await?;
        if let Some(contact_of_me) = theirs.into_iter().find(|c| c.person.user == me) {
            let message = RelayMessage::ContactChanged { contact: contact_of_me };
            relay.bus.publish(tell(contact.person.user, message)).await;
        }
    }
    for conversation in relay.store.conversations(me).await? {
        for member in conversation.members.iter().filter(|member| member.user != me) {
            let (store, bus) = (&*relay.store, &*relay.bus);
            telling::of_conversation(store, bus, member.user, conversation.id).await?;
        }
    }
    Ok(())
}

pub(super) async fn delete_me(
    State(relay): Shared,
    Asker(me): Asker,
    Extension(Peer(address)): Extension<Peer>,
    Body(delete): Body<DeleteMe>,
) -> Answer<StatusCode> {
    relay.accounts.close(&me, &delete.password, address).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn change_password(
    State(relay): Shared,
    Asker(me): Asker,
    Extension(Peer(address)): Extension<Peer>,
    Body(change): Body<ChangePassword>,
) -> Answer<StatusCode> {
    let ChangePassword { old_password, new_password } = change;
    relay.accounts.change_password(&me, &old_password, &new_password, address).await?;
    tracing::info!(user = relay.redaction.user(me.user), "password.changed");
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn devices(
    State(relay): Shared,
    Asker(me): Asker,
) -> Answer<axum::Json<Vec<Device>>> {
    let mut devices = relay.store.devices(me.user).await?;
    for device in &mut devices {
        device.this = device.id == me.device;
    }
    Ok(axum::Json(devices))
}

pub(super) async fn remove_device(
    State(relay): Shared,
    Asker(me): Asker,
    Named(device): Named<DeviceId>,
) -> Answer<StatusCode> {
    if relay.accounts.sign_out(me.user, device).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ErrorCode::NotFound.into())
    }
}
