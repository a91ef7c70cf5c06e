//! What becomes of the calls of somebody whose account is removed.

use std::collections::VecDeque;

use bellwire_protocol::{ConversationId, DeviceId, EndReason, UserId};

use super::call::{Call, Fate, Phase};
use super::io::Output;

impl Call {
    /// The person is not in this group any more. Their devices, which are still there, learn that
    /// the call is over for them.
    pub(super) fn left_group(
        &mut self,
        now: u64,
        user: UserId,
        conversation: ConversationId,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        if self.conversation != conversation {
            return Fate::Lives;
        }
        let (devices, reason) = match &self.phase {
            // The end of the whole call is told by itself.
            Phase::Ringing(_) if self.caller.user == user => (Vec::new(), EndReason::Cancelled),
            Phase::Ringing(ringing) => {
                let rung = ringing.devices.values().filter(|(device, _)| device.user == user);
                (rung.map(|(device, _)| device.device).collect(), EndReason::Cancelled)
            }
            Phase::Live(live) => {
                let seats = live.seats.values().map(|seat| &seat.participant);
                let seated = seats.filter(|seated| seated.user == user);
                (seated.map(|seated| seated.device).collect(), EndReason::Ended)
            }
        };
        let fate = self.departed(now, user, out);
        for device in devices {
            self.tell_ended(device, reason, out);
        }
        fate
    }

    /// The person is gone for good: what they placed is cancelled, nothing rings for them, and they
    /// are in no call.
    pub(super) fn departed(&mut self, now: u64, user: UserId, out: &mut VecDeque<Output>) -> Fate {
        self.invited.remove(&user);
        match &mut self.phase {
            Phase::Ringing(_) if self.caller.user == user => {
                self.end(now, EndReason::Cancelled, out)
            }
            Phase::Ringing(ringing) => {
                ringing.devices.retain(|_, (device, _)| device.user != user);
                if self.is_waited_for() {
                    Fate::Lives
                } else {
                    self.end(now, EndReason::Unreachable, out)
                }
            }
            Phase::Live(live) => {
                let seats = live.seats.iter();
                let of_user = seats.filter(|(_, seat)| seat.participant.user == user);
                let devices: Vec<DeviceId> = of_user.map(|(device, _)| *device).collect();
                for device in devices {
                    if self.vacate(now, device, EndReason::Ended, out) == Fate::Ends {
                        return Fate::Ends;
                    }
                }
                Fate::Lives
            }
        }
    }
}
