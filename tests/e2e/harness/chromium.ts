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

/**
 * Somebody whose microphone and speaker are those of the sound server that `environment` names.
 * There is no camera.
 */
export const withSoundOf = (environment: NodeJS.ProcessEnv): LaunchOptions => ({
  executablePath,
  args: [...always, '--use-fake-ui-for-media-stream'],
  ignoreDefaultArgs: ['--mute-audio'],
  env: known(environment),
});

/** As `withSoundOf`, but with a made-up camera; the microphone then says the file. */
export const withCameraAndSoundOf = (
  environment: NodeJS.ProcessEnv,
  speech: string,
): LaunchOptions => ({
  ...withSoundOf(environment),
  args: [
    ...always,
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream=fps=30',
    `--use-file-for-fake-audio-capture=${speech}`,
  ],
});

function known(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
