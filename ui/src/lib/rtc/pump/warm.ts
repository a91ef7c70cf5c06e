let warm = false;

/** Has the webview load its encoder, which takes long the first time, while a call still rings. */
export function warmUp(): void {
  if (warm) return;
  warm = true;
  const [width, height] = [64, 64];
  try {
    const encoder = new VideoEncoder({
      output: () => undefined,
      // The first picture of a call will say so too.
      error: () => undefined,
    });
    encoder.configure({ codec: 'vp8', width, height, bitrate: 100_000, latencyMode: 'realtime' });
    const grey = new Uint8Array((width * height * 3) / 2).fill(128);
    const layout = {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: 0,
    } as const;
    const frame = new VideoFrame(grey, layout);
    encoder.encode(frame, { keyFrame: true });
    frame.close();
    const done = (): void => {
      if (encoder.state !== 'closed') encoder.close();
    };
    void encoder.flush().then(done, done);
  } catch {
    // As above.
  }
}
