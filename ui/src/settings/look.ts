import type { Appearance, Language } from '../lib/bindings';
import { profileNotes } from '../lib/host/notes';

/** Where the last look is noted; theme.js reads it before anything is drawn. */
const NOTE = 'appearance';
const NOTED_LANGUAGE = 'language';

/** Shows the theme and notes it for the next start. */
export function showAppearance(appearance: Appearance): void {
  if (appearance === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = appearance;
  profileNotes.write(NOTE, appearance);
}

/** Notes the language for the next start. */
export function noteLanguage(language: Language): void {
  profileNotes.write(NOTED_LANGUAGE, language);
}

/** What was chosen when this browser was here last, until the core has read the settings. */
export function notedLook(): { appearance: Appearance; language: Language } {
  const appearance = profileNotes.read(NOTE);
  const language = profileNotes.read(NOTED_LANGUAGE);
  return {
    appearance: appearance === 'light' || appearance === 'dark' ? appearance : 'system',
    language: language === 'en' || language === 'de' ? language : 'system',
  };
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
