/**
 * What a page sees, and when: pages of desktops and of browsers are asked the same, and all clocks
 * are one machine's. Times in ms since 1970 unless it says otherwise.
 */

/** Runs JavaScript in a page; `source` is the body of a function that takes `parameter`. */
export type Page = (source: string, parameter: string) => Promise<unknown>;

/**
 * Finds a picture by the name of who is seen, and counts its frames. Those that are painted are told
 * apart by their pixels, looked at every 15 ms from the first on: a canvas that nobody painted on yet
 * has the size that canvases begin with.
 */
const COUNT = `
  const watched = (window.watched ??= new WeakMap());
  const watch = (canvas) => {
    const sample = new OffscreenCanvas(128, 72).getContext('2d', { willReadFrequently: true });
    sample.imageSmoothingEnabled = false;
    const one = { count: 0, width: 0, height: 0 };
    let last = 0;
    const look = () => {
      if (!canvas.isConnected) return void watched.delete(canvas);
      const painted = one.count > 0 || canvas.width !== 300 || canvas.height !== 150;
      if (painted) compare();
      setTimeout(look, one.count > 0 ? 15 : 4);
    };
    const compare = () => {
      sample.drawImage(canvas, 0, 0, 128, 72);
      const { data } = sample.getImageData(0, 0, 128, 72);
      let seen = 0;
      for (const pixel of new Uint32Array(data.buffer)) seen = (Math.imul(seen, 31) + pixel) | 0;
      // Before the first picture there is nothing, not even black.
      if (seen === last || seen === 0) return;
      last = seen;
      one.count += 1;
      [one.width, one.height] = [canvas.width, canvas.height];
    };
    look();
    watched.set(canvas, one);
    return one;
  };
  const frames = (name) => {
    const shown = [...document.querySelectorAll('video, [role=img] > canvas')].find(
      (one) => (one.ariaLabel ?? one.parentElement.ariaLabel) === name,
    );
    if (!shown) return null;
    if (shown instanceof HTMLCanvasElement) return watched.get(shown) ?? watch(shown);
    const { videoWidth: width, videoHeight: height } = shown;
    return { count: shown.getVideoPlaybackQuality().totalVideoFrames, width, height };
  };
  const now = () => performance.timeOrigin + performance.now();
`;

/** Looks out for the first picture of somebody. */
export async function watchFirst(page: Page, name: string): Promise<void> {
  await page(
    `${COUNT}
     window.firstPicture = null;
     const look = () => {
       if (!frames(parameter)) return;
       coming.disconnect();
       // Not by a callback for frames: WebKitGTK calls none for what a peer sends.
       const timer = setInterval(() => {
         if (!frames(parameter)?.count) return;
         window.firstPicture = now();
         clearInterval(timer);
       }, 4);
     };
     const coming = new MutationObserver(look);
     coming.observe(document.body, { childList: true, subtree: true, attributes: true });
     look();`,
    name,
  );
}

/** Frames of somebody that were shown so far; from the first question on, of what is painted. */
export async function framesShown(page: Page, name: string): Promise<number> {
  return (await page(`${COUNT} return frames(parameter)?.count ?? 0;`, name)) as number;
}

/** When the first picture was there; null while it is not. */
export async function firstPicture(page: Page): Promise<number | null> {
  return (await page('return window.firstPicture;', '')) as number | null;
}

/** Presses a button, if it is there; gives when. */
export async function pressed(page: Page, button: string): Promise<number | null> {
  const at = await page(
    `const found = [...document.querySelectorAll('button')].find(
       (one) => (one.ariaLabel ?? one.textContent.trim()) === parameter && !one.disabled,
     );
     if (!found) return null;
     const at = performance.timeOrigin + performance.now();
     found.click();
     return at;`,
    button,
  );
  return at as number | null;
}

export interface Gaps {
  readonly frames: number;
  /** The longest time without a new picture, in ms; exact to 10 ms. */
  readonly longest: number;
  readonly width: number;
  readonly height: number;
}

/** Looks out for how evenly somebody's pictures come. */
export async function watchGaps(page: Page, name: string): Promise<void> {
  await page(
    `${COUNT}
     const first = frames(parameter)?.count ?? 0;
     const gaps = { frames: 0, longest: 0, width: 0, height: 0 };
     let [count, since] = [first, performance.now()];
     window.gaps = gaps;
     setInterval(() => {
       const seen = frames(parameter);
       gaps.longest = Math.max(gaps.longest, performance.now() - since);
       if (!seen || seen.count === count) return;
       [count, since] = [seen.count, performance.now()];
       gaps.frames = count - first;
       [gaps.width, gaps.height] = [seen.width, seen.height];
     }, 10);`,
    name,
  );
}

export async function gapsWatched(page: Page): Promise<Gaps> {
  return (await page('return window.gaps;', '')) as Gaps;
}
