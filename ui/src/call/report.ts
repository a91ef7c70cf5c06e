import type { CallView } from '../lib/bindings';
import type { Figures } from '../lib/rtc/peers';

/**
 * A text to send to whoever runs the relay. It names nobody and holds no address but those of
 * `refused`: the relay's own servers that this browser does not take.
 */
export function report(call: CallView, readings: Figures[], refused: readonly string[]): string {
  const rows = readings.map((figures) =>
    [
      new Date(figures.at).toISOString(),
      figures.path,
      Math.round(figures.bitrateUp / 1000),
      Math.round(figures.bitrateDown / 1000),
      (figures.lossUp * 100).toFixed(1),
      (figures.lossDown * 100).toFixed(1),
      figures.roundTrip === null ? '' : Math.round(figures.roundTrip),
      figures.jitter.toFixed(1),
      `${figures.frameWidth}x${figures.frameHeight}@${Math.round(figures.framesPerSecond)}`,
    ].join('\t'),
  );
  return [
    'Bellwire call report',
    `call\t${call.id}`,
    `media\t${call.media}`,
    `browser\t${navigator.userAgent}`,
    ...refused.map((server) => `server refused by the browser\t${server}`),
    '',
    'time\tpath\tup kbit/s\tdown kbit/s\tloss up %\tloss down %\tround trip ms\tjitter ms\tpicture',
    ...rows,
    '',
  ].join('\n');
}
