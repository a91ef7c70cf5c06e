//! What sessions that come and go mean for a call.

use std::collections::VecDeque;

use bellwire_protocol::{DeviceId, EndReason, Participant, RelayMessage};

use super::Output;
use super::call::{Call, Fate, Phase, send};
use super::live::SeatState;

impl Call {
    pub(super) fn connected(
        &mut self,
        device: &Participant,
        fresh: bool,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        match &mut self.phase {
            Phase::Ringing(ringing) if self.caller.device == device.device => {
                ringing.caller_gone_until = None;
            }
            Phase::Ringing(ringing) => {
                let rings = self.invited.get(&device.user);
                let rings = rings.is_some_and(|c| c.rings && c.refused.is_none());
                if rings && ringing.add(device.clone()) {
                    let devices = ringing.ringing_devices_of(device.user);
                    if !fresh {
                        let incoming = self.incoming();
                        out.extend(
                            incoming.map(|message| Output::Send { to: device.device, message }),
                        );
                    }
                    let (call_id, user) = (self.id, device.user);
                    let message = RelayMessage::CallRinging { call_id, user, devices };
                    send(out, self.caller.device, message);
                }
            }
            Phase::Live(live) => {
                // Being connected says nothing about a call that only somebody else claims.
                if let Some(seat) = live.seats.get_mut(&device.device).filter(|s| s.claimed) {
                    seat.state = SeatState::Held;
                }
            }
        }
        Fate::Lives
    }

    pub(super) fn disconnected(
        &mut self,
        device: DeviceId,
        heard_at: u64,
        seat_until: u64,
    ) -> Fate {
        match &mut self.phase {
            Phase::Ringing(ringing) => {
                if self.caller.device == device {
                    ringing.caller_gone_until = Some(seat_until);
                }
            }
            Phase::Live(live) => {
                if let Some(seat) = live.seats.get_mut(&device).filter(|s| s.claimed) {
                    seat.state = SeatState::Gone { until: seat_until };
                    seat.heard_at = heard_at;
                }
            }
        }
        Fate::Lives
    }

    pub(super) fn signed_out(
        &mut self,
        device: &Participant,
        now: u64,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        match &mut self.phase {
            Phase::Ringing(_) if self.caller.device == device.device => {
                self.end(now, EndReason::Cancelled, out)
            }
            Phase::Ringing(ringing) => {
                ringing.devices.remove(&device.device);
                Fate::Lives
            }
            Phase::Live(live) if live.seats.contains_key(&device.device) => {
                self.vacate(now, device.device, EndReason::Ended, out)
            }
            Phase::Live(_) => Fate::Lives,
        }
    }
}
