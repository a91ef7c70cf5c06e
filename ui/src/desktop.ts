import { mount } from 'svelte';
import { Client } from './lib/client.svelte';
import { TauriHost } from './lib/host/tauri';
import { NativeMedia } from './lib/rtc/native-media';
import { WebviewPeers } from './lib/rtc/webview-peers';
import './shared/base.css';
import { takeOver } from './takeOver';
import App from './views/App.svelte';

takeOver((target) => {
  // By what is there, never by the operating system: a later webview may have it.
  const peers = typeof RTCPeerConnection === 'undefined' ? null : new WebviewPeers();
  const host = new TauriHost(peers);
  const media = peers ?? new NativeMedia(host.door);
  mount(App, { target, props: { client: new Client(host, media) } });
});
