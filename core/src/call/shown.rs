//! The call on the screen.

use super::*;

impl Calls {
    /// Takes down what the call's conversation is called, for as long as there is one: it can be left,
    /// or taken away, while the call is on the screen.
    pub(crate) fn learn_name(&mut self, name: impl FnOnce(ConversationId) -> String) {
        if let Some(occasion) = &mut self.occasion {
            let name = name(occasion.call.conversation);
            if !name.is_empty() {
                occasion.name = name;
            }
        }
    }

    /// The call on the screen.
    pub(crate) fn view(&self) -> Option<CallView> {
        let call = self.machine.stage().shown_call()?;
        let occasion = self.occasion.as_ref().filter(|occasion| occasion.call.id == call.id)?;
        let since = occasion.since.unwrap_or_default();
        let stage = match self.machine.stage() {
            Stage::Idle => return None,
            Stage::Dialling { progress, .. } => {
                CallStage::Dialling { ringing: *progress == Progress::Ringing }
            }
            Stage::Crossed { .. } => CallStage::Dialling { ringing: false },
            Stage::Answering { .. } => CallStage::Connecting,
            Stage::Live { others, .. } => {
                if others.values().any(|path| *path == Path::Connected) {
                    CallStage::Connected { since }
                } else if others.values().any(|path| *path == Path::Reconnecting) {
                    CallStage::Reconnecting { since }
                } else {
                    CallStage::Connecting
                }
            }
            Stage::Ended { reason, .. } => {
                let length = occasion
                    .since
                    .zip(occasion.ended_at)
                    .map(|(since, end)| end.saturating_sub(since));
                let length_s = length.map(|ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX));
                CallStage::Ended { reason: *reason, length_s }
            }
        };
        Some(CallView {
            id: call.id,
            conversation: call.conversation,
            name: occasion.shown_name(),
            media: occasion.media,
            outgoing: call.outgoing,
            stage,
            local: occasion.local.view(),
            remotes: occasion.remotes.iter().filter_map(remote_view).collect(),
            chat_open: occasion.remotes.iter().any(Remote::is_open),
        })
    }
}

impl Occasion {
    /// The conversation's name, or of whom is in the call where that was never known.
    fn shown_name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        let others = self.remotes.iter().filter_map(|remote| remote.who.as_ref());
        others.map(|who| who.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

fn remote_view(remote: &Remote) -> Option<RemoteView> {
    let who = remote.who.as_ref()?;
    Some(RemoteView {
        peer: remote.shown(),
        user: who.user,
        device: who.device,
        name: who.name.as_str().to_owned(),
        sends: remote.sends,
        unavailable: remote.unavailable,
        connected: remote.link.is_flowing(),
        closed: remote.closed,
    })
}
