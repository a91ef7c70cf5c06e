/** An element around the focus, with what lay beside it when the focus came. */
interface Level {
  readonly element: Element;
  readonly beside: readonly Element[];
}

/**
 * Keeps the keyboard where it was: when the element with the focus leaves the page, the focus goes
 * to what followed it, else to what came before it, else to what was around both. Browsers give it
 * to the page's body, from where Tab starts at the top and readers say nothing.
 *
 * Dialogs lie in the body itself and give the focus back on their own.
 *
 * @returns what ends it.
 */
export function keepFocus(): () => void {
  let levels: Level[] = [];

  function came({ target }: FocusEvent): void {
    levels = target instanceof Element ? levelsOf(target) : [];
  }

  /** A browser may say so just before it takes the element away. */
  function went({ target }: FocusEvent): void {
    queueMicrotask(() => {
      const [focused] = levels;
      if (focused?.element === target && focused?.element.isConnected) levels = [];
    });
  }

  const observer = new MutationObserver(() => {
    const [focused] = levels;
    if (!focused || focused.element.isConnected) return;
    const successor = isFocusLost() ? successorOf(levels) : null;
    levels = [];
    successor?.focus();
  });

  document.addEventListener('focusin', came);
  document.addEventListener('focusout', went);
  observer.observe(document.body, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', came);
    document.removeEventListener('focusout', went);
  };
}

/** Whether nothing that can be seen and pressed has the focus. */
export function isFocusLost(): boolean {
  const { activeElement, body } = document;
  return activeElement === null || activeElement === body || isInert(activeElement);
}

/** Whether it lies beneath something that covers it. */
function isInert(element: Element): boolean {
  for (let around: Element | null = element; around; around = around.parentElement) {
    if (around instanceof HTMLElement && around.inert) return true;
  }
  return false;
}

/** The element and what is around it, from the inside to the body's own children. */
function levelsOf(target: Element): Level[] {
  const levels: Level[] = [];
  for (let element = target; element !== document.body;) {
    const around = element.parentElement;
    if (!around) return [];
    levels.push({ element, beside: [...around.children] });
    element = around;
  }
  return levels;
}

/** What takes the focus after the largest part that left, or null where the whole page changed. */
function successorOf(levels: Level[]): HTMLElement | null {
  const at = levels.findLastIndex(({ element }) => !element.isConnected);
  const [gone, around] = [levels[at], levels[at + 1]];
  if (!gone || !around || around.element.parentElement === document.body) return null;
  const index = gone.beside.indexOf(gone.element);
  const near = [...gone.beside.slice(index + 1), ...gone.beside.slice(0, index).reverse()];
  const next = near.find(isShown) ?? around.element;
  return next instanceof HTMLElement ? focusable(next) : null;
}

/** Whether the element is still there to take the focus. */
export function isFocusable(target: EventTarget | null | undefined): target is HTMLElement {
  return target instanceof HTMLElement && target.isConnected && !isInert(target);
}

function isShown(element: Element): element is HTMLElement {
  return element instanceof HTMLElement && element.isConnected && !element.closest('[hidden]');
}

/** Lets the element take the focus until it leaves it again. */
function focusable(element: HTMLElement): HTMLElement {
  if (element.tabIndex >= 0 || element.hasAttribute('tabindex')) return element;
  element.tabIndex = -1;
  element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
  return element;
}
