import { chromium, type LaunchOptions } from '@playwright/test';

import { executablePath, flags } from './chromium-flags.ts';

export { chromium };

const always = ['--headless=new', ...flags];

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
