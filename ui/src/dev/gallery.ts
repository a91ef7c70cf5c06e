import { mount, unmount } from 'svelte';
import type { PeerId, Slot, View } from '../lib/bindings';
import { Client } from '../lib/client.svelte';
import '../shared/base.css';
import { hue } from '../shared/avatar';
import App from '../views/App.svelte';
import { FakeDesktop, FakeHost, FakeMedia } from './fake';
import { inGerman } from './german';
import { scenes, type Scene } from './scenes';
import { strange } from './strange';

/** Whoever looks at how things are laid out wants nothing to move. */
const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
const drawn = new Map<string, MediaStreamTrack | null>();

/** A picture that is not a person, and the same one whenever it is asked for. */
function picture(owner: PeerId | 'local', slot: Slot): MediaStreamTrack | null {
  if (slot === 'audio' || slot === 'screenAudio') return null;
  const key = `${owner} ${slot}`;
  const track = drawn.get(key) ?? draw(key, slot);
  drawn.set(key, track);
  return track;
}

function draw(key: string, slot: 'camera' | 'screen'): MediaStreamTrack | null {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = slot === 'screen' ? [1600, 1000] : [1280, 720];
  const pen = canvas.getContext('2d');
  if (!pen) return null;
  const tint = hue(key);
  let frame = 0;
  const next = () => {
    frame += 1;
    const shade = pen.createLinearGradient(0, 0, canvas.width, canvas.height);
    shade.addColorStop(0, `oklch(0.55 0.09 ${tint})`);
    shade.addColorStop(1, `oklch(0.3 0.07 ${tint + 60})`);
    pen.fillStyle = shade;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = '#ffffff33';
    pen.beginPath();
    pen.arc(canvas.width / 2, canvas.height / 2, 140 + 10 * Math.sin(frame / 20), 0, 7);
    pen.fill();
  };
  next();
  if (!still) setInterval(next, 100);
  return canvas.captureStream(10).getVideoTracks()[0] ?? null;
}

type Content = (view: View) => View;
/** `?content=` says with which words the scenes are shown. */
const contents: Record<string, Content> = {
  plain: (view) => view,
  strange,
  german: (view) => ({ ...view, settings: { ...view.settings, language: 'de' } }),
};
const content = contents[new URLSearchParams(location.search).get('content') ?? 'plain'];

/** The first that is found, as soon as there is one. */
async function found(find: () => HTMLElement | null | undefined): Promise<HTMLElement> {
  for (let frames = 0; frames < 120; frames += 1) {
    const element = find();
    if (element) return element;
    await new Promise(requestAnimationFrame);
  }
  throw new Error('the scene does not come to what it should show');
}

function press(element: HTMLElement): void {
  element.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
  element.click();
}

/** What has to be pressed until the scene looks as it should. */
async function act(scene: Scene): Promise<void> {
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
  const isCalled = (label: string) => {
    const name = content === contents.german ? inGerman(label) : label;
    return (one: HTMLElement) => (one.ariaLabel ?? one.textContent.trim()) === name;
  };
  if (scene.menu !== undefined) {
    const more = await found(() => all('button').find(isCalled('More')));
    more.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
    const { menu } = scene;
    (await found(() => all('[role="menuitem"]').find(isCalled(menu)))).click();
    await found(() => document.querySelector<HTMLElement>('[role="dialog"]'));
  }
  if (scene.key) dispatchEvent(new KeyboardEvent('keydown', { key: scene.key }));
  for (const label of scene.press ?? []) {
    press(await found(() => all('button').find(isCalled(label))));
  }
}

const target = document.getElementById('app');
let shown: ReturnType<typeof mount> | null = null;

async function show(target: HTMLElement, name: string, scene: Scene): Promise<void> {
  if (shown) await unmount(shown);
  const view = (content ?? contents.plain)?.(scene.view) ?? scene.view;
  const host = new FakeHost(view, scene.seat, scene.desktop && new FakeDesktop(scene.desktop));
  const client = new Client(host, new FakeMedia(picture, scene.refused));
  client.router.place = scene.place ?? { page: 'home' };
  client.minimised = scene.minimised ?? false;
  client.fault = scene.fault ?? null;
  client.unkept = scene.unkept ?? null;
  target.replaceChildren();
  shown = mount(App, { target, props: { client } });
  await act(scene);
  document.documentElement.dataset.scene = name;
}

function list(target: HTMLElement): void {
  const list = document.createElement('ul');
  for (const scene of Object.keys(scenes)) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = `#${scene}`;
    link.textContent = scene;
    item.append(link);
    list.append(item);
  }
  target.append(list);
}

function follow(): void {
  if (!target) return;
  const name = decodeURIComponent(location.hash.slice(1));
  const scene = scenes[name];
  if (scene) void show(target, name, scene);
  else list(target);
}

follow();
addEventListener('hashchange', follow);
