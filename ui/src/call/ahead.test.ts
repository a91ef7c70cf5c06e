import { fireEvent, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stage } from '../dev/render';
import { busyHome, call, ring, view } from '../dev/views';
import type { CallStage, CallView } from '../lib/bindings';

const PAINTED_MS = 200;
const pages = () => document.querySelectorAll<HTMLElement>('section.call');
const bars = () => document.querySelectorAll<HTMLElement>('.controls');
const pageInSight = () => screen.queryByRole('region', { name: 'Call' });
const inCall = (is: CallStage, change: Partial<CallView> = {}) =>
  view(busyHome({ call: call(is, change) }));
const connecting: CallStage = { type: 'connecting' };

/** Until the browser has nothing else to do. */
function rest(): void {
  vi.advanceTimersByTime(PAINTED_MS);
  flushSync();
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('the page of a call that rings', () => {
  const ringing = view(busyHome({ rings: [ring()] }));
  const accepted = inCall(connecting, { id: ring().call, outgoing: false });

  it('is drawn once the ring is, hidden, and is in sight as it is when the call is answered', () => {
    const { show } = stage({ view: ringing });
    expect(pages(), 'the ring goes first').toHaveLength(0);
    rest();
    const [page] = pages();
    const [bar] = bars();
    expect(page).toBeDefined();
    expect(pageInSight(), 'and nobody sees it').toBeNull();
    expect(screen.queryByRole('button', { name: 'Hang up' })).toBeNull();
    show(accepted);
    expect(pageInSight()).toBe(page);
    expect(bars()[0], 'nothing of it is drawn again').toBe(bar);
    expect(page, 'and the keyboard is there').toHaveFocus();
    expect(screen.getByRole('button', { name: 'Hang up' })).toBe(bar?.querySelector('.end button'));
  });

  it('does nothing: no key of a call acts, and no figure is read', () => {
    const { asked, client } = stage({ view: ringing });
    const figures = vi.spyOn(client, 'figures');
    rest();
    const seen = asked().length;
    for (const key of ['m', 'v', 'c', ' ']) {
      void fireEvent.keyDown(document.body, { key });
      void fireEvent.keyUp(document.body, { key });
    }
    vi.advanceTimersByTime(10_000);
    expect(asked()).toHaveLength(seen);
    expect(figures).not.toHaveBeenCalled();
    expect(document.querySelector('video'), 'and no camera').toBeNull();
  });

  it('goes with the ring', () => {
    const { show } = stage({ view: ringing });
    rest();
    show(view(busyHome()));
    expect(pages()).toHaveLength(0);
  });

  it('is not drawn where it could not be seen', () => {
    stage({ view: ringing, seat: 'elsewhere' });
    rest();
    expect(pages()).toHaveLength(0);
  });

  it('stays out of the way of the call that goes on', () => {
    const going = busyHome({ call: call({ type: 'connected', since: 0 }), rings: [ring()] });
    stage({ view: view(going) });
    rest();
    expect(pages()).toHaveLength(1);
    expect(pageInSight()).toBe(pages()[0]);
  });
});

describe('the page of a call that is dialled', () => {
  it('is drawn behind the dialling, hidden, and is in sight as it is when somebody answers', () => {
    const { asked, show } = stage({ view: inCall({ type: 'dialling', ringing: true }) });
    expect(bars(), 'dialling goes first').toHaveLength(0);
    rest();
    const [bar] = bars();
    expect(bar).toBeDefined();
    expect(screen.queryByRole('button', { name: 'Hang up' })).toBeNull();
    expect(screen.getAllByRole('button', { name: 'Mute' }), 'of one of both').toHaveLength(1);
    for (const key of ['m', 'v', 's']) void fireEvent.keyDown(document.body, { key });
    expect(asked(), 'and its keys do nothing').toEqual([]);
    show(inCall(connecting));
    expect(bars()[0], 'nothing of it is drawn again').toBe(bar);
    expect(screen.getByRole('button', { name: 'Hang up' })).toBeVisible();
    expect(screen.getAllByRole('button', { name: 'Mute' })).toHaveLength(1);
  });
});
