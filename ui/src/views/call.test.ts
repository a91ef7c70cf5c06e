import { fireEvent, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stage } from '../dev/render';
import { busyHome, call, remote, ring, view } from '../dev/views';
import type { CallView, DeviceProblem, Home, RingView } from '../lib/bindings';

const button = (name: string) => screen.getByRole('button', { name });
const live = (change: Partial<CallView> = {}) =>
  call({ type: 'connected', since: Date.now() - 65_000 }, change);
const inCall = (change: Partial<CallView> = {}) => view(busyHome({ call: live(change) }));
const ringing = (...rings: RingView[]) => view(busyHome({ rings }));

beforeEach(() => {
  Object.assign(navigator, {
    mediaDevices: {
      getDisplayMedia: () => Promise.reject(new DOMException()),
      enumerateDevices: () =>
        Promise.resolve([
          { kind: 'audioinput', deviceId: 'default', label: 'Default' },
          { kind: 'audioinput', deviceId: 'mic-2', label: 'Headset' },
          { kind: 'videoinput', deviceId: 'cam-1', label: '' },
        ]),
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    },
  });
});
afterEach(() => void vi.useRealTimers());

describe('an incoming call', () => {
  it('says who and what, and is accepted, also without video, or declined', async () => {
    const { asked, client } = stage({ view: ringing(ring()) });
    const dialog = screen.getByRole('alertdialog', { name: 'Incoming call' });
    expect(dialog).toHaveTextContent('Grace Hopper');
    expect(dialog).toHaveTextContent('Video call');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Accept' }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Accept without video' }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Decline' }));
    expect(asked()).toEqual([
      { type: 'accept_call', call: 'call-2', media: 'video' },
      { type: 'accept_call', call: 'call-2', media: 'voice' },
      { type: 'decline_call', call: 'call-2' },
    ]);
    expect(client.router.place).toEqual({ page: 'conversation', id: 'grace' });
  });

  it('offers no video where there is none', () => {
    stage({ view: ringing(ring({ media: 'voice' })) });
    expect(screen.queryByRole('button', { name: 'Accept without video' })).toBeNull();
  });

  /** Longer than a key that was meant for something else can take to arrive, in ms. */
  const LATER = 1_001;

  it('is accepted by Enter and declined by Escape, a second after it came', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { asked } = stage({ view: ringing(ring()) });
    const dialog = screen.getByRole('alertdialog');
    expect(dialog, 'and not one of its buttons').toHaveFocus();
    await fireEvent.keyDown(dialog, { key: 'Enter' });
    await fireEvent.keyDown(dialog, { key: 'Escape' });
    expect(asked()).toEqual([]);
    vi.advanceTimersByTime(LATER);
    await fireEvent.keyDown(dialog, { key: 'Enter', repeat: true });
    expect(asked()).toEqual([]);
    await fireEvent.keyDown(dialog, { key: 'Enter' });
    await fireEvent.keyDown(dialog, { key: 'Escape' });
    expect(asked().map(({ type }) => type)).toEqual(['accept_call', 'decline_call']);
  });

  it('leaves whoever types at their message, and comes to the keyboard with Tab', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const place = { page: 'conversation', id: 'grace' } as const;
    const user = userEvent.setup({ delay: null });
    const { asked, show } = stage({ view: view(busyHome()), place });
    const box = screen.getByRole('textbox', { name: 'Message' });
    await user.type(box, 'See you ');
    show(ringing(ring()));
    const dialog = screen.getByRole('alertdialog');
    expect(within(dialog).getByRole('alert')).toHaveTextContent(/Grace Hopper is calling.*Tab/s);
    expect(box).toHaveFocus();
    vi.advanceTimersByTime(LATER);
    await user.keyboard('there{Enter}');
    expect(asked()).toEqual([{ type: 'send_chat', conversation: 'grace', text: 'See you there' }]);
    await user.keyboard('{Tab}');
    expect(dialog).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(asked(), 'the second begins again').toHaveLength(1);
    vi.advanceTimersByTime(LATER);
    await user.keyboard('{Enter}');
    expect(asked().at(-1)).toEqual({ type: 'accept_call', call: 'call-2', media: 'video' });
  });

  describe('with a preview', () => {
    const stopped = vi.fn();
    const opened = vi.fn((_wanted: MediaStreamConstraints) =>
      Promise.resolve({ getTracks: () => [{ kind: 'video', stop: stopped }] }),
    );
    beforeEach(() => {
      Object.assign(navigator.mediaDevices, { getUserMedia: opened });
      opened.mockClear();
      stopped.mockClear();
    });
    const shown = () => screen.findByLabelText('Your picture');

    it('opens the camera when it is asked for, not before, and gives it back to the call', async () => {
      const { asked } = stage({ view: ringing(ring()) });
      const dialog = screen.getByRole('alertdialog');
      expect(opened).not.toHaveBeenCalled();
      await userEvent.click(within(dialog).getByRole('button', { name: 'Preview' }));
      expect(await shown()).toBeInstanceOf(HTMLVideoElement);
      expect(opened.mock.calls, 'no microphone').toEqual([[{ video: true }]]);
      await userEvent.click(within(dialog).getByRole('button', { name: 'Accept' }));
      expect(stopped).toHaveBeenCalledOnce();
      expect(asked()).toEqual([{ type: 'accept_call', call: 'call-2', media: 'video' }]);
    });

    it('closes the camera with the preview, and with the call', async () => {
      const { show } = stage({ view: ringing(ring()) });
      await userEvent.click(button('Preview'));
      await shown();
      await userEvent.click(button('Close preview'));
      expect(stopped).toHaveBeenCalledTimes(1);
      await userEvent.click(button('Preview'));
      await shown();
      show(ringing());
      expect(stopped).toHaveBeenCalledTimes(2);
    });

    it('chooses devices, and their lists keep their keys', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const user = userEvent.setup({ delay: null });
      const { asked } = stage({ view: ringing(ring()) });
      vi.advanceTimersByTime(LATER);
      await user.click(button('Preview'));
      await screen.findByRole('option', { name: 'Headset' });
      const microphones = screen.getByRole('combobox', { name: 'Microphone' });
      await user.selectOptions(microphones, 'Headset');
      expect(asked()).toMatchObject([{ type: 'save_settings', settings: { microphone: 'mic-2' } }]);
      await fireEvent.keyDown(microphones, { key: 'Enter' });
      await fireEvent.keyDown(microphones, { key: 'Escape' });
      expect(asked(), 'neither accepted nor declined').toHaveLength(1);
    });

    it('is not offered where nobody would see anything', () => {
      stage({ view: ringing(ring({ media: 'voice' })) });
      expect(screen.queryByRole('button', { name: 'Preview' })).toBeNull();
    });
  });

  it('is gone as soon as it no longer rings', () => {
    const { show } = stage({ view: ringing(ring()) });
    expect(document.title).toBe('Grace Hopper is calling');
    show(ringing());
    expect(screen.queryByRole('alertdialog')).toBeNull();
    expect(document.title).not.toContain('Grace');
  });
});

describe('dialling', () => {
  it('says how far it is and can be cancelled', async () => {
    const dial = (reached: boolean) =>
      view(busyHome({ call: call({ type: 'dialling', ringing: reached }) }));
    const { asked, show } = stage({ view: dial(false) });
    const region = screen.getByRole('region', { name: 'Call' });
    expect(region).toHaveTextContent('Calling…');
    show(dial(true));
    expect(region).toHaveTextContent('Ringing…');
    expect(screen.getByLabelText('You')).toBeInstanceOf(HTMLVideoElement);
    await userEvent.click(within(region).getByRole('button', { name: 'Cancel' }));
    expect(asked()).toEqual([{ type: 'hang_up', call: 'call-1' }]);
  });
});

describe('a call', () => {
  it('shows everybody, the duration and the title', () => {
    stage({ view: inCall() });
    const region = screen.getByRole('region', { name: 'Call' });
    expect(within(region).getByLabelText('Grace Hopper')).toBeInstanceOf(HTMLVideoElement);
    expect(within(region).getByLabelText('You')).toBeInstanceOf(HTMLVideoElement);
    expect(region).toHaveTextContent('1:05');
    expect(document.title).toBe('In call with Grace Hopper');
  });

  it('shows no picture of whoever sends none', () => {
    stage({
      view: inCall({
        remotes: [remote({ sends: { mic: false, camera: false, screen: false, narrow: false } })],
      }),
    });
    expect(document.querySelector('video[aria-label="Grace Hopper"]')).toBeNull();
    expect(screen.getByRole('region', { name: 'Call' })).toHaveTextContent('Grace Hopper, muted');
  });

  it('plays each remote sound once, and goes on while minimised', () => {
    const shares = {
      remotes: [remote({ sends: { mic: true, camera: true, screen: true, narrow: false } })],
    };
    const { client, show } = stage({ view: inCall(shares) });
    const heard = () => document.querySelectorAll('audio').length;
    expect(heard(), 'voice and the sound of a shared screen').toBe(2);
    client.minimised = true;
    show(inCall(shares));
    expect(heard()).toBe(2);
    show(view(busyHome({ call: call({ type: 'ended', reason: 'ended', length_s: 65 }) })));
    expect(heard()).toBe(0);
  });

  it('says that the browser holds the sound back, until it plays', async () => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = () =>
      Promise.reject(new DOMException('press first', 'NotAllowedError'));
    stage({ view: inCall() });
    expect(await screen.findByRole('alert')).toHaveTextContent('holds the sound back');
    HTMLMediaElement.prototype.play = play;
    const [audio] = document.querySelectorAll('audio');
    if (audio) await fireEvent(audio, new Event('playing'));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says what others get of oneself, also when the controls are hidden', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const off = { on: false, state: { type: 'off' } } as const;
    const on = { on: true, state: { type: 'live', label: '' } } as const;
    const mine = () =>
      within(screen.getByRole('region', { name: 'Call' })).queryByRole('list', { name: 'You' });
    const { client, show } = stage({
      view: inCall({ local: { audio: off, camera: on, screen: on, narrow: false } }),
    });
    expect(mine(), 'the bar says so').toBeNull();
    vi.advanceTimersByTime(3_000);
    show(inCall({ local: { audio: off, camera: on, screen: on, narrow: false } }));
    expect(mine()).toHaveTextContent(/You are muted.*Your camera is on.*You share your screen/);
    show(inCall({ local: { audio: on, camera: off, screen: off, narrow: false } }));
    expect(mine()).toBeNull();
    client.minimised = true;
    show(inCall({ local: { audio: off, camera: off, screen: off, narrow: false } }));
    const bar = screen.getByRole('region', { name: 'Running call' });
    expect(within(bar).getByRole('list', { name: 'You' })).toHaveTextContent('You are muted');
  });

  it('says that the own video is paused, whether the bar is in sight or not', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const on = { on: true, state: { type: 'live', label: '' } } as const;
    const off = { on: false, state: { type: 'off' } } as const;
    const slow = inCall({ local: { audio: on, camera: on, screen: off, narrow: true } });
    const paused = () => screen.getAllByText('Your video is paused: your connection is slow');
    const { show } = stage({ view: slow });
    expect(paused()).toHaveLength(1);
    vi.advanceTimersByTime(3_000);
    show(slow);
    expect(paused()).toHaveLength(1);
    show(inCall({ local: { audio: on, camera: off, screen: off, narrow: true } }));
    expect(screen.queryByText(/Your video is paused/), 'none is wanted').toBeNull();
  });

  it('shows its controls to whoever comes to one with the keyboard', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { show } = stage({ view: inCall() });
    const hidden = () => document.querySelector('.stage.hidden');
    vi.advanceTimersByTime(3_000);
    show(inCall());
    expect(hidden()).not.toBeNull();
    for (const name of ['Back to conversations', 'People', 'Mute']) {
      await fireEvent.keyDown(document.body, { key: 'Tab' });
      screen.getByRole('button', { name: new RegExp(name) }).focus();
      show(inCall());
      expect(hidden(), name).toBeNull();
    }
  });

  it('switches microphone, camera and screen, and says what is on', async () => {
    const { asked } = stage({ view: inCall() });
    expect(button('Mute')).toHaveAttribute('aria-pressed', 'false');
    expect(button('Camera')).toHaveAttribute('aria-pressed', 'true');
    expect(button('Share screen')).toHaveAttribute('aria-pressed', 'false');
    for (const name of ['Mute', 'Camera', 'Share screen', 'Hang up']) {
      await userEvent.click(button(name));
    }
    expect(asked()).toEqual([
      { type: 'set_slot', slot: 'audio', on: false },
      { type: 'set_slot', slot: 'camera', on: false },
      { type: 'set_slot', slot: 'screen', on: true },
      { type: 'hang_up', call: 'call-1' },
    ]);
  });

  it('obeys its keys', async () => {
    const { asked } = stage({ view: inCall() });
    await userEvent.keyboard('mvs');
    await userEvent.keyboard('{Control>}{Shift>}[KeyH]{/Shift}{/Control}');
    expect(asked()).toEqual([
      { type: 'set_slot', slot: 'audio', on: false },
      { type: 'set_slot', slot: 'camera', on: false },
      { type: 'set_slot', slot: 'screen', on: true },
      { type: 'hang_up', call: 'call-1' },
    ]);
  });

  it('talks while Space is held, muted', async () => {
    const muted = inCall({
      local: { ...live().local, audio: { on: false, state: { type: 'off' } } },
    });
    const { asked } = stage({ view: muted });
    const user = userEvent.setup();
    await user.keyboard('[Space>]');
    expect(asked()).toEqual([{ type: 'set_slot', slot: 'audio', on: true }]);
    await user.keyboard('[/Space]');
    expect(asked()[1]).toEqual({ type: 'set_slot', slot: 'audio', on: false });
  });

  it('stops talking when Space is let go, wherever the focus went', async () => {
    const muted = inCall({
      local: { ...live().local, audio: { on: false, state: { type: 'off' } } },
    });
    const { asked } = stage({ view: muted });
    await userEvent.keyboard('c');
    await fireEvent.keyDown(document.body, { key: ' ' });
    await fireEvent.keyUp(screen.getByRole('textbox', { name: 'Message' }), { key: ' ' });
    expect(asked().at(-1)).toEqual({ type: 'set_slot', slot: 'audio', on: false });
  });

  it('opens the chat with C, and then takes no keys from who types', async () => {
    const { asked, host } = stage({ view: inCall() });
    await userEvent.keyboard('c');
    expect(host.commands).toContainEqual({ type: 'open_conversation', conversation: 'grace' });
    const panel = screen.getByRole('complementary', { name: 'Chat' });
    expect(within(panel).getByRole('log', { name: 'Messages' })).toBeVisible();
    await userEvent.type(within(panel).getByRole('textbox', { name: 'Message' }), 'mvs');
    expect(asked()).toEqual([]);
    await userEvent.click(within(panel).getByRole('button', { name: 'Send' }));
    expect(asked()).toEqual([{ type: 'send_chat', conversation: 'grace', text: 'mvs' }]);
    expect(panel).not.toHaveTextContent('when a call connects you');
  });

  it('writes beneath each icon what it does, in words of its name', () => {
    stage({ view: inCall() });
    for (const name of ['Mute', 'Camera', 'Share screen', 'Devices', 'Chat', 'Hang up']) {
      const [, word] = button(name).children;
      expect(name, 'who says what they see presses it').toContain(word?.textContent);
    }
  });

  describe('with a shared screen', () => {
    const shared = () =>
      inCall({
        remotes: [remote({ sends: { mic: true, camera: true, screen: true, narrow: false } })],
      });
    const full = { element: null as Element | null };

    it('is enlarged by buttons and keys, and seen whole again', async () => {
      stage({ view: shared() });
      const place = screen.getByRole('group', { name: 'Screen of Grace Hopper' });
      const picture = place.firstElementChild as HTMLElement;
      expect(picture.style.scale).toBe('1');
      expect(button('Zoom out')).toBeDisabled();
      await userEvent.click(button('Zoom in'));
      expect(picture.style.scale).toBe('1.25');
      await fireEvent.keyDown(place, { key: '+' });
      expect(Number(picture.style.scale)).toBeGreaterThan(1.5);
      await userEvent.click(button('Show the whole screen'));
      expect(picture.style.scale).toBe('1');
      await fireEvent.wheel(place, { deltaY: -100 });
      expect(picture.style.scale).toBe('1.25');
    });

    it('fills the screen with a button and with F, until the call ends', async () => {
      const leave = vi.fn(() => Promise.resolve());
      Object.defineProperties(document, {
        fullscreenEnabled: { value: true, configurable: true },
        fullscreenElement: { get: () => full.element, configurable: true },
        exitFullscreen: { value: leave, configurable: true },
      });
      const enter = vi.fn(() => Promise.resolve());
      Object.assign(document.documentElement, { requestFullscreen: enter });
      const { show } = stage({ view: shared() });
      await userEvent.click(button('Full screen'));
      expect(enter).toHaveBeenCalledTimes(1);
      full.element = document.documentElement;
      await fireEvent(document, new Event('fullscreenchange'));
      expect(button('Full screen')).toHaveAttribute('aria-pressed', 'true');
      await userEvent.keyboard('f');
      expect(leave).toHaveBeenCalledTimes(1);
      show(view(busyHome()));
      expect(leave).toHaveBeenCalledTimes(2);
      full.element = null;
    });
  });

  it('shows who shares a screen what others see of it, and ends it there', async () => {
    const on = { on: true, state: { type: 'live', label: '' } } as const;
    const { asked } = stage({ view: inCall({ local: { ...live().local, screen: on } }) });
    const own = screen.getByRole('group', { name: 'You share your screen' });
    expect(within(own).getByLabelText('Your screen')).toBeInstanceOf(HTMLVideoElement);
    await userEvent.click(within(own).getByRole('button', { name: 'Stop sharing' }));
    expect(asked()).toEqual([{ type: 'set_slot', slot: 'screen', on: false }]);
  });

  it('shows its keys with ?', async () => {
    stage({ view: inCall() });
    await userEvent.keyboard('?');
    expect(await screen.findByRole('dialog', { name: 'Keys' })).toHaveTextContent('Hold to talk');
  });

  it('chooses devices', async () => {
    const { asked } = stage({ view: inCall() });
    // Without layout the menu counts as hidden, and what is hidden has no name.
    const item = async (name: string) =>
      (await screen.findByText(name)).closest('[role="menuitemradio"]') as HTMLElement;
    await userEvent.keyboard('d');
    await userEvent.click(await item('Headset'));
    expect(asked()).toMatchObject([{ type: 'save_settings', settings: { microphone: 'mic-2' } }]);
    expect(await item('Camera 1')).toHaveAttribute('aria-checked', 'false');
    expect(screen.queryByText('Default'), 'the system’s choice has its own line').toBeNull();
  });

  it('says what changed in its status', () => {
    const { show } = stage({ view: inCall() });
    const status = within(screen.getByRole('region', { name: 'Call' })).getByRole('status');
    expect(status).toHaveTextContent('');
    show(
      inCall({
        remotes: [remote({ sends: { mic: false, camera: true, screen: false, narrow: false } })],
      }),
    );
    expect(status).toHaveTextContent('Grace Hopper muted');
    show(view(busyHome({ call: call({ type: 'reconnecting', since: 0 }) })));
    expect(status).toHaveTextContent('Reconnecting…');
    show(inCall());
    expect(status).toHaveTextContent('Connection restored');
  });

  it('goes on without the relay and says so', () => {
    stage({
      view: view(busyHome({ call: live() }), {
        relay: { type: 'offline', retry_at: 0, cause: { type: 'unreachable' } },
      }),
    });
    const region = screen.getByRole('region', { name: 'Call' });
    expect(within(region).getByRole('status')).toHaveTextContent('Your call goes on.');
  });

  const SLOTS = { audio: 'nobody hears you', camera: 'without your picture' } as const;
  const problems: DeviceProblem[] = ['denied', 'busy', 'missing', 'unplugged', 'hung', 'other'];
  for (const slot of ['audio', 'camera'] as const) {
    for (const problem of problems) {
      it(`goes on with ${slot} ${problem}, says so and tries again`, async () => {
        const state = { on: true, state: { type: 'unavailable' as const, problem } };
        const { asked } = stage({ view: inCall({ local: { ...live().local, [slot]: state } }) });
        const alert = screen.getByRole('alert');
        expect(alert).toHaveTextContent(SLOTS[slot]);
        await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }));
        await userEvent.click(within(alert).getByRole('button', { name: 'Go on without' }));
        expect(asked()).toEqual([
          { type: 'set_slot', slot, on: true },
          { type: 'set_slot', slot, on: false },
        ]);
      });
    }
  }

  it('hides its controls after three seconds, but not while the focus is inside', async () => {
    vi.useFakeTimers();
    stage({ view: inCall() });
    const hidden = () => document.querySelector('.stage')?.classList.contains('hidden');
    await vi.advanceTimersByTimeAsync(2900);
    expect(hidden()).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(hidden()).toBe(true);
    await fireEvent.keyDown(document.body, { key: 'Tab' });
    button('Mute').focus();
    await vi.advanceTimersByTimeAsync(5000);
    expect(hidden()).toBe(false);
  });

  it('moves the own picture with the arrow keys', async () => {
    stage({ view: inCall() });
    const own = screen.getByRole('group', { name: 'Your picture' });
    expect(own).toHaveClass('bottom-right');
    await fireEvent.keyDown(own, { key: 'ArrowUp' });
    await fireEvent.keyDown(own, { key: 'ArrowLeft' });
    expect(own).toHaveClass('top-left');
  });

  it('lays out a group and names every picture', () => {
    const names = Array.from({ length: 15 }, (_, index) => `Person ${index + 1}`);
    const remotes = names.map((name, index) =>
      remote({ peer: index + 1, name, device: `d${index}`, user: `u${index}` }),
    );
    stage({ view: inCall({ remotes }) });
    for (const name of names) expect(screen.getByLabelText(name)).toBeInTheDocument();
  });
});

describe('the end of a call', () => {
  const over = (change: Partial<CallView> = {}, reason = 'declined') =>
    view(busyHome({ call: call({ type: 'ended', reason, length_s: null }, change) }));

  it('says how it ended, and offers to call again', async () => {
    const { asked } = stage({ view: over() });
    const region = screen.getByRole('region', { name: 'Call' });
    expect(within(region).getByRole('heading')).toHaveTextContent('Grace Hopper declined');
    await userEvent.click(within(region).getByRole('button', { name: 'Call again' }));
    await userEvent.click(within(region).getByRole('button', { name: 'Close' }));
    expect(asked()).toEqual([
      { type: 'place_call', conversation: 'grace', media: 'video' },
      { type: 'dismiss_call', call: 'call-1' },
    ]);
  });

  it('is told at the top of home to whoever looks there', async () => {
    const { asked } = stage({ view: over({}, 'lost'), minimised: true });
    const bar = screen.getByRole('region', { name: 'Running call' });
    expect(within(bar).getByRole('status')).toHaveTextContent('The connection was lost');
    await userEvent.click(within(bar).getByRole('button', { name: 'Close' }));
    expect(asked()).toEqual([{ type: 'dismiss_call', call: 'call-1' }]);
  });

  it('leaves by itself after an ordinary ending, and stays after any other', async () => {
    vi.useFakeTimers();
    const { asked, show } = stage({ view: over({}, 'lost') });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toEqual([]);
    show(over({ id: 'call-9' }, 'ended'));
    await vi.advanceTimersByTimeAsync(2600);
    expect(asked()).toEqual([{ type: 'dismiss_call', call: 'call-9' }]);
  });
});

describe('what a call does not need', () => {
  it('is a loudspeaker for the sound of a screen that nobody shares', () => {
    const shares = (screen: boolean) =>
      inCall({ remotes: [remote({ sends: { mic: true, camera: true, screen, narrow: false } })] });
    const { show } = stage({ view: shares(false) });
    expect(document.querySelectorAll('audio')).toHaveLength(1);
    show(shares(true));
    expect(document.querySelectorAll('audio')).toHaveLength(2);
    show(shares(false));
    expect(document.querySelectorAll('audio')).toHaveLength(1);
  });

  it('is drawing what it covers, which is up to date when it is seen again', () => {
    const renamed = (name: string, change: Partial<Home>) => {
      const home = busyHome(change);
      return view({
        ...home,
        conversations: home.conversations.map((one) =>
          one.id === 'grace' ? { ...one, name } : one,
        ),
      });
    };
    const { show } = stage({ view: inCall(), place: { page: 'conversation', id: 'grace' } });
    const app = document.querySelector('.app');
    let drawn = 0;
    const observer = new MutationObserver(() => (drawn += 1));
    const options = { subtree: true, childList: true, characterData: true, attributes: true };
    observer.observe(app as Element, options);
    show(renamed('Rear Admiral Hopper', { call: live() }));
    expect([drawn, observer.takeRecords().length]).toEqual([0, 0]);
    observer.disconnect();
    show(renamed('Rear Admiral Hopper', { call: null }));
    expect(screen.getByRole('heading', { name: 'Rear Admiral Hopper' })).toBeInTheDocument();
  });
});
