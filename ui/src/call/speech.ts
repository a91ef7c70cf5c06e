/** Pieces of a reading whose loudness is compared: of 170 ms, each is about as long as a vowel's onset. */
const PIECES = 8;
/** Quieter is no speech into this microphone, in dB of full scale: a whisper beside it measures -55. */
const LEAST_DB = -52;
/** Speech is this far above what the room sounds like, in dB. Lower takes a fan for somebody. */
const ABOVE_DB = 9;
/** Loudness of speech changes this much within a reading, in dB; that of noise by 1 or 2. */
const LIVELY_DB = 5;
/** How fast the room may become louder, in dB per reading: a vacuum cleaner is the room in seconds. */
const RISES_DB = 1.5;
/** Readings of which two must be speech: half a second at four a second. A door slams in one. */
const LAST = 3;

/** Tells somebody who speaks from a room with noise in it, by four readings a second. */
export class Speech {
  #room = LEAST_DB - ABOVE_DB;
  #last: boolean[] = [];

  /** Samples in -1..1, about 170 ms of them. True while somebody speaks. */
  hear(samples: Float32Array): boolean {
    const levels = piecesOf(samples).sort((one, other) => one - other);
    const quiet = levels[1] ?? -100;
    const middle = levels[PIECES / 2] ?? -100;
    const loud = levels[PIECES - 2] ?? -100;
    const speech = middle > Math.max(LEAST_DB, this.#room + ABOVE_DB) && loud - quiet > LIVELY_DB;
    this.#room = Math.min(Math.max(quiet, -90), this.#room + RISES_DB);
    this.#last = [...this.#last, speech].slice(-LAST);
    return this.#last.filter(Boolean).length >= 2;
  }
}

/** The loudness of each piece, in dB of full scale. */
function piecesOf(samples: Float32Array): number[] {
  const length = Math.floor(samples.length / PIECES);
  return Array.from({ length: PIECES }, (_, at) => {
    let sum = 0;
    for (const sample of samples.subarray(at * length, (at + 1) * length)) sum += sample * sample;
    return 10 * Math.log10(sum / length + 1e-10);
  });
}
