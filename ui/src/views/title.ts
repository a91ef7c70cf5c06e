import type { Home } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';

/** What the window's tab says, most urgent first. */
export function titleOf(home: Home | null): string {
  const ring = home?.rings[0];
  if (ring) return m.title_ringing({ name: ring.name });
  const call = home?.call;
  if (call && call.stage.type !== 'ended') return m.title_in_call({ name: call.name });
  const waiting =
    home?.conversations.reduce((sum, { missed, unread }) => sum + missed + unread, 0) ?? 0;
  return waiting > 0 ? `(${waiting}) Bellwire` : 'Bellwire';
}
