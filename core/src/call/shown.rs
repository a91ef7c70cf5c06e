//! The call on the screen.

use super::*;

impl Calls {
    /// The call on the screen. `name` names its conversation.
    pub(crate) fn view(&self, name: impl FnOnce(ConversationId) -> String) -> Option<CallView> {
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
            name: name(call.conversation),
            media: occasion.media,
            outgoing: call.outgoing,
            stage,
            local: occasion.local.view(),
            remotes: occasion.remotes.iter().filter_map(remote_view).collect(),
            chat_open: occasion.remotes.iter().any(Remote::is_open),
        })
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
        connected: remote.link.is_flowing(),
    })
}
