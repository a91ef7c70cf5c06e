import { useAudio } from './sound';

/** Quieter than this is shown as silence; a quiet room measures about -60 dBFS. */
const FLOOR_DB = -58;
/** Readings per second: enough to look live, cheap enough for sixteen tiles. */
const RATE = 20;

/** Maps the root mean square of samples in -1..1 to 0 (silence) … 1 (loud), in decibels. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return loudnessOf(20 * Math.log10(Math.sqrt(sum / samples.length) + 1e-9));
}

/** Maps dB of full scale to 0 (silence) … 1 (loud). */
export function loudnessOf(decibels: number): number {
  return Math.min(1, Math.max(0, (decibels - FLOOR_DB) / (-12 - FLOOR_DB)));
}

/** Calls back with the loudness of a track until the returned function is called. */
export function watchLevel(track: MediaStreamTrack, hear: (level: number) => void): () => void {
  const use = useAudio();
  if (!use) return () => undefined;
  const { audio } = use;
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  const analyser = audio.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    // Rises at once, falls slowly, as a needle does.
    shown = Math.max(loudness(samples), shown * 0.82);
    hear(shown < 0.01 ? 0 : shown);
  }, 1000 / RATE);
  return () => {
    clearInterval(timer);
    source.disconnect();
    use.end();
    hear(0);
  };
}
