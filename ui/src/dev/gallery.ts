import { mount } from 'svelte';
import type { PeerId, Slot } from '../lib/bindings';
import { Client } from '../lib/client.svelte';
import '../shared/base.css';
import { hue } from '../shared/avatar';
import App from '../views/App.svelte';
import { FakeDesktop, FakeHost, FakeMedia } from './fake';
import { scenes } from './scenes';

/** A moving picture that is not a person. */
function picture(owner: PeerId | 'local', slot: Slot): MediaStreamTrack | null {
  if (slot === 'audio' || slot === 'screenAudio') return null;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = slot === 'screen' ? [1600, 1000] : [1280, 720];
  const pen = canvas.getContext('2d');
  if (!pen) return null;
  const tint = hue(`${owner} ${slot}`);
  let frame = 0;
  const draw = () => {
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
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10).getVideoTracks()[0] ?? null;
}

const name = decodeURIComponent(location.hash.slice(1));
const scene = scenes[name];
const target = document.getElementById('app');
if (target && scene) {
  const host = new FakeHost(
    scene.view,
    scene.seat,
    scene.desktop && new FakeDesktop(scene.desktop),
  );
  const client = new Client(host, new FakeMedia(picture, scene.refused));
  client.router.place = scene.place ?? { page: 'home' };
  client.minimised = scene.minimised ?? false;
  client.fault = scene.fault ?? null;
  client.unkept = scene.unkept ?? null;
  mount(App, { target, props: { client } });
  setTimeout(async () => {
    const pause = () => new Promise((done) => setTimeout(done, 300));
    if (scene.menu !== undefined) {
      const more = document.querySelector('[aria-label="More"]');
      more?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
      await pause();
      const items = [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')];
      items.find(({ textContent }) => textContent.trim() === scene.menu)?.click();
      await pause();
    }
    if (scene.key) dispatchEvent(new KeyboardEvent('keydown', { key: scene.key }));
    for (const label of scene.press ?? []) {
      const buttons = [...document.querySelectorAll('button')];
      const button = buttons.find((b) => (b.ariaLabel ?? b.textContent.trim()) === label);
      button?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
      button?.click();
    }
  }, 300);
} else if (target) {
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
addEventListener('hashchange', () => location.reload());
