/** What webviews may have beside what TypeScript knows. */
interface Breakout {
  MediaStreamTrackProcessor?: new (from: { track: MediaStreamTrack }) => {
    readable: ReadableStream<VideoFrame>;
  };
}

const { MediaStreamTrackProcessor } = globalThis as Breakout;

/** Whether a worker can read a track. */
export const canCapture = MediaStreamTrackProcessor !== undefined;

/** Whether a worker can paint. */
export const canPaint =
  typeof OffscreenCanvas === 'function' && new OffscreenCanvas(1, 1).getContext('2d') !== null;

/** The pictures of a track. */
export function picturesOf(track: MediaStreamTrack): ReadableStream<VideoFrame> | null {
  return MediaStreamTrackProcessor ? new MediaStreamTrackProcessor({ track }).readable : null;
}
