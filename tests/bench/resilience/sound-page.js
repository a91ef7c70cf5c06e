// Runs in every page before its own scripts, the same for Bellwire and for PeerJS: keeps every
// connection, and when sound was heard on any of them. What counts is what was played and not made
// up: samples that the browser played less those that it concealed.
{
  /** How often it looks, in ms: browsers keep statistics for 50. */
  const LOOK_MS = 50;
  const connections = [];
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(target, parameters, newTarget) {
      const connection = Reflect.construct(target, parameters, newTarget);
      connections.push(connection);
      return connection;
    },
  });

  const now = () => performance.timeOrigin + performance.now();
  /** What was played, by connection and stream. */
  const known = new Map();
  const look = async () => {
    let [more, played, concealed, frames] = [false, 0, 0, 0];
    for (const [index, connection] of connections.entries()) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp') continue;
        if (report.kind === 'video') {
          frames += report.framesDecoded ?? 0;
          continue;
        }
        const real = (report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0);
        const key = `${index}:${report.id}`;
        if (real > (known.get(key) ?? 0)) more = true;
        known.set(key, real);
        played += report.totalSamplesReceived ?? 0;
        concealed += report.concealedSamples ?? 0;
      }
    }
    return { at: now(), more, played, concealed, frames };
  };

  const sound = {
    /** One entry for each look: when, whether sound was heard since the one before, and sums. */
    looks: [],
    running: false,
    async start() {
      sound.running = true;
      sound.looks = [];
      while (sound.running) {
        sound.looks.push(await look());
        await new Promise((done) => setTimeout(done, LOOK_MS));
      }
    },
    stop() {
      sound.running = false;
    },
  };
  window.sound = sound;
}
