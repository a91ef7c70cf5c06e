import { m } from '../lib/paraglide/messages';

/** The parts of the settings, as their addresses call them. */
export const SECTIONS = [
  'devices',
  'calls',
  'notifications',
  'app',
  'appearance',
  'language',
  'account',
  'about',
] as const;
export type Section = (typeof SECTIONS)[number];

/** Those that there are: a browser has no app. */
export function sectionsOf(desktop: boolean): readonly Section[] {
  return desktop ? SECTIONS : SECTIONS.filter((section) => section !== 'app');
}

export function isSection(text: string | null): text is Section {
  return SECTIONS.some((section) => section === text);
}

export function sectionName(section: Section): string {
  switch (section) {
    case 'devices':
      return m.devices();
    case 'calls':
      return m.calls();
    case 'notifications':
      return m.notifications();
    case 'app':
      return m.this_app();
    case 'appearance':
      return m.appearance();
    case 'language':
      return m.language();
    case 'account':
      return m.account();
    case 'about':
      return m.about();
  }
}
