/**
 * What is wrong with how a page is laid out: what grows, what is cut, what covers. Runs in the page,
 * so it may use nothing from outside.
 */
export function layoutFaults(): string[] {
  const faults = new Set<string>();
  const CONTROLS = 'button, a[href], input, textarea, select, [role="menuitem"], [role="menuitemradio"]';
  /** Rounding of positions, in px. */
  const SLACK = 1.5;

  const nameOf = (element: Element): string => {
    const { tagName, classList } = element;
    const classes = [...classList].filter((name) => !name.startsWith('svelte-')).join('.');
    const words = (element.ariaLabel ?? element.textContent ?? '').trim().slice(0, 24);
    return `${tagName.toLowerCase()}${classes && `.${classes}`} “${words}”`;
  };
  const scrolls = (overflow: string): boolean => overflow === 'auto' || overflow === 'scroll';
  const cuts = (overflow: string): boolean => overflow === 'hidden' || overflow === 'clip';

  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.add(`the page is ${root.scrollWidth - innerWidth} px too wide`);
  if (root.scrollHeight > innerHeight) faults.add(`the page is ${root.scrollHeight - innerHeight} px too high`);

  /** What lies above everything else and takes all presses. */
  const layers = [...document.querySelectorAll('[role="dialog"], [role="alertdialog"], [role="menu"]')];
  const layer = layers.at(-1) ?? document.body;

  const isDrawn = (element: Element): boolean =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.closest('[inert], .visually-hidden');

  /** The part of a box that can be brought into sight, and what prevents the rest. */
  function reach(element: Element, box: DOMRect): void {
    let { left, right, top, bottom } = box;
    let fixed = false;
    for (let around: Element | null = element; around; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (fixed) continue;
      if (around !== element || cuts(style.overflowX) || cuts(style.overflowY)) {
        const outer = around.getBoundingClientRect();
        const ellipsis = style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none';
        if (cuts(style.overflowX) && (left < outer.left - SLACK || right > outer.right + SLACK)) {
          if (!ellipsis) faults.add(`${nameOf(element)} is cut at the side by ${nameOf(around)}`);
          else whole(around);
          [left, right] = [Math.max(left, outer.left), Math.min(right, outer.right)];
        }
        if (cuts(style.overflowY) && (top < outer.top - SLACK || bottom > outer.bottom + SLACK)) {
          // The marks of a letter may be higher than its line.
          const marks = (bottom - top) - (outer.bottom - outer.top) < 6 && ellipsis;
          if (!marks && style.webkitLineClamp === 'none') {
            faults.add(`${nameOf(element)} is cut below by ${nameOf(around)}`);
          }
          [top, bottom] = [Math.max(top, outer.top), Math.min(bottom, outer.bottom)];
        }
        if (scrolls(style.overflowX) && (left < outer.left || right > outer.right)) {
          if (left + around.scrollLeft < outer.left - SLACK) faults.add(`${nameOf(element)} lies left of what ${nameOf(around)} scrolls to`);
          [left, right] = [outer.left, outer.right];
        }
        if (scrolls(style.overflowY) && (top < outer.top || bottom > outer.bottom)) {
          if (top + around.scrollTop < outer.top - SLACK) faults.add(`${nameOf(element)} lies above what ${nameOf(around)} scrolls to`);
          [top, bottom] = [outer.top, outer.bottom];
        }
      }
      if (style.position === 'fixed') fixed = true;
    }
    if (left < -SLACK || right > innerWidth + SLACK) faults.add(`${nameOf(element)} is beyond the side of the window`);
    if (top < -SLACK || bottom > innerHeight + SLACK) faults.add(`${nameOf(element)} is beyond the top or bottom of the window`);
  }

  /** Words that end in an ellipsis are there in full as a title. */
  function whole(cut: Element): void {
    const title = cut.closest('[title]')?.getAttribute('title') ?? cut.querySelector('[title]')?.getAttribute('title');
    const words = (cut.textContent ?? '').replace(/\s+/g, ' ').trim();
    if (!title || !(title.includes(words) || words.includes(title))) {
      faults.add(`${nameOf(cut)} ends in an ellipsis, and its whole text is nowhere`);
    }
  }

  /** Whether something of an element can be seen: its ground, its edge, its words, a picture. */
  function isPainted(element: Element): boolean {
    if (!isDrawn(element)) return false;
    if (element.matches('video, canvas, img, input, select, textarea, svg, svg *')) return true;
    const style = getComputedStyle(element);
    if (style.backgroundImage !== 'none' || !/(, 0\)|transparent)$/.test(style.backgroundColor)) return true;
    return [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
  }

  /** Whether what is seen, or pressed, at a point of an element is the element. */
  function covered(element: Element, x: number, y: number, pressed: boolean): void {
    const [hit] = pressed ? [document.elementFromPoint(x, y)] : document.elementsFromPoint(x, y).filter((one) => one.contains(element) || isPainted(one));
    if (!hit || hit.contains(element) || element.contains(hit)) return;
    // It says something once, is closed by a press, and what lies beneath can be scrolled.
    if (hit.closest('.notices')) return;
    // The area of a link may be its whole row.
    if (hit.matches('a, label') && hit.parentElement?.parentElement?.contains(element)) return;
    if (element.closest('label')?.contains(hit)) return;
    faults.add(`${nameOf(element)} is covered by ${nameOf(hit)}`);
  }

  function points(element: Element, box: DOMRect, inset: number, from: Element | null, pressed: boolean): void {
    let [left, top, right, bottom] = [Math.max(box.left, 0), Math.max(box.top, 0), Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
    for (let around = from; around; around = around.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(around);
      if (overflowX === 'visible' && overflowY === 'visible') continue;
      const outer = around.getBoundingClientRect();
      [left, right] = [Math.max(left, outer.left), Math.min(right, outer.right)];
      [top, bottom] = [Math.max(top, outer.top), Math.min(bottom, outer.bottom)];
    }
    if (right - left < 4 || bottom - top < 4) return;
    const [dx, dy] = [Math.min(inset, (right - left) / 2), Math.min(inset, (bottom - top) / 2)];
    for (const x of [left + dx, (left + right) / 2, right - dx]) {
      for (const y of [top + dy, bottom - dy]) covered(element, x, y, pressed);
    }
  }

  const controls = (pressing: boolean): void => {
    for (const element of layer.querySelectorAll(CONTROLS)) control(element, pressing);
  };
  function control(element: Element, pressing: boolean): void {
    if (!isDrawn(element)) return;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || getComputedStyle(element).opacity === '0') return;
    if (!pressing) reach(element, box);
    const radius = Math.min(parseFloat(getComputedStyle(element).borderTopLeftRadius), box.width / 2, box.height / 2);
    points(element, box, 2 + 0.3 * radius, element.parentElement, pressing);
    if (pressing) return;
    if (element.closest('.call') && element.matches('button')) {
      if (Math.min(box.width, box.height) < 39.5) faults.add(`${nameOf(element)} is too small for a finger`);
    }
  }

  controls(true);
  // What lets presses through may still cover: from here on everything takes them.
  root.classList.add('solid');
  controls(false);

  const texts = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.textContent?.trim() || !isDrawn(element) || element.matches('option, script, style, .avatar *')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const line of range.getClientRects()) {
      if (line.width < 1) continue;
      // The box of a line is higher than its letters.
      const letters = new DOMRect(line.x, line.y + line.height * 0.25, line.width, line.height * 0.5);
      reach(element, letters);
      points(element, letters, 1, element, false);
    }
  }

  for (const element of document.querySelectorAll('*')) {
    const style = getComputedStyle(element);
    if (scrolls(style.overflowX) && element.scrollWidth > element.clientWidth + 1 && !element.matches('.strip, textarea')) {
      faults.add(`${nameOf(element)} scrolls sideways`);
    }
    if (style.position !== 'absolute' || !(element instanceof HTMLElement)) continue;
    // Whoever is positioned by something outside a scrolling pane makes that longer than it looks.
    let pane: Element | null = element.parentElement;
    while (pane && !scrolls(getComputedStyle(pane).overflowY)) pane = pane.parentElement;
    const by = element.offsetParent;
    if (pane && by && by !== pane && by.contains(pane)) {
      faults.add(`${nameOf(element)} is positioned by what lies outside ${nameOf(pane)}`);
    }
  }
  root.classList.remove('solid');
  return [...faults];
}
