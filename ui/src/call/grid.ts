/** How tiles share a stage. */
export interface Grid {
  columns: number;
  rows: number;
  /** Size of one tile in px. */
  width: number;
  height: number;
}

/** The widest and the narrowest shape of a tile: a camera lying and a phone standing. */
const WIDEST = 16 / 9;
const NARROWEST = 3 / 4;

/**
 * The columns that give `count` tiles the largest area on a stage, with `gap` px between them. A
 * single tile takes the whole stage.
 */
export function layOut(count: number, width: number, height: number, gap: number): Grid {
  if (count <= 1) return { columns: 1, rows: 1, width, height };
  let best: Grid = { columns: 1, rows: count, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const room = (width - gap * (columns - 1)) / columns;
    const floor = (height - gap * (rows - 1)) / rows;
    const tileWidth = Math.max(0, Math.min(room, floor * WIDEST));
    const tileHeight = Math.max(0, Math.min(floor, room / NARROWEST));
    if (tileWidth * tileHeight > best.width * best.height) {
      best = { columns, rows, width: tileWidth, height: tileHeight };
    }
  }
  return best;
}
