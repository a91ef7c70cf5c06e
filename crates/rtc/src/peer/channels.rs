//! The two negotiated data channels: `control` (unordered, no retransmits) and `chat` (reliable).

use bellwire_core::api::PeerEvent;
use str0m::Rtc;
use str0m::change::SdpApi;
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};

/// Messages longer than any that the protocol has are not passed on, in bytes.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Channel {
    id: ChannelId,
    open: bool,
}

/// Both channels, once they are declared.
#[derive(Debug, Default)]
pub(super) struct Channels(Option<(Channel, Channel)>);

impl Channels {
    /// Declares both in an offer.
    pub(super) fn offer(&mut self, changes: &mut SdpApi<'_>) {
        let [control, chat] = configs().map(|config| changes.add_channel_with_config(config));
        self.declared(control, chat);
    }

    /// Declares both beside an answer, unless they are.
    pub(super) fn answer(&mut self, rtc: &mut Rtc) {
        if self.0.is_none() {
            let [control, chat] =
                configs().map(|config| rtc.direct_api().create_data_channel(config));
            self.declared(control, chat);
        }
    }

    fn declared(&mut self, control: ChannelId, chat: ChannelId) {
        let closed = |id| Channel { id, open: false };
        self.0 = Some((closed(control), closed(chat)));
    }

    /// Both are open.
    pub(super) fn is_open(&self) -> bool {
        self.0.is_some_and(|(control, chat)| control.open && chat.open)
    }

    /// Sends on `control`; dropped unless it is open.
    pub(super) fn control(&self, rtc: &mut Rtc, data: &str) {
        self.send(rtc, self.0.map(|(control, _)| control), data);
    }

    /// Sends on `chat`; dropped unless it is open.
    pub(super) fn chat(&self, rtc: &mut Rtc, data: &str) {
        self.send(rtc, self.0.map(|(_, chat)| chat), data);
    }

    fn send(&self, rtc: &mut Rtc, channel: Option<Channel>, data: &str) {
        let open = channel.filter(|channel| channel.open);
        if let Some(mut channel) = open.and_then(|channel| rtc.channel(channel.id)) {
            match channel.write(false, data.as_bytes()) {
                Ok(true) => {}
                Ok(false) => tracing::debug!(bytes = data.len(), "a channel is full"),
                Err(error) => tracing::debug!(%error, "a channel refuses"),
            }
        }
    }

    /// One opened. True if both are open by it.
    pub(super) fn on_open(&mut self, id: ChannelId) -> bool {
        self.switch(id, true)
    }

    /// One closed. True if both were open until then.
    pub(super) fn on_close(&mut self, id: ChannelId) -> bool {
        self.switch(id, false)
    }

    /// Both are gone. True if they were open.
    pub(super) fn end(&mut self) -> bool {
        let open = self.is_open();
        self.0 = None;
        open
    }

    fn switch(&mut self, id: ChannelId, open: bool) -> bool {
        let before = self.is_open();
        if let Some((control, chat)) = &mut self.0 {
            for channel in [control, chat] {
                if channel.id == id {
                    channel.open = open;
                }
            }
        }
        before != self.is_open()
    }

    /// A message arrived. Only texts of a size that the protocol has are anything.
    pub(super) fn on_data(&self, message: ChannelData) -> Option<PeerEvent> {
        if message.binary || message.data.len() > LONGEST_MESSAGE {
            return None;
        }
        let (control, chat) = self.0?;
        let data = String::from_utf8(message.data).ok()?;
        if message.id == control.id {
            Some(PeerEvent::Control { data })
        } else if message.id == chat.id {
            Some(PeerEvent::Chat { data })
        } else {
            None
        }
    }
}

fn configs() -> [ChannelConfig; 2] {
    [
        ChannelConfig {
            label: "control".to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            negotiated: Some(0),
            protocol: String::new(),
        },
        ChannelConfig { label: "chat".to_owned(), negotiated: Some(1), ..ChannelConfig::default() },
    ]
}
