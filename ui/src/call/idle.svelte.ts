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

/** The first touch only brings the controls back; it must not press what it cannot see. */
export class Wake {
  #woke = false;

  touch(event: PointerEvent, hidden: boolean): void {
    this.#woke = hidden && event.pointerType === 'touch';
  }

  click = (event: MouseEvent): void => {
    if (!this.#woke) return;
    this.#woke = false;
    event.stopPropagation();
    event.preventDefault();
  };
}
