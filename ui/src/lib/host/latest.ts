/** The newest of something, and whoever wants to hear of the next. */
export class Latest<T> {
  value: T | undefined;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value?: T) {
    this.value = value;
  }

  set(value: T): void {
    if (value === this.value) return;
    this.value = value;
    for (const listener of this.#listeners) listener(value);
  }

  listen(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    if (this.value !== undefined) listener(this.value);
    return () => this.#listeners.delete(listener);
  }
}
