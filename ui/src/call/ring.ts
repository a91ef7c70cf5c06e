import { playPattern, type Pattern } from '../shared/sound';

/** Somebody calls: two struck notes, a fourth apart, twice, then a breath. */
const RINGTONE: Pattern = {
  notes: [
    { at: 0, length: 0.9, pitch: 784 },
    { at: 0.18, length: 1.1, pitch: 1046.5 },
    { at: 0.62, length: 0.9, pitch: 784 },
    { at: 0.8, length: 1.3, pitch: 1046.5 },
  ],
  period: 3,
  gain: 0.16,
  voice: 'bell',
};

/** The other side rings: the European ringing tone, 425 Hz (ITU-T E.180), one second in five. */
const RINGBACK: Pattern = {
  notes: [{ at: 0, length: 1, pitch: 425 }],
  period: 5,
  gain: 0.06,
  voice: 'steady',
};

export function playRingtone(rounds?: number): () => void {
  return playPattern(RINGTONE, rounds);
}

export function playRingback(): () => void {
  return playPattern(RINGBACK);
}
