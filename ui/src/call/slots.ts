import type { CallView, LocalSlot } from '../lib/bindings';
import type { Client } from '../lib/client.svelte';

/** What a person switches. */
export type SwitchedSlot = 'audio' | 'camera' | 'screen';

/** Sends on a slot, or stops. */
export function toggleSlot(client: Client, call: CallView, slot: SwitchedSlot): void {
  client.dispatch({ type: 'set_slot', slot, on: !slotOf(call, slot).on });
}

export function slotOf(call: CallView, slot: SwitchedSlot): LocalSlot {
  return call.local[slot];
}
