/** Something that a browser never answered. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/** Rejects where an answer takes longer than `ms`; one that comes later goes to `late`. */
export function within<T>(
  ms: number,
  answer: Promise<T>,
  late: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new UnansweredError());
    }, ms);
    answer.then(
      (value) => {
        clearTimeout(timer);
        if (over) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
