import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';

import { run } from '../harness/command.ts';
import type { Scene } from '../harness/scene.ts';
import type { Stage } from '../harness/stage.ts';
import { until } from '../harness/waiting.ts';

/** Machines that lack something, and relays that are none. */
export const bare: Scene[] = [
  {
    name: 'without a message bus the app starts, says that nothing is kept, and is called',
    async play(stage) {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name, 'none');
      await desktop.bus.stop();
      const window = await desktop.open();
      await window.press('button', 'Go on without keeping anything');
      await desktop.signIn(relay.origin, ada);
      const browser = await stage.browser(relay, grace);
      await browser.person.home.open(ada.name);
      await browser.person.home.voiceCall.click();
      await window.press('button', 'Accept');
      await browser.person.call.expectLive();
    },
  },
  {
    name: 'without a tray and notifications closing minimises, and a small window still rings',
    async play(stage) {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      await desktop.closeWindow();
      const browser = await stage.browser(relay, grace);
      await browser.person.home.open(ada.name);
      await browser.person.home.voiceCall.click();
      await until('the ringing window', async () =>
        (await desktop.display.visible('Incoming call')).length === 1,
      );
      const second = desktop.startAgain();
      stage.onEnd(() => second.end());
      await until('the main window', async () => (await desktop.display.visible('Bellwire')).length === 1);
      await desktop.window.press('button', 'Accept');
      await browser.person.call.expectLive();
    },
  },
  {
    name: 'without a sound server a video call goes on, and says what is missing',
    async play(stage) {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      await desktop.room.stop();
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const browser = await stage.browser(relay, grace, true);
      await desktop.talkTo(grace.name);
      await desktop.window.press('button', 'Video call');
      await browser.person.incoming.accept.click();
      await desktop.window.reads(/microphone.*nobody hears you/);
      await until('pictures of the browser', async () => (await desktop.window.frames(grace.name)) > 30);
      await desktop.window.press('button', 'Hang up');
    },
  },
  {
    name: 'without a camera a video call goes on, and says what is missing',
    async play(stage) {
      const relay = await stage.relay();
      const { ada, grace } = await stage.pair(relay);
      const desktop = await stage.desktop(ada.name);
      desktop.camera = false;
      await desktop.open();
      await desktop.signIn(relay.origin, ada);
      const browser = await stage.browser(relay, grace, true);
      await browser.person.home.open(ada.name);
      await browser.person.home.videoCall.click();
      await desktop.window.press('button', 'Accept');
      await desktop.window.reads(/finds no camera/);
      await until('pictures of the browser', async () => (await desktop.window.frames(grace.name)) > 30);
      await desktop.window.press('button', 'Hang up');
    },
  },
  {
    name: 'a relay whose certificate nobody vouches for is sent nothing, and the screen says why',
    async play(stage) {
      const server = await untrusted(stage);
      let asked = 0;
      server.on('request', () => (asked += 1));
      const desktop = await stage.desktop('ada');
      const window = await desktop.open();
      await window.fill('Relay', `https://localhost:${(server.address() as AddressInfo).port}`);
      await window.reads(/certificate of .* is not trusted, so nothing was sent/);
      assert.equal(asked, 0, 'nothing was sent');
    },
  },
  {
    name: 'what is no relay of this version is named as that',
    async play(stage) {
      const server = createPlain((_, response) => response.end('<h1>It works!</h1>'));
      await listen(stage, server);
      const desktop = await stage.desktop('ada');
      const window = await desktop.open();
      await window.fill('Relay', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await window.reads(/is not a Bellwire relay that this version knows/);
    },
  },
];

/** A server with a certificate that it made itself. */
async function untrusted(stage: Stage): Promise<Server> {
  const [key, cert] = [join(stage.folder, 'key.pem'), join(stage.folder, 'cert.pem')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost'],
  ]);
  const server = createSecure({ key: readFileSync(key), cert: readFileSync(cert) });
  await listen(stage, server);
  return server;
}

async function listen(stage: Stage, server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.onEnd(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
}
