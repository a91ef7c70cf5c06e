/**
 * A far end on a browser's own `RTCPeerConnection`, written against the standard alone: none of
 * Bellwire's code is in it, so that a mistake of Bellwire's executor is not made on both sides.
 */

/** The m-lines of every connection, in order. */
const slots = ['audio', 'camera', 'screen', 'screenAudio'];
const kinds = { audio: 'audio', camera: 'video', screen: 'video', screenAudio: 'audio' };

/** How often it is said what came in, in ms. */
const REPORT_MS = 250;

const say = (event) => globalThis.report(JSON.stringify(event));
const ufragIn = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';

let connection;
let control;
let chat;
let lastPath = 'connecting';
let bothOpen = false;
let work = Promise.resolve();
let reporting;
/** What is sent, by slot. */
const sent = new Map();

function configuration({ ice_servers, relay_only }) {
  return {
    bundlePolicy: 'max-bundle',
    iceTransportPolicy: relay_only ? 'relay' : 'all',
    iceServers: ice_servers.map(({ urls, username, credential }) => ({
      urls,
      ...(username ? { username, credential } : {}),
    })),
  };
}

function open(command) {
  connection = new RTCPeerConnection(configuration(command));
  control = connection.createDataChannel('control', {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  chat = connection.createDataChannel('chat', { negotiated: true, id: 1 });
  for (const [type, channel] of Object.entries({ control, chat })) {
    channel.onmessage = ({ data }) => say({ type, data });
    channel.onopen = channel.onclose = () => {
      const open = control.readyState === 'open' && chat.readyState === 'open';
      if (open !== bothOpen) say({ type: open ? 'channels_open' : 'channels_closed' });
      bothOpen = open;
    };
  }
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) {
      say({
        type: 'candidate',
        ufrag: candidate.usernameFragment ?? '',
        mid: candidate.sdpMid ?? '',
        candidate: candidate.candidate,
      });
    }
  };
  connection.onconnectionstatechange = () => {
    const { connectionState } = connection;
    const state = connectionState === 'new' ? 'connecting' : connectionState;
    if (state !== lastPath && state !== 'closed') say({ type: 'path', state });
    lastPath = state;
  };
  connection.ontrack = ({ track, transceiver }) => {
    const element = document.createElement(track.kind);
    element.autoplay = true;
    element.muted = track.kind === 'video';
    element.srcObject = new MediaStream([track]);
    element.dataset.mid = transceiver.mid;
    document.body.append(element);
  };
  reporting = setInterval(() => void tell(), REPORT_MS);
}

/** What came in since the start, by slot. */
async function tell() {
  const transceivers = connection.getTransceivers().filter(({ mid }) => mid !== null);
  for (const [index, slot] of slots.entries()) {
    const receiver = transceivers[index]?.receiver;
    if (!receiver) continue;
    for (const stat of (await receiver.getStats()).values()) {
      if (stat.type !== 'inbound-rtp') continue;
      const packets = stat.packetsReceived ?? 0;
      if (kinds[slot] === 'audio') {
        say({ type: 'received', slot, packets, energy: stat.totalAudioEnergy ?? 0 });
      } else {
        say({
          type: 'received',
          slot,
          packets,
          frames: stat.framesDecoded ?? 0,
          width: stat.frameWidth ?? 0,
          height: stat.frameHeight ?? 0,
        });
      }
    }
  }
}

async function offer({ operation, restart }) {
  if (connection.getTransceivers().length === 0) {
    for (const slot of slots) connection.addTransceiver(kinds[slot], { direction: 'sendrecv' });
    await attachAll();
  }
  await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart }));
  return { type: 'described', operation, sdp: connection.localDescription.sdp };
}

async function answer({ operation, sdp }) {
  await connection.setRemoteDescription({ type: 'offer', sdp });
  for (const transceiver of connection.getTransceivers()) transceiver.direction = 'sendrecv';
  await attachAll();
  await connection.setLocalDescription(await connection.createAnswer());
  return { type: 'described', operation, sdp: connection.localDescription.sdp };
}

async function apply({ operation, sdp }) {
  await connection.setRemoteDescription({ type: 'answer', sdp });
  return { type: 'applied', operation };
}

async function attachAll() {
  const transceivers = connection.getTransceivers();
  for (const [index, slot] of slots.entries()) {
    await transceivers[index]?.sender.replaceTrack(sent.get(slot) ?? null);
  }
}

async function send({ slot, on }) {
  sent.get(slot)?.stop();
  sent.delete(slot);
  if (on) sent.set(slot, await capture(slot));
  await attachAll();
  const state = on ? { type: 'live', label: sent.get(slot).label } : { type: 'off' };
  say({ type: 'slot', slot, state });
}

async function capture(slot) {
  if (slot === 'screen') return painted().getVideoTracks()[0];
  const stream = await navigator.mediaDevices.getUserMedia(
    slot === 'audio'
      ? { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } }
      : { video: { width: 640, height: 360 } },
  );
  return stream.getTracks()[0];
}

/** A moving picture in place of a screen, which a browser without a window has not. */
function painted() {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const pen = canvas.getContext('2d');
  setInterval(() => {
    pen.fillStyle = `hsl(${(performance.now() / 10) % 360} 80% 50%)`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
  }, 40);
  return canvas.captureStream(25);
}

async function operate(command, action) {
  try {
    say(await action(command));
  } catch (error) {
    say({ type: 'operation_failed', operation: command.operation, message: String(error) });
  }
}

function carryOut(command) {
  switch (command.type) {
    case 'open':
      return open(command);
    case 'configure':
      return connection.setConfiguration(configuration(command));
    case 'offer':
      return operate(command, offer);
    case 'answer':
      return operate(command, answer);
    case 'apply':
      return operate(command, apply);
    case 'add_candidate':
      return connection
        .addIceCandidate({
          candidate: command.candidate,
          sdpMid: command.mid,
          usernameFragment: command.ufrag || ufragIn(connection.remoteDescription?.sdp ?? ''),
        })
        .catch((error) => say({ type: 'note', text: `${command.candidate}: ${error}` }));
    case 'send':
      return send(command);
    case 'control':
      return control.readyState === 'open' ? control.send(command.data) : undefined;
    case 'chat':
      return chat.readyState === 'open' ? chat.send(command.data) : undefined;
    case 'close':
      clearInterval(reporting);
      for (const track of sent.values()) track.stop();
      return connection.close();
  }
}

/** One line of the protocol; one command at a time. */
globalThis.take = (line) => {
  work = work.then(() => carryOut(JSON.parse(line))).catch((error) => {
    say({ type: 'note', text: `${line.slice(0, 80)}: ${error}` });
  });
};
