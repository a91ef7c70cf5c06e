/** A far end on Bellwire's own executor for webviews, as the app uses it. */

import type { PeerCommand, PeerEvent, Slot } from '../../../ui/src/lib/bindings.ts';
import { WebviewPeers } from '../../../ui/src/lib/rtc/webview-peers.ts';

/** The only peer of a page. */
const PEER = 1;

/** How often it is said what came in, in ms. */
const REPORT_MS = 250;

const slots: readonly Slot[] = ['audio', 'camera', 'screen', 'screenAudio'];

declare global {
  var report: (line: string) => void;
  var take: (line: string) => void;
}

// The executor keeps its connections to itself; what comes in is read from the connection.
const connections: RTCPeerConnection[] = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

const peers = new WebviewPeers();

const say = (event: object): void => globalThis.report(JSON.stringify(event));

peers.onEvent((_, event: PeerEvent) => say(event));
peers.onTracks(() => {
  for (const slot of slots) {
    const track =
      slot === 'camera' || slot === 'screen' ? peers.picture(PEER, slot) : peers.sound(PEER, slot);
    if (!track || document.getElementById(track.id)) continue;
    const element = document.createElement(track.kind === 'audio' ? 'audio' : 'video');
    element.id = track.id;
    element.autoplay = true;
    element.srcObject = new MediaStream([track]);
    document.body.append(element);
  }
});

async function tell(): Promise<void> {
  const connection = connections.findLast(({ signalingState }) => signalingState !== 'closed');
  if (!connection) return;
  // A rolled back offer leaves some without an m-line.
  const transceivers = connection.getTransceivers().filter(({ mid }) => mid !== null);
  for (const [index, slot] of slots.entries()) {
    const report = await transceivers[index]?.receiver.getStats();
    for (const stat of report?.values() ?? []) {
      if (stat.type !== 'inbound-rtp') continue;
      const { packetsReceived, totalAudioEnergy, framesDecoded } = stat;
      const media =
        stat.kind === 'audio' ? { energy: totalAudioEnergy ?? 0 } : { frames: framesDecoded ?? 0 };
      say({ type: 'received', slot, packets: packetsReceived ?? 0, ...media });
    }
  }
}

setInterval(() => void tell(), REPORT_MS);

globalThis.take = (line) => peers.carryOut(PEER, JSON.parse(line) as PeerCommand);
