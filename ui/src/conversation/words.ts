import type { ConversationView, Entry, PresenceStatus } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';

export type CallEntry = Extract<Entry, { type: 'call' }>;
export type MessageEntry = Extract<Entry, { type: 'message' }>;

/** A person's name, or words for somebody whom nothing here knows any more. */
export function personWords(name: string): string {
  return name === '' ? m.somebody_gone() : name;
}

export function presenceWords(status: PresenceStatus): string {
  switch (status) {
    case 'online':
      return m.presence_online();
    case 'away':
      return m.presence_away();
    case 'dnd':
      return m.presence_dnd();
    case 'offline':
      return m.presence_offline();
  }
}

/** What stands below a conversation's name: the person's availability, or how many a group has. */
export function aboutWords({ group, presence }: ConversationView): string {
  if (group === null) return presenceWords(presence);
  const people = m.people_count({ count: group.members.length });
  const count = group.invited.length;
  return count === 0 ? people : m.people_and_invited({ people, count });
}

/** What happened, in a line: "Missed video call", "Voice call", "No answer". */
export function callWords(entry: CallEntry): string {
  const video = entry.media === 'video';
  const incoming = entry.direction === 'incoming';
  switch (entry.outcome) {
    case 'answered':
      return video ? m.call_video() : m.call_voice();
    case 'lost':
      return m.call_lost();
    case 'time_limit':
      return m.call_time_limit();
    case 'missed':
      return video ? m.call_missed_video() : m.call_missed_voice();
    case 'declined':
      return incoming ? m.call_declined_by_you() : m.call_declined();
    case 'busy':
      return incoming ? m.call_missed_busy() : m.call_busy();
    case 'dnd':
      return incoming ? m.call_missed_dnd() : m.call_dnd();
    case 'cancelled':
      return incoming ? m.call_missed_voice() : m.call_cancelled();
    case 'no_answer':
      return incoming ? m.call_missed_voice() : m.call_no_answer();
    case 'unreachable':
      return incoming ? m.call_missed_voice() : m.call_unreachable();
    case 'failed':
      return m.call_failed();
  }
}

/** Whether this person missed the call: such calls stand out. */
export function isMissed(entry: CallEntry): boolean {
  return (
    entry.direction === 'incoming' &&
    ['missed', 'busy', 'dnd', 'cancelled', 'no_answer', 'unreachable'].includes(entry.outcome)
  );
}

/** The newest thing of a conversation in a line. */
export function previewWords(entry: Entry | null): string {
  if (!entry) return m.nothing_yet();
  switch (entry.type) {
    case 'call':
      return callWords(entry);
    case 'message':
      return entry.from === null ? m.preview_own({ text: entry.text }) : entry.text;
  }
}
