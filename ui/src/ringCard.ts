import type { Card } from './lib/host/host';
import { hue, initials } from './shared/avatar';

/** What the buttons of the ringing window do with its call. */
export interface Answers {
  accept(call: string): void;
  decline(call: string): void;
  open(call: string): void;
}

/** Fills the ringing window. Names come from others and stay texts. */
export function showRing(page: Document, card: Card, answers: Answers): void {
  page.title = card.title;
  page.documentElement.lang = card.language;
  if (card.appearance !== 'system') page.documentElement.dataset.theme = card.appearance;
  write(page, 'name', card.name).title = card.name;
  write(page, 'kind', card.kind);
  write(page, 'face', initials(card.name)).style.setProperty('--hue', String(hue(card.seed)));
  for (const name of ['accept', 'decline', 'open'] as const) {
    // Once: the window leaves when the program has taken it.
    write(page, name, card[name]).onclick = ({ detail }) => {
      // The second press of a double click was meant for something else.
      if (detail < 2) answers[name](card.call);
    };
  }
}

function write(page: Document, id: string, text: string): HTMLElement {
  const element = page.getElementById(id);
  if (!element) throw new Error(`the ringing window has no ${id}`);
  element.textContent = text;
  return element;
}
