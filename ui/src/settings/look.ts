import type { Appearance, Language } from '../lib/bindings';

/** Where the last theme is noted, so that the next start does not flash the other one. */
const NOTE = 'appearance';

/** Shows the theme and notes it for the next start. */
export function showAppearance(appearance: Appearance): void {
  if (appearance === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = appearance;
  try {
    localStorage.setItem(NOTE, appearance);
  } catch {
    // A browser that keeps nothing flashes; no more than that.
  }
}

/** Shows the noted theme until the core has read the settings. */
export function showNotedAppearance(): void {
  try {
    const noted = localStorage.getItem(NOTE);
    if (noted === 'light' || noted === 'dark') document.documentElement.dataset.theme = noted;
  } catch {
    // As above.
  }
}

/** The language to speak: the chosen one, else the first of the system's that we have. */
export function languageOf(chosen: Language, system: readonly string[]): 'en' | 'de' {
  if (chosen !== 'system') return chosen;
  for (const wanted of system) {
    const language = wanted.toLowerCase().split('-')[0];
    if (language === 'en' || language === 'de') return language;
  }
  return 'en';
}
