/** Later than this what was to be painted first waits for nobody, in ms. */
const LATEST_MS = 100;

/**
 * Works once what was just drawn is on the screen, which is at once where nobody sees the page; the
 * result calls it off.
 */
export function oncePainted(work: () => void): () => void {
  if (document.hidden) {
    work();
    return () => undefined;
  }
  let timer = setTimeout(work, LATEST_MS);
  // What runs in the frame itself still goes before its picture.
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    timer = setTimeout(work);
  });
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}
