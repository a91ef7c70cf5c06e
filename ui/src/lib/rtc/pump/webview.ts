/** What webviews may have beside what TypeScript knows. */
interface Breakout {
  MediaStreamTrackProcessor?: new (from: { track: MediaStreamTrack }) => {
    readable: ReadableStream<VideoFrame>;
  };
  VideoTrackGenerator?: new () => {
    readonly writable: WritableStream<VideoFrame>;
    readonly track: MediaStreamTrack;
  };
}

const { MediaStreamTrackProcessor, VideoTrackGenerator } = globalThis as Breakout;

/** Whether a worker can read a track. */
export const canCapture = MediaStreamTrackProcessor !== undefined;

/** Whether a worker can make a track. */
export const canShow = VideoTrackGenerator !== undefined;

/** The pictures of a track. */
export function picturesOf(track: MediaStreamTrack): ReadableStream<VideoFrame> | null {
  return MediaStreamTrackProcessor ? new MediaStreamTrackProcessor({ track }).readable : null;
}

/** A track of the pictures that are written to it. */
export function trackOf(): {
  writable: WritableStream<VideoFrame>;
  track: MediaStreamTrack;
} | null {
  return VideoTrackGenerator ? new VideoTrackGenerator() : null;
}
