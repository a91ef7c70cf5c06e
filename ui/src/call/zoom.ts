/** Which part of a picture is seen. */
export interface Zoom {
  /** 1 shows the whole picture. */
  scale: number;
  /** How far the picture's centre is from the centre of its place, in px. */
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
/** A screen of 4K on a phone shows its own pixels at about 8; beyond there is nothing to see. */
const LARGEST = 8;
/** One press, or one notch of a wheel. */
export const STEP = 1.25;

/** Enlarges around a point, which is counted from the centre of the place. */
export function zoomAt(zoom: Zoom, factor: number, point: Point, place: Size): Zoom {
  const scale = Math.min(LARGEST, Math.max(1, zoom.scale * factor));
  const change = scale / zoom.scale;
  return kept(
    {
      scale,
      x: point.x - (point.x - zoom.x) * change,
      y: point.y - (point.y - zoom.y) * change,
    },
    place,
  );
}

/** Moves the picture. */
export function move(zoom: Zoom, by: Point, place: Size): Zoom {
  return kept({ ...zoom, x: zoom.x + by.x, y: zoom.y + by.y }, place);
}

/** No edge of the picture comes inside its place. */
export function kept(zoom: Zoom, { width, height }: Size): Zoom {
  const within = (value: number, length: number) => {
    const room = ((zoom.scale - 1) * length) / 2;
    return Math.min(room, Math.max(-room, value)) + 0;
  };
  return { scale: zoom.scale, x: within(zoom.x, width), y: within(zoom.y, height) };
}

/** What a key makes of it; null for keys that mean nothing here. */
export function zoomKey(zoom: Zoom, key: string, place: Size): Zoom | null {
  /** A tenth of the place, as arrows scroll. */
  const [across, down] = [place.width / 10, place.height / 10];
  switch (key) {
    case '+':
    case '=':
      return zoomAt(zoom, STEP, WHOLE, place);
    case '-':
      return zoomAt(zoom, 1 / STEP, WHOLE, place);
    case '0':
      return WHOLE;
    case 'ArrowLeft':
      return move(zoom, { x: across, y: 0 }, place);
    case 'ArrowRight':
      return move(zoom, { x: -across, y: 0 }, place);
    case 'ArrowUp':
      return move(zoom, { x: 0, y: down }, place);
    case 'ArrowDown':
      return move(zoom, { x: 0, y: -down }, place);
    default:
      return null;
  }
}
