/**
 * What a page sees, and when: pages of desktops and of browsers are asked the same, and all clocks
 * are one machine's. Times in ms since 1970 unless it says otherwise.
 */

/** Runs JavaScript in a page; `source` is the body of a function that takes `parameter`. */
export type Page = (source: string, parameter: string) => Promise<unknown>;

/** Finds a picture by the name of who is seen, and counts its frames. */
const COUNT = `
  const frames = (name) => {
    const video = [...document.querySelectorAll('video')].find((one) => one.ariaLabel === name);
    return { video, count: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0 };
  };
  const now = () => performance.timeOrigin + performance.now();
`;

/** Looks out for the first picture of somebody. */
export async function watchFirst(page: Page, name: string): Promise<void> {
  await page(
    `${COUNT}
     window.firstPicture = null;
     const look = () => {
       const { video } = frames(parameter);
       if (!video) return;
       watch.disconnect();
       // Not by a callback for frames: WebKitGTK calls none for what a peer sends.
       const timer = setInterval(() => {
         if (video.getVideoPlaybackQuality().totalVideoFrames === 0) return;
         window.firstPicture = now();
         clearInterval(timer);
       }, 4);
     };
     const watch = new MutationObserver(look);
     watch.observe(document.body, { childList: true, subtree: true, attributes: true });
     look();`,
    name,
  );
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
     const first = frames(parameter).count;
     const gaps = { frames: 0, longest: 0, width: 0, height: 0 };
     let [count, since] = [first, performance.now()];
     window.gaps = gaps;
     setInterval(() => {
       const seen = frames(parameter);
       gaps.longest = Math.max(gaps.longest, performance.now() - since);
       if (seen.count === count) return;
       [count, since] = [seen.count, performance.now()];
       gaps.frames = count - first;
       gaps.width = seen.video.videoWidth;
       gaps.height = seen.video.videoHeight;
     }, 10);`,
    name,
  );
}

export async function gapsWatched(page: Page): Promise<Gaps> {
  return (await page('return window.gaps;', '')) as Gaps;
}
