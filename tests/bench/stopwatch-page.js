// Runs in every page before its own scripts. All pages are on one machine, so
// `timeOrigin + now()` is one clock.
{
  const now = () => performance.timeOrigin + performance.now();
  const none = () => ({ clicks: {}, ring: null, frame: null, seen: null });
  /** Calls back once what is in the document is on the screen. */
  const painted = (then) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then(now());
      port2.postMessage(null);
    });
  };
  let condition = null;
  const connections = new Set();
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) {
      super(...given);
      connections.add(this);
    }

    close() {
      connections.delete(this);
      super.close();
    }
  };
  const stopwatch = {
    marks: none(),
    reset() {
      stopwatch.marks = none();
      condition = null;
    },
    watchFor(wanted) {
      stopwatch.marks.seen = null;
      condition = wanted;
    },
    async received() {
      const reports = await Promise.all([...connections].map((one) => one.getStats()));
      let bytes = 0;
      for (const report of reports) {
        for (const stat of report.values()) if (stat.type === 'inbound-rtp') bytes += stat.bytesReceived;
      }
      return bytes;
    },
    warm: null,
  };
  window.stopwatch = stopwatch;

  addEventListener(
    'click',
    (event) => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      const name = button?.ariaLabel ?? button?.textContent?.trim();
      if (name) stopwatch.marks.clicks[name] = performance.timeOrigin + event.timeStamp;
    },
    { capture: true },
  );

  let ringing = false;
  new MutationObserver(() => {
    const { marks } = stopwatch;
    const rings = document.querySelector('[role=alertdialog]') !== null;
    if (rings && !ringing) painted((at) => (marks.ring ??= at));
    ringing = rings;
    if (condition?.()) {
      condition = null;
      painted((at) => (marks.seen ??= at));
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...source,
    set(stream) {
      source.set.call(this, stream);
      if (!(this instanceof HTMLVideoElement) || stream === null) return;
      const { marks } = stopwatch;
      this.requestVideoFrameCallback(() => {
        if (this.ariaLabel !== 'You') marks.frame ??= now();
      });
    },
  });
}
