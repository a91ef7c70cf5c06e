/** Where a person looks, as the address says it. */
export type Place =
  | { page: 'home' }
  | { page: 'conversation'; id: string }
  | { page: 'calls' }
  | { page: 'settings'; section: string | null };

export function parsePlace(path: string): Place {
  const [first, second] = path.split('/').filter(Boolean).map(decode);
  switch (first) {
    case 'c':
      return second ? { page: 'conversation', id: second } : { page: 'home' };
    case 'calls':
      return { page: 'calls' };
    case 'settings':
      return { page: 'settings', section: second ?? null };
    default:
      return { page: 'home' };
  }
}

export function pathOf(place: Place): string {
  switch (place.page) {
    case 'home':
      return '/';
    case 'conversation':
      return `/c/${encodeURIComponent(place.id)}`;
    case 'calls':
      return '/calls';
    case 'settings':
      return place.section ? `/settings/${encodeURIComponent(place.section)}` : '/settings';
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** The place in the window's history. */
export class Router {
  place = $state.raw<Place>(parsePlace(location.pathname));
  #back: (() => void) | undefined;

  constructor() {
    addEventListener('popstate', this.#pop);
  }

  /** Calls back when the person goes back or forward. */
  onBack(listener: () => void): void {
    this.#back = listener;
  }

  go(place: Place, how: 'push' | 'replace' = 'push'): void {
    const path = pathOf(place);
    if (path !== location.pathname) {
      if (how === 'push') history.pushState(null, '', path);
      else history.replaceState(null, '', path);
    }
    this.place = place;
  }

  close(): void {
    removeEventListener('popstate', this.#pop);
  }

  #pop = () => {
    this.place = parsePlace(location.pathname);
    this.#back?.();
  };
}

/** Whether a click on a link means this window, not a new one. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
