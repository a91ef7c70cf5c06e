import { fill, matrixOf } from './pixels';

/** Where pictures are painted: in a worker, or in a page where no worker can. */
export type Canvas = OffscreenCanvas | HTMLCanvasElement;
type Pen = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

export interface Manner {
  /** What is much wider than so many pixels is painted smaller, about that wide. */
  wide?: number;
  /** What colours mean, whatever pictures say of it. */
  colours?: Pick<VideoColorSpace, 'matrix' | 'fullRange'>;
  /** What to wait for, and what to do, before each picture is painted. */
  ready?: () => Promise<void> | void;
}

/**
 * Paints pictures as they come. Where they come faster than they can be painted, or nobody looks, only
 * the newest is kept. What is taken off the screen is wiped: it may be hung again much later, when it
 * shows what is not so any more.
 */
export class Painter {
  readonly #wide: number;
  readonly #colours: Manner['colours'];
  readonly #ready: () => Promise<void> | void;
  #canvas: Canvas | null = null;
  #pen: Pen | null = null;
  #bytes = new Uint8Array();
  #pixels: ImageData | null = null;
  #newest: VideoFrame | null = null;
  #seen: boolean;
  #hung = false;
  #busy = false;
  #closed = false;

  constructor(seen: boolean, { wide = Infinity, colours, ready = () => undefined }: Manner = {}) {
    this.#seen = seen;
    this.#wide = wide;
    this.#colours = colours;
    this.#ready = ready;
  }

  /** Whether anything would be painted at once. */
  get works(): boolean {
    return this.#seen && this.#hung && this.#canvas !== null;
  }

  /** Where to paint from here on. */
  onto(canvas: Canvas): void {
    this.#canvas = canvas;
    this.#pen = canvas.getContext('2d', { alpha: false }) as Pen | null;
    void this.#work();
  }

  /** Whether somebody sees the window. */
  see(seen: boolean): void {
    this.#seen = seen;
    void this.#work();
  }

  /** The canvas is hung up in the window, or taken off. */
  hang(hung: boolean): void {
    this.#hung = hung;
    if (!hung) this.#wipe();
    void this.#work();
  }

  /** Paints a picture, which is this painter's from here on. */
  paint(frame: VideoFrame): void {
    if (this.#closed) return frame.close();
    this.#newest?.close();
    this.#newest = frame;
    void this.#work();
  }

  /** Paints nothing any more. */
  close(): void {
    this.#closed = true;
    this.#newest?.close();
    this.#newest = null;
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#newest && this.#canvas && this.#pen && this.works) {
      const frame = this.#newest;
      this.#newest = null;
      // Where one cannot be painted, the next may.
      await this.#put(frame, this.#canvas, this.#pen).catch(() => frame.close());
    }
    this.#busy = false;
  }

  async #put(frame: VideoFrame, canvas: Canvas, pen: Pen): Promise<void> {
    const step = stepOf(frame.displayWidth, this.#wide);
    const width = Math.max(1, Math.floor(frame.displayWidth / step));
    const height = Math.max(1, Math.floor(frame.displayHeight / step));
    const pixels = await this.#pixelsOf(frame, width, height, step).catch(() => null);
    // Cameras have few of them.
    if (pixels) frame.close();
    await this.#ready();
    if (!this.#closed && this.#hung) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      if (pixels) pen.putImageData(pixels, 0, 0);
      else pen.drawImage(frame, 0, 0, width, height);
    }
    if (!pixels) frame.close();
  }

  #wipe(): void {
    this.#newest?.close();
    this.#newest = null;
    if (this.#canvas) this.#pen?.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Null of a picture whose bytes say nothing here: it has to be drawn. */
  async #pixelsOf(
    frame: VideoFrame,
    width: number,
    height: number,
    step: number,
  ): Promise<ImageData | null> {
    // Not drawn: WebKitGTK sends each drawn picture through a pipeline that it starts for it.
    const { visibleRect, displayWidth, displayHeight, format } = frame;
    if (visibleRect?.width !== displayWidth || visibleRect.height !== displayHeight) return null;
    const size = frame.allocationSize();
    if (this.#bytes.byteLength !== size) this.#bytes = new Uint8Array(size);
    const bytes = this.#bytes;
    if (this.#pixels?.width !== width || this.#pixels.height !== height) {
      this.#pixels = new ImageData(width, height);
    }
    const matrix = matrixOf(this.#colours ?? frame.colorSpace);
    const layout = await frame.copyTo(bytes);
    return fill(this.#pixels, { format, bytes, layout, matrix }, step) ? this.#pixels : null;
  }
}

/** How many pixels of a picture become one: 1, or an even number. */
function stepOf(width: number, wide: number): number {
  const step = Math.round(width / wide);
  return step < 2 ? 1 : step - (step % 2);
}
