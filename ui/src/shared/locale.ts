/**
 * A language of the UI as this system writes it: English of Britain has other dates than English of
 * the United States.
 */
export function regional(
  language: string,
  system: readonly string[] = navigator.languages,
): string {
  return known(system).find((locale) => locale.split('-')[0] === language) ?? language;
}

export type HourCycle = Intl.DateTimeFormatOptions['hourCycle'];
/** By what the system names; asking takes longer than drawing a message. */
const cycles = new Map<string, HourCycle>();

/** Whether this system counts hours to 12 or to 24, whatever the language of the UI. */
export function hourCycle(system: readonly string[] = navigator.languages): HourCycle {
  const key = system.join();
  if (cycles.has(key)) return cycles.get(key);
  const format = new Intl.DateTimeFormat(known(system)[0], { hour: 'numeric' });
  const { hourCycle } = format.resolvedOptions();
  cycles.set(key, hourCycle);
  return hourCycle;
}

/** A webview names a system without a language `C`, or as POSIX does, which is no language tag. */
function known(system: readonly string[]): string[] {
  return system.filter((locale) => {
    try {
      return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
    } catch {
      return false;
    }
  });
}

/** A text for searching: without case and accents, so that "jose" finds "José". */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
}
