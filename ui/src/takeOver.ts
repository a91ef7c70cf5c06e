/** Where the application goes; what index.html showed until now leaves once it is drawn. */
export function takeOver(draw: (target: HTMLElement) => void): void {
  const target = document.getElementById('app');
  if (!target) return;
  draw(target);
  document.getElementById('shell')?.remove();
}
