import type { ConversationView, Entry, Home, OpenConversation } from '../lib/bindings';

/** Conversations that a window remembers: the one in sight, and those that were a moment ago. */
const MOST = 4;

/**
 * The conversations that were open. The core keeps one open for all windows of a profile, that of the
 * window in use; another window goes on showing its own, with what comes to it.
 */
export class Opened {
  readonly #kept = new Map<string, OpenConversation>();

  /** Takes down what a view has of them. */
  take({ open, conversations }: Pick<Home, 'open' | 'conversations'>): void {
    for (const [id, kept] of this.#kept) {
      if (id === open?.id) continue;
      const now = conversations.find((conversation) => conversation.id === id);
      if (now) this.#kept.set(id, withLast(kept, now));
      else this.#kept.delete(id);
    }
    if (!open) return;
    // The newest is the last in the map, and the oldest makes room.
    this.#kept.delete(open.id);
    this.#kept.set(open.id, open);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
  }

  of(id: string): OpenConversation | null {
    return this.#kept.get(id) ?? null;
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** The newest line of the list belongs to the end of the conversation, or is a line of it anew. */
function withLast(kept: OpenConversation, { last }: ConversationView): OpenConversation {
  if (last === null) return { ...kept, loading: false };
  const is = (entry: Entry): boolean => entry.type === last.type && entry.id === last.id;
  const known = kept.entries.findIndex(is);
  const entries = known === -1 ? [...kept.entries, last] : kept.entries.with(known, last);
  return { ...kept, entries, loading: false };
}
