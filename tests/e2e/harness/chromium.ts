import { chromium, type LaunchOptions } from '@playwright/test';

export { chromium };

/**
 * The browser under test is the system's Chromium, so that nothing is downloaded. mDNS names for
 * host candidates are off: they do not resolve on machines without a multicast route.
 */
const always = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--autoplay-policy=no-user-gesture-required',
];

const executablePath = process.env['BELLWIRE_CHROMIUM'] ?? '/usr/bin/chromium';

/** Somebody with a camera and a microphone, who allows their use without being asked. */
export const withDevices: LaunchOptions = {
  executablePath,
  args: [...always, '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
};

/**
 * Somebody whose machine has neither camera nor microphone. Chromium can be told to see no
 * microphone; a camera it sees where there is one.
 */
export const withoutDevices: LaunchOptions = {
  executablePath,
  args: [...always, '--use-fake-ui-for-media-stream', '--disable-audio-input'],
};

/** Somebody with devices, whose permissions decide; see `BrowserContext.grantPermissions`. */
export const asking: LaunchOptions = {
  executablePath,
  args: [...always, '--use-fake-device-for-media-stream'],
};
