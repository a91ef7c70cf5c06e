//! What sessions that come and go mean for a call.

use std::collections::VecDeque;

use bellwire_protocol::{DeviceId, EndReason, Participant, RelayMessage};

use super::call::{Call, Fate, Phase, send};
use super::live::Gone;
use super::{Going, Output};

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
                if live.seats.get(&device.device).is_some_and(|seat| seat.claimed) {
                    self.hold(device.device, out);
                }
            }
        }
        Fate::Lives
    }

    pub(super) fn disconnected(
        &mut self,
        now: u64,
        device: DeviceId,
        heard_at: u64,
        gone: Gone,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        match &mut self.phase {
            Phase::Ringing(ringing) if self.caller.device == device => match gone.going {
                Going::Lost => {
                    ringing.caller_gone_until = Some(gone.until);
                    Fate::Lives
                }
                // A page that comes back does not go on calling either.
                Going::Left => self.end(now, EndReason::Cancelled, out),
            },
            Phase::Ringing(ringing) => {
                if gone.going == Going::Left
                    && let Some((who, _)) = ringing.devices.remove(&device)
                {
                    let (call_id, user) = (self.id, who.user);
                    let devices = ringing.ringing_devices_of(user);
                    let message = RelayMessage::CallRinging { call_id, user, devices };
                    send(out, self.caller.device, message);
                }
                Fate::Lives
            }
            Phase::Live(_) => {
                self.keep_seat(device, heard_at, gone, out);
                Fate::Lives
            }
        }
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
