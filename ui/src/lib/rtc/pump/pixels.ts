/** The bytes of a picture, and where its planes are in them. */
export interface Planes {
  readonly format: VideoPixelFormat | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layout: readonly PlaneLayout[];
  readonly matrix: Matrix;
}

/** From brightness and colour to red, green and blue. */
export interface Matrix {
  /** What each brightness is of all three. */
  readonly light: Int16Array;
  /** What colours add to them, in 256ths. */
  readonly redOfV: number;
  readonly greenOfU: number;
  readonly greenOfV: number;
  readonly blueOfU: number;
}

/** Brightness from 16 to 235, or from 0 to 255; ITU-R BT.601 and BT.709. */
const NARROW = Int16Array.from({ length: 256 }, (_, y) => Math.round(((y - 16) * 255) / 219));
const FULL = Int16Array.from({ length: 256 }, (_, y) => y);
const BT601 = { light: NARROW, redOfV: 409, greenOfU: -100, greenOfV: -208, blueOfU: 516 };
const BT601_FULL = { light: FULL, redOfV: 359, greenOfU: -88, greenOfV: -183, blueOfU: 454 };
const BT709 = { light: NARROW, redOfV: 459, greenOfU: -55, greenOfV: -136, blueOfU: 541 };
const BT709_FULL = { light: FULL, redOfV: 403, greenOfU: -48, greenOfV: -120, blueOfU: 475 };

/** What the colours of a picture mean; where it does not say, what calls have always meant. */
export function matrixOf({
  matrix,
  fullRange,
}: {
  matrix: string | null;
  fullRange: boolean | null;
}): Matrix {
  if (matrix === 'bt709') return fullRange ? BT709_FULL : BT709;
  return fullRange ? BT601_FULL : BT601;
}

/**
 * Fills the pixels of a canvas with a picture that has `step` times as many along each side: 1, or
 * an even number. False, and nothing is filled, if its format is another.
 */
export function fill(
  { width, height, data }: Pick<ImageData, 'width' | 'height' | 'data'>,
  { format, bytes, layout, matrix }: Planes,
  step: number,
): boolean {
  const pixels = new Int32Array(data.buffer, data.byteOffset, width * height);
  const [first, second, third] = layout;
  switch (format) {
    case 'I420': {
      if (!first || !second || !third) return false;
      const chroma = { u: second.offset, v: third.offset, stride: second.stride, apart: 1 };
      if (step === 1) fromYuv(pixels, width, height, bytes, first, chroma, matrix);
      else fromLargerYuv(pixels, width, height, bytes, first, chroma, matrix, step);
      return true;
    }
    case 'NV12': {
      if (!first || !second) return false;
      const { offset, stride } = second;
      const chroma = { u: offset, v: offset + 1, stride, apart: 2 };
      if (step === 1) fromYuv(pixels, width, height, bytes, first, chroma, matrix);
      else fromLargerYuv(pixels, width, height, bytes, first, chroma, matrix, step);
      return true;
    }
    case 'BGRA':
    case 'BGRX':
    case 'RGBA':
    case 'RGBX':
      if (!first || first.offset % 4 !== 0 || first.stride % 4 !== 0) return false;
      fromRgb(pixels, width, height, bytes, first, format.startsWith('BGR'), step);
      return true;
    default:
      return false;
  }
}

const OPAQUE = 0xff000000 | 0;

interface Chroma {
  readonly u: number;
  readonly v: number;
  readonly stride: number;
  /** Bytes from one value to the next. */
  readonly apart: number;
}

/** How far below 0, or above 255, a sum can be. */
const BEYOND = 320;
/** The parts of a pixel for each sum, kept within 0 to 255: faster than to compare. */
const RED = new Int32Array(256 + 2 * BEYOND);
const GREEN = new Int32Array(RED.length);
const BLUE = new Int32Array(RED.length);
for (let at = 0; at < RED.length; at += 1) {
  const value = Math.max(0, Math.min(255, at - BEYOND));
  RED[at] = OPAQUE | value;
  GREEN[at] = value << 8;
  BLUE[at] = value << 16;
}

/** Two by two pixels have one colour. Written out: each function that is called here costs a third. */
function fromYuv(
  pixels: Int32Array,
  width: number,
  height: number,
  bytes: Uint8Array,
  luma: PlaneLayout,
  chroma: Chroma,
  { light, redOfV, greenOfU, greenOfV, blueOfU }: Matrix,
): void {
  const { apart } = chroma;
  for (let y = 0; y < height; y += 2) {
    // An odd last row is done twice.
    const rows = y + 1 < height ? 1 : 0;
    const below = rows * width;
    const under = rows * luma.stride;
    let at = y * width;
    let seen = luma.offset + y * luma.stride;
    let u = chroma.u + (y >> 1) * chroma.stride;
    let v = chroma.v + (y >> 1) * chroma.stride;
    for (const end = at + width; at < end; at += 2, seen += 2, u += apart, v += apart) {
      const ofU = (bytes[u] ?? 0) - 128;
      const ofV = (bytes[v] ?? 0) - 128;
      const red = BEYOND + ((redOfV * ofV) >> 8);
      const green = BEYOND + ((greenOfU * ofU + greenOfV * ofV) >> 8);
      const blue = BEYOND + ((blueOfU * ofU) >> 8);
      let grey = light[bytes[seen] ?? 0] ?? 0;
      pixels[at] = (RED[grey + red] ?? 0) | (GREEN[grey + green] ?? 0) | (BLUE[grey + blue] ?? 0);
      grey = light[bytes[seen + under] ?? 0] ?? 0;
      pixels[at + below] =
        (RED[grey + red] ?? 0) | (GREEN[grey + green] ?? 0) | (BLUE[grey + blue] ?? 0);
      if (at + 1 === end) break;
      grey = light[bytes[seen + 1] ?? 0] ?? 0;
      pixels[at + 1] =
        (RED[grey + red] ?? 0) | (GREEN[grey + green] ?? 0) | (BLUE[grey + blue] ?? 0);
      grey = light[bytes[seen + 1 + under] ?? 0] ?? 0;
      pixels[at + 1 + below] =
        (RED[grey + red] ?? 0) | (GREEN[grey + green] ?? 0) | (BLUE[grey + blue] ?? 0);
    }
  }
}

/** Each pixel is the mean of four that are spread over those that it stands for. */
function fromLargerYuv(
  pixels: Int32Array,
  width: number,
  height: number,
  bytes: Uint8Array,
  luma: PlaneLayout,
  chroma: Chroma,
  { light, redOfV, greenOfU, greenOfV, blueOfU }: Matrix,
  step: number,
): void {
  const half = step >> 1;
  const below = half * luma.stride;
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    let seen = luma.offset + y * step * luma.stride;
    let u = chroma.u + y * half * chroma.stride;
    let v = chroma.v + y * half * chroma.stride;
    for (let x = 0; x < width; x += 1) {
      const ofU = (bytes[u] ?? 0) - 128;
      const ofV = (bytes[v] ?? 0) - 128;
      const upper = (bytes[seen] ?? 0) + (bytes[seen + half] ?? 0);
      const lower = (bytes[seen + below] ?? 0) + (bytes[seen + below + half] ?? 0);
      const grey = BEYOND + (light[(upper + lower + 2) >> 2] ?? 0);
      pixels[at] =
        (RED[grey + ((redOfV * ofV) >> 8)] ?? 0) |
        (GREEN[grey + ((greenOfU * ofU + greenOfV * ofV) >> 8)] ?? 0) |
        (BLUE[grey + ((blueOfU * ofU) >> 8)] ?? 0);
      at += 1;
      seen += step;
      u += half * chroma.apart;
      v += half * chroma.apart;
    }
  }
}

function fromRgb(
  pixels: Int32Array,
  width: number,
  height: number,
  bytes: Uint8Array<ArrayBuffer>,
  { offset, stride }: PlaneLayout,
  blueFirst: boolean,
  step: number,
): void {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  const half = step >> 1;
  const below = half * (stride >> 2);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    let seen = (offset + y * step * stride) >> 2;
    for (let x = 0; x < width; x += 1, seen += step) {
      const a = words[seen] ?? 0;
      let outer = a & 0xff00ff;
      let green = a & 0xff00;
      if (half > 0) {
        const b = words[seen + half] ?? 0;
        const c = words[seen + below] ?? 0;
        const d = words[seen + below + half] ?? 0;
        // Two bytes of a word at once: their sums do not reach each other.
        outer =
          ((outer + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002) >> 2) & 0xff00ff;
        green = ((green + (b & 0xff00) + (c & 0xff00) + (d & 0xff00) + 0x200) >> 2) & 0xff00;
      }
      if (blueFirst) outer = ((outer & 0xff) << 16) | (outer >> 16);
      pixels[at] = OPAQUE | outer | green;
      at += 1;
    }
  }
}
