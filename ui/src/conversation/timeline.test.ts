import { fireEvent, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { stage } from '../dev/render';
import { busyHome, call, callEntry, conversation, message, view } from '../dev/views';
import type { Entry, OpenConversation } from '../lib/bindings';
import type { Place } from '../shared/router.svelte';
import { byDay } from './timeline';

const GRACE: Place = { page: 'conversation', id: 'grace' };
const START = new Date(2026, 4, 4, 9).getTime();
const HOUR = 3_600_000;

/** A long history: a message every hour, and a call after every fifth. */
function entry(n: number): Entry {
  const at = START + n * HOUR;
  return n % 6 === 5
    ? callEntry(`c${n}`, { at })
    : message(`m${n}`, `message ${n}`, { at, from: n % 2 ? 'Grace Hopper' : null });
}

const history = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => entry(from + n));

function showing(entries: Entry[], change: Partial<OpenConversation> = {}, unread = 0) {
  return view(
    busyHome({
      conversations: [conversation('grace', 'Grace Hopper', { unread })],
      open: { id: 'grace', entries, has_more: true, loading: false, ...change },
    }),
  );
}

/** Nodes of every kind beneath an element. */
function nodesIn(element: Element): number {
  return [...element.childNodes].reduce(
    (sum, node) => sum + 1 + (node instanceof Element ? nodesIn(node) : 0),
    0,
  );
}

const log = () => screen.getByRole('log');

/** jsdom lays nothing out: a pane in which 600 pixels of 5,000 are in sight. */
function scrollTo(top: number) {
  const pane = log();
  Object.defineProperties(pane, {
    scrollHeight: { value: 5000, configurable: true },
    clientHeight: { value: 600, configurable: true },
  });
  pane.scrollTop = top;
  fireEvent.scroll(pane);
}

describe('a timeline', () => {
  it('draws a new message alone, whatever is above it', () => {
    const { show } = stage({ view: showing(history(0, 50)), place: GRACE });
    const drawn = new Map([...log().querySelectorAll('[data-entry]')].map((row) => [row, true]));
    expect(drawn.size).toBe(50);
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver((seen) => changes.push(...seen));
    observer.observe(log(), { childList: true, subtree: true, characterData: true });
    // As views come: whole, and without the first.
    show(JSON.parse(JSON.stringify(showing(history(1, 51)))));
    changes.push(...observer.takeRecords());
    observer.disconnect();
    const rows = [...log().querySelectorAll('[data-entry]')];
    expect(rows.filter((row) => !drawn.has(row))).toHaveLength(1);
    expect(rows.at(-1)).toHaveTextContent('message 50');
    const touched = changes.flatMap(({ addedNodes, removedNodes }) => [
      ...addedNodes,
      ...removedNodes,
    ]);
    expect(touched.filter((node) => node instanceof Element)).toHaveLength(2);
    expect(changes.filter(({ type }) => type === 'characterData')).toEqual([]);
  });

  it('has a handful of nodes for a call, and for a message', () => {
    const calls = (count: number) =>
      Array.from({ length: count }, (_, n) => callEntry(`c${n}`, { at: START }));
    const { show } = stage({ view: showing(calls(10)), place: GRACE });
    const ten = nodesIn(log());
    show(showing(calls(30)));
    expect((nodesIn(log()) - ten) / 20).toBeLessThanOrEqual(12);
    show(showing(history(0, 3)));
    const few = nodesIn(log());
    show(showing([...history(0, 3), message('x', 'one more', { at: START + 3 * HOUR })]));
    expect(nodesIn(log()) - few).toBeLessThanOrEqual(20);
  });

  it('keeps days that did not change', () => {
    const entries = history(0, 50);
    const days = byDay(entries);
    const later = byDay([...entries.slice(1), entry(50)], days);
    expect(later.filter((day) => !days.includes(day))).toHaveLength(2);
    expect(later.map(({ key }) => key)).toEqual([...new Set(later.map(({ key }) => key))]);
    expect(byDay([...entries], days)).toEqual(days);
  });

  it('asks for earlier entries before they would be in sight, once', () => {
    const { show, asked } = stage({ view: showing(history(50, 100)), place: GRACE });
    scrollTo(2000);
    expect(asked()).toEqual([]);
    scrollTo(300);
    scrollTo(200);
    expect(asked()).toEqual([{ type: 'load_earlier' }]);
    show(showing(history(50, 100), { loading: true }));
    scrollTo(100);
    expect(asked()).toHaveLength(1);
    show(showing(history(0, 100)));
    scrollTo(100);
    expect(asked()).toHaveLength(2);
    show(showing(history(0, 100), { has_more: false }));
    scrollTo(0);
    expect(asked()).toHaveLength(2);
  });

  it('goes back to the newest alone at its end', async () => {
    const { show, asked } = stage({ view: showing(history(50, 100)), place: GRACE });
    scrollTo(4400);
    expect(screen.queryByRole('button', { name: 'To the newest' })).toBeNull();
    scrollTo(100);
    show(showing(history(0, 100)));
    await userEvent.click(screen.getByRole('button', { name: 'To the newest' }));
    expect(log().scrollTop).toBe(5000);
    expect(log()).toHaveFocus();
    scrollTo(4400);
    expect(asked()).toEqual([{ type: 'load_earlier' }, { type: 'show_newest' }]);
    expect(screen.queryByRole('button', { name: 'To the newest' })).toBeNull();
  });

  it('says what comes at its end, and not the earlier entries', () => {
    const { show } = stage({ view: showing(history(50, 100)), place: GRACE });
    show(showing(history(0, 100)));
    expect(log()).toHaveAttribute('aria-live', 'off');
    show(showing(history(0, 101)));
    expect(log()).toHaveAttribute('aria-live', 'polite');
    show(showing(history(1, 102)));
    expect(log()).toHaveAttribute('aria-live', 'polite');
  });

  it('keeps the text of a message as it was written, links too', () => {
    const text = '  two  blanks\n\thttps://example.org/a, <b>no</b>\nhttps://b.example ';
    stage({ view: showing([message('x', text)]), place: GRACE });
    const links = within(log()).getAllByRole('link');
    expect(links[0]?.closest('p')?.textContent).toBe(text);
    expect(links.map((link) => link.getAttribute('href'))).toEqual([
      'https://example.org/a',
      'https://b.example/',
    ]);
    for (const link of links) {
      expect(link).toHaveAttribute('target', '_blank');
      expect(link).toHaveAttribute('rel', 'noopener noreferrer');
      // What stands around it turns neither its letters nor its place.
      expect(link.querySelector('bdi')).toHaveAttribute('dir', 'ltr');
    }
  });
});

describe('what was read', () => {
  const seen = { type: 'mark_seen', conversation: 'grace' };

  it('counts as seen where it is in sight when it comes', () => {
    const { show, asked } = stage({ view: showing(history(0, 9)), place: GRACE });
    expect(asked()).toEqual([]);
    show(showing(history(0, 10), {}, 1));
    expect(asked()).toEqual([seen]);
    show(showing(history(0, 10)));
    show(showing(history(0, 11)));
    expect(asked()).toHaveLength(1);
  });

  it('counts in the panel of a call too', async () => {
    const inCall = (unread: number, panel: boolean) => {
      const shown = showing(history(0, 10), {}, unread);
      if (shown.account.type !== 'signed_in') throw new Error('signed out');
      shown.account.call = call({ type: 'connected', since: START });
      if (!panel) shown.account.open = null;
      return shown;
    };
    const { show, asked } = stage({ view: inCall(1, false), place: GRACE });
    expect(asked()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Chat' }));
    show(inCall(0, true));
    expect(asked()).toEqual([]);
    show(inCall(1, true));
    expect(asked()).toEqual([seen]);
  });

  it('stays unread below what is in sight, until one scrolls there', () => {
    const { show, asked } = stage({
      view: showing(history(0, 50), { has_more: false }),
      place: GRACE,
    });
    scrollTo(1000);
    show(showing(history(0, 52), { has_more: false }, 2));
    expect(asked()).toEqual([]);
    expect(screen.getByRole('button', { name: '2 unread messages' })).toBeVisible();
    scrollTo(4400);
    expect(asked()).toEqual([seen]);
  });

  it('stays unread in a window that nobody sees', () => {
    let state: DocumentVisibilityState = 'hidden';
    Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
    try {
      const { show, asked } = stage({ view: showing(history(0, 9)), place: GRACE });
      show(showing(history(0, 10), {}, 1));
      expect(asked()).toEqual([]);
      state = 'visible';
      fireEvent(document, new Event('visibilitychange'));
      expect(asked()).toEqual([seen]);
    } finally {
      Reflect.deleteProperty(document, 'visibilityState');
    }
  });
});
