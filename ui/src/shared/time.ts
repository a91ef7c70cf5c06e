import { hourCycle, regional } from './locale';

/** `0:07`, `12:03`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** The time of day, as the language writes it, to 12 or 24 as the system counts. */
export function timeOfDay(at: number, locale: string): string {
  const cycle = hourCycle();
  const options = {
    hour: 'numeric',
    minute: '2-digit',
    ...(cycle && { hourCycle: cycle }),
  } as const;
  return format(regional(locale), options).format(at);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than drawing a message, and there are a few. */
function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${Object.entries(options).flat().join()}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}

/** The day as a heading: "Today", "Yesterday", a weekday within a week, else the date. */
export function dayName(at: number, now: number, locale: string): string {
  const days = daysBetween(at, now);
  if (days < 2) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-days, 'day');
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  if (days < 7) return format(locale, { weekday: 'long' }).format(at);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(regional(locale), {
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

/** The shortest text that still says when: a time today, else a day. */
export function shortWhen(at: number, now: number, locale: string): string {
  const days = daysBetween(at, now);
  if (days < 1) return timeOfDay(at, locale);
  if (days < 7) return format(locale, { weekday: 'short' }).format(at);
  return format(regional(locale), { day: 'numeric', month: 'numeric' }).format(at);
}

/** Midnights passed between two moments; never negative, so that a fast clock says "today". */
function daysBetween(at: number, now: number): number {
  const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);
  return Math.max(0, Math.round((midnight(now) - midnight(at)) / 86_400_000));
}
