/**
 * Between the camera, the codecs and the program around the window. In a worker, because those of a
 * hidden window go on, and because nothing of it may wait for the interface.
 */
import type { PeerId } from '../../bindings';
import { readOrder, readShown, type Answer, type Order, type PictureSlot } from './format';
import type { FromPump, ToPump } from './messages';
import { Receiver } from './receiver';
import { Sender } from './sender';
import { warmUp } from './warm';
import { canCapture, canShow, trackOf } from './webview';

interface Inlet {
  receiver: Receiver;
  end: () => void;
}

let socket: WebSocket | null = null;
const inlets = new Map<PeerId, Map<PictureSlot, Inlet>>();
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
  const undecodable = (): void => answer({ type: 'undecodable', peer, slot });
  const made = trackOf();
  if (!made) {
    // Frames are Transferable, which TypeScript's list lacks.
    const paint = (frame: VideoFrame): void =>
      tell({ type: 'painted', peer, slot, frame }, [frame as unknown as Transferable]);
    const receiver = new Receiver(paint, undecodable);
    return { receiver, end: () => receiver.close() };
  }
  const writer = made.writable.getWriter();
  const receiver = new Receiver((frame) => {
    // A window that draws nothing takes nothing.
    if ((writer.desiredSize ?? 0) <= 0) frame.close();
    else writer.write(frame).catch(() => frame.close());
  }, undecodable);
  tell({ type: 'shown', peer, slot, track: made.track }, [made.track as unknown as Transferable]);
  const end = (): void => {
    receiver.close();
    writer.close().catch(() => undefined);
  };
  return { receiver, end };
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
      // An element that shows a track takes a while to begin.
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
  for (const inlet of inlets.get(peer)?.values() ?? []) inlet.end();
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
}

addEventListener('message', ({ data }: MessageEvent<ToPump>) => {
  switch (data.type) {
    case 'open':
      return open(data.port, data.protocols);
    case 'track':
      rest(data.slot);
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
    case 'state':
      return answer(data);
  }
});

tell({ type: 'able', capture: canCapture, show: canShow });
