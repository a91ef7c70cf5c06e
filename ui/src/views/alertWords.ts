import type { Alert } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';

/** What a system notification says of an alert. */
export function alertWords(alert: Alert): { title: string; body: string } | null {
  switch (alert.type) {
    case 'ring':
      return {
        title: m.title_ringing({ name: alert.name }),
        body: alert.media === 'video' ? m.incoming_video() : m.incoming_voice(),
      };
    case 'missed':
      return {
        title: alert.media === 'video' ? m.call_missed_video() : m.call_missed_voice(),
        body: m.incoming_from({ name: alert.name }),
      };
    case 'message':
      return { title: alert.name, body: alert.text };
    case 'ring_stopped':
      return null;
  }
}
