/** The system's Chromium, so that nothing is downloaded. */
export const executablePath = process.env['BELLWIRE_CHROMIUM'] ?? '/usr/bin/chromium';

/**
 * What every Chromium under test is started with, whoever drives it. mDNS names for host candidates
 * are off: they do not resolve on machines without a multicast route.
 */
export const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--autoplay-policy=no-user-gesture-required',
];
