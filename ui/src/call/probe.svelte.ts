import type { DeviceProblem } from '../lib/bindings';
import type { Desktop } from '../lib/host/host';
import { problemOf } from '../lib/rtc/problem';
import { loudnessOf, watchLevel } from '../shared/level';

/** What a test of a device has come to. Devices open only after a press. */
export type ProbeState =
  | { type: 'idle' }
  | { type: 'opening' }
  | { type: 'open'; track: MediaStreamTrack | null }
  | { type: 'failed'; problem: DeviceProblem };

/** How often a microphone that the program holds is read, in ms. */
const READ_MS = 60;

/** A microphone or camera that is open for a test. */
export class Probe {
  state = $state.raw<ProbeState>({ type: 'idle' });
  readonly track: MediaStreamTrack | null = $derived(
    this.state.type === 'open' ? this.state.track : null,
  );
  /** How loud it is, while a microphone is open. */
  readonly watch: ((hear: (level: number) => void) => () => void) | null = $derived.by(() => {
    if (this.state.type !== 'open' || this.#kind !== 'audio') return null;
    const { track } = this.state;
    return track ? (hear) => watchLevel(track, hear) : (hear) => this.#watchNative(hear);
  });
  readonly #kind: 'audio' | 'video';
  readonly #desktop: Desktop | null;
  /** Which opening counts. */
  #turn = 0;

  /** `desktop`: the app's, in whose windows a page opens nothing unasked. */
  constructor(kind: 'audio' | 'video', desktop: Desktop | null) {
    this.#kind = kind;
    this.#desktop = desktop;
  }

  async open(device: string | null): Promise<void> {
    this.close();
    const turn = ++this.#turn;
    this.state = { type: 'opening' };
    if (this.#kind === 'audio' && (await this.#desktop?.testMicrophone(device))) {
      if (turn === this.#turn) this.state = { type: 'open', track: null };
      return;
    }
    try {
      await this.#desktop?.testDevices(true);
      if (!navigator.mediaDevices) throw new DOMException('no devices here', 'NotAllowedError');
      const stream = await navigator.mediaDevices.getUserMedia({
        [this.#kind]: device === null ? true : { deviceId: { exact: device } },
      });
      const track = stream.getTracks()[0];
      if (!track) throw new DOMException('no track', 'NotFoundError');
      if (turn !== this.#turn) return track.stop();
      this.state = { type: 'open', track };
    } catch (error) {
      if (turn === this.#turn)
        this.state = {
          type: 'failed',
          problem: problemOf(error, this.#kind === 'audio' ? 'audio' : 'camera'),
        };
    }
  }

  close(): void {
    this.#turn += 1;
    if (this.state.type === 'open') {
      if (this.state.track) this.state.track.stop();
      else void this.#desktop?.endMicrophoneTest();
    }
    this.state = { type: 'idle' };
  }

  /** Reads a microphone that the program holds. */
  #watchNative(hear: (level: number) => void): () => void {
    const turn = this.#turn;
    const timer = setInterval(() => {
      void this.#desktop?.readMicrophone().then((reading) => {
        if (turn !== this.#turn) return;
        if (reading?.state.type === 'unavailable') {
          const { problem } = reading.state;
          this.close();
          this.state = { type: 'failed', problem };
        } else {
          hear(reading ? loudnessOf(reading.level) : 0);
        }
      });
    }, READ_MS);
    return () => {
      clearInterval(timer);
      hear(0);
    };
  }
}
