export type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

/** The corner of a stage nearest to a point. */
export function cornerAt(x: number, y: number, stage: DOMRect): Corner {
  const right = x > stage.left + stage.width / 2;
  const bottom = y > stage.top + stage.height / 2;
  return join(bottom, right);
}

/** Where an arrow key moves from a corner; null for other keys. */
export function cornerAfter(corner: Corner, key: string): Corner | null {
  const bottom = corner.startsWith('bottom');
  const right = corner.endsWith('right');
  switch (key) {
    case 'ArrowUp':
      return join(false, right);
    case 'ArrowDown':
      return join(true, right);
    case 'ArrowLeft':
      return join(bottom, false);
    case 'ArrowRight':
      return join(bottom, true);
    default:
      return null;
  }
}

function join(bottom: boolean, right: boolean): Corner {
  if (bottom) return right ? 'bottom-right' : 'bottom-left';
  return right ? 'top-right' : 'top-left';
}
