import { mount } from 'svelte';
import { Client } from './lib/client.svelte';
import { WebHost } from './lib/host/web';
import { WebviewPeers } from './lib/rtc/webview-peers';
import './shared/base.css';
import { takeOver } from './takeOver';
import { alertWords } from './views/alertWords';
import App from './views/App.svelte';

takeOver((target) => {
  const peers = new WebviewPeers();
  const host = new WebHost({ peers, words: alertWords });
  mount(App, { target, props: { client: new Client(host, peers) } });
});
