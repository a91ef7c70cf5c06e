/** How long controls stay without movement, in ms. */
const STAYS = 3000;

/** Whether nothing has moved for a while. */
export class Idle {
  idle = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Something moved. */
  stir = (): void => {
    this.idle = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.idle = true), STAYS);
  };

  stop(): void {
    clearTimeout(this.#timer);
  }
}
