/**
 * Between the camera, the codecs and the program around the window. In a worker, because those of a
 * hidden window go on, and because nothing of it may wait for the interface.
 */
import type { PeerId } from '../../bindings';
import type { PictureSlot } from '../slots';
import { Company } from './company';
import { readOrder, readShown, type Answer, type Order } from './format';
import type { FromPump, Owner, ToPump } from './messages';
import { Painter } from './painter';
import { Receiver } from './receiver';
import { Sender } from './sender';
import { warmUp } from './warm';
import { canCapture, canPaint } from './webview';

/** How wide the own picture is painted about, in pixels: it is seen in a corner. */
const OWN_WIDE = 320;
/** How wide those of peers are at most, about: more than windows show takes a whole core. */
const WIDE = 2_560;
/** RFC 6386, section 9.2. Decoders guess by the height. */
const VP8 = { matrix: 'smpte170m', fullRange: false } as const;

/** From the decoder of one slot of one peer to where it is seen. */
interface Inlet {
  receiver: Receiver;
  /** Null where the page has to paint. */
  painter: Painter | null;
}

let socket: WebSocket | null = null;
const inlets = new Map<PeerId, Map<PictureSlot, Inlet>>();
let seen = true;
/** Of the own camera, while a track of it is read here. */
let own: Painter | null = null;
const company = new Company();
const tickers = new Map<PictureSlot, ReturnType<typeof setTimeout>>();

function senderOf(slot: PictureSlot): Sender {
  return new Sender(slot, {
    get backlog() {
      return socket?.bufferedAmount ?? 0;
    },
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(message);
      return true;
    },
    captured(frame) {
      if (slot === 'camera' && own?.works) own.paint(frame.clone());
    },
    stuck: () => tell({ type: 'stuck', slot }),
  });
}

let senders = { camera: senderOf('camera'), screen: senderOf('screen') };

function tell(message: FromPump, handed: Transferable[] = []): void {
  postMessage(message, { transfer: handed });
}

function answer(said: Answer): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(said));
}

/** Where pictures of a peer go; made with the first, or before it. */
function inletOf(peer: PeerId, slot: PictureSlot): Inlet {
  let slots = inlets.get(peer);
  if (!slots) inlets.set(peer, (slots = new Map()));
  let inlet = slots.get(slot);
  if (!inlet) slots.set(slot, (inlet = begin(peer, slot)));
  return inlet;
}

function begin(peer: PeerId, slot: PictureSlot): Inlet {
  tell({ type: 'place', of: peer, slot });
  const painter = canPaint
    ? new Painter(seen, { wide: WIDE, colours: VP8, ready: () => company.come() })
    : null;
  const show = (frame: VideoFrame): void => {
    if (painter) painter.paint(frame);
    // Frames are Transferable, which TypeScript's list lacks.
    else tell({ type: 'painted', peer, slot, frame }, [frame as unknown as Transferable]);
  };
  return {
    receiver: new Receiver(show, () => answer({ type: 'undecodable', peer, slot })),
    painter,
  };
}

/** Begins to paint the own camera, which nobody is in a hurry to see. */
function beginOwn(): void {
  tell({ type: 'place', of: 'own', slot: 'camera' });
  own = new Painter(seen, { wide: OWN_WIDE, ready: () => company.wait() });
}

function onMessage({ data }: MessageEvent<ArrayBuffer | string>): void {
  if (typeof data === 'string') return onOrder(readOrder(data));
  const shown = readShown(data);
  if (!shown) return;
  inletOf(shown.peer, shown.slot).receiver.take(shown);
}

function onOrder(order: Order): void {
  switch (order.type) {
    case 'capture':
    case 'stop':
      return tell(order);
    case 'open':
      // A place to be seen takes a while to make.
      inletOf(order.peer, 'camera');
      return;
    case 'close':
      endPeer(order.peer);
      return tell(order);
    case 'bitrate':
    case 'size':
    case 'frame_rate':
    case 'hold':
    case 'key':
      return senders[order.slot].obey(order);
  }
}

function endPeer(peer: PeerId): void {
  for (const { receiver, painter } of inlets.get(peer)?.values() ?? []) {
    receiver.close();
    painter?.close();
  }
  inlets.delete(peer);
}

/** Everything that came through the door ends; orders of the one before mean nothing. */
function reset(): void {
  for (const peer of [...inlets.keys()]) endPeer(peer);
  for (const slot of ['camera', 'screen'] as const) rest(slot);
  senders = { camera: senderOf('camera'), screen: senderOf('screen') };
}

function open(port: number, protocols: string[]): void {
  const before = socket;
  if (before) before.onclose = null;
  before?.close();
  reset();
  const opened = new WebSocket(`ws://127.0.0.1:${port}`, protocols);
  warmUp();
  opened.binaryType = 'arraybuffer';
  opened.onmessage = onMessage;
  opened.onclose = () => {
    socket = null;
    reset();
    tell({ type: 'closed' });
  };
  socket = opened;
}

function painterFor(of: Owner, slot: PictureSlot): Painter | null {
  return of === 'own' ? own : (inlets.get(of)?.get(slot)?.painter ?? null);
}

function see(whether: boolean): void {
  seen = whether;
  own?.see(seen);
  for (const slots of inlets.values()) for (const { painter } of slots.values()) painter?.see(seen);
}

function tick(slot: PictureSlot): void {
  const pause = 1_000 / Math.min(30, senders[slot].frameRate);
  tickers.set(
    slot,
    setTimeout(() => {
      tell({ type: 'tick', slot });
      tick(slot);
    }, pause),
  );
}

function rest(slot: PictureSlot): void {
  clearTimeout(tickers.get(slot));
  tickers.delete(slot);
  senders[slot].rest();
  if (slot !== 'camera') return;
  own?.close();
  own = null;
}

addEventListener('message', ({ data }: MessageEvent<ToPump>) => {
  switch (data.type) {
    case 'open':
      return open(data.port, data.protocols);
    case 'track':
      rest(data.slot);
      if (data.slot === 'camera' && canPaint) beginOwn();
      return senders[data.slot].take(data.track);
    case 'feed':
      rest(data.slot);
      return tick(data.slot);
    case 'picture':
      if (tickers.has(data.slot)) senders[data.slot].encode(data.frame);
      else data.frame.close();
      return;
    case 'rest':
      return rest(data.slot);
    case 'canvas':
      // Nothing is there any more if the call ended meanwhile.
      return painterFor(data.of, data.slot)?.onto(data.canvas);
    case 'hung':
      return painterFor(data.of, data.slot)?.hang(data.hung);
    case 'seen':
      return see(data.seen);
    case 'state':
      return answer(data);
  }
});

tell({ type: 'able', capture: canCapture, paint: canPaint });
