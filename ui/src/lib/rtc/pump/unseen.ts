/** Makes an element part of the page where nobody sees it: WebKit plays and films no other. */
export function attachUnseen(element: HTMLElement): void {
  const { style } = element;
  style.position = 'fixed';
  style.insetInlineStart = '0';
  style.insetBlockEnd = '0';
  style.inlineSize = '1px';
  style.blockSize = '1px';
  style.opacity = '0';
  style.pointerEvents = 'none';
  element.ariaHidden = 'true';
  document.body.append(element);
}
