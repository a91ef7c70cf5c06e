/** How long the context goes on after its last use, in ms: what fades out is heard to its end. */
const REST_MS = 2_000;

/** The one audio context of the window. Browsers hold it back until the first gesture. */
let context: AudioContext | undefined;
let uses = 0;
let rest: ReturnType<typeof setTimeout> | undefined;
/** It was told to rest; that takes a moment, in which it still runs. */
let rests = false;

/** A use of the audio context. */
export interface AudioUse {
  readonly audio: AudioContext;
  /** Nothing more is played or measured. */
  end(): void;
}

/**
 * Keeps the audio context awake until the use ends. Without any use it rests: one that runs plays
 * silence, which keeps the loudspeaker, the sound server and a processor awake for nothing.
 */
export function useAudio(): AudioUse | null {
  if (typeof AudioContext === 'undefined') return null;
  const audio = (context ??= new AudioContext());
  clearTimeout(rest);
  uses += 1;
  if (rests || audio.state !== 'running') resumeAtGesture(audio);
  rests = false;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    uses -= 1;
    if (uses > 0) return;
    rest = setTimeout(() => {
      rests = true;
      void audio.suspend().catch(() => undefined);
    }, REST_MS);
  };
  return { audio, end };
}

/** How long a browser may take to let a context run, in ms. */
const ALLOW_MS = 700;

/**
 * Calls back whether the browser holds this page's sound back until somebody touches the page, as
 * after it restarted: nothing that rings is heard until then.
 */
export function watchHeldBack(hear: (held: boolean) => void): () => void {
  const use = useAudio();
  if (!use) return () => undefined;
  const { audio } = use;
  const stop = (): void => {
    clearTimeout(timer);
    audio.removeEventListener('statechange', changed);
    use.end();
  };
  const changed = (): void => {
    if (audio.state !== 'running') return;
    stop();
    hear(false);
  };
  const timer = setTimeout(() => hear(audio.state !== 'running'), ALLOW_MS);
  audio.addEventListener('statechange', changed);
  changed();
  return stop;
}

let waiting = false;

/** Tries at once (granted to pages that were used before), then at every gesture until it runs. */
function resumeAtGesture(held: AudioContext): void {
  void held.resume().catch(() => undefined);
  if (waiting) return;
  waiting = true;
  const gestures = ['pointerdown', 'keydown', 'touchend'] as const;
  const done = () => {
    waiting = false;
    for (const gesture of gestures) removeEventListener(gesture, resume, true);
  };
  const resume = () =>
    void held.resume().then(
      () => {
        done();
        // The gesture is what the next sound needs; there is none now.
        if (uses === 0) void held.suspend().catch(() => undefined);
      },
      () => undefined,
    );
  for (const gesture of gestures) addEventListener(gesture, resume, true);
}

/** One note: when it starts in a pattern (s), how long it sounds (s), how high it is (Hz). */
export interface Note {
  at: number;
  length: number;
  pitch: number;
}

/** Notes that repeat. */
export interface Pattern {
  notes: Note[];
  /** Length of one round in s. */
  period: number;
  /** Peak gain of a note, 0 to 1. */
  gain: number;
  /** How a note sounds: struck like a bell, or steady like a line tone. */
  voice: 'bell' | 'steady';
}

/** Plays a pattern until the returned function is called; that silences it at once. */
export function playPattern(pattern: Pattern, rounds = Infinity): () => void {
  const use = useAudio();
  if (!use) return () => undefined;
  const { audio } = use;
  const out = audio.createGain();
  out.connect(audio.destination);
  let left = rounds;
  const round = () => {
    // A held-back context would pile the rounds up and play them all together.
    if (audio.state !== 'running') return;
    left -= 1;
    for (const note of pattern.notes) playNote(audio, out, note, pattern);
    if (left > 0) return;
    clearInterval(timer);
    last = setTimeout(use.end, pattern.period * 1000);
  };
  const begin = () => {
    if (audio.state !== 'running') return;
    audio.removeEventListener('statechange', begin);
    round();
  };
  let last: ReturnType<typeof setTimeout> | undefined;
  const timer = setInterval(round, pattern.period * 1000);
  audio.addEventListener('statechange', begin);
  begin();
  return () => {
    clearInterval(timer);
    clearTimeout(last);
    audio.removeEventListener('statechange', begin);
    out.gain.value = 0;
    out.disconnect();
    use.end();
  };
}

function playNote(audio: AudioContext, out: AudioNode, note: Note, pattern: Pattern): void {
  const start = audio.currentTime + note.at + 0.01;
  const end = start + note.length;
  const gain = audio.createGain();
  gain.connect(out);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(pattern.gain, start + 0.012);
  if (pattern.voice === 'bell') gain.gain.exponentialRampToValueAtTime(0.0008, end);
  else {
    gain.gain.setValueAtTime(pattern.gain, end - 0.03);
    gain.gain.linearRampToValueAtTime(0, end);
  }
  const partials = pattern.voice === 'bell' ? [1, 2.005, 3.01] : [1];
  partials.forEach((ratio, index) => {
    const tone = audio.createOscillator();
    const share = audio.createGain();
    tone.frequency.value = note.pitch * ratio;
    share.gain.value = 1 / (index * 3 + 1);
    tone.connect(share).connect(gain);
    tone.start(start);
    tone.stop(end + 0.05);
  });
}
