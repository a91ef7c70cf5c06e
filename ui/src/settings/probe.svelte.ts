import type { DeviceProblem } from '../lib/bindings';
import { problemOf } from '../lib/rtc/problem';

/** What a test of a device has come to. Devices open only after a press. */
export type ProbeState =
  | { type: 'idle' }
  | { type: 'opening' }
  | { type: 'open'; track: MediaStreamTrack }
  | { type: 'failed'; problem: DeviceProblem };

/** A microphone or camera that is open for a test. */
export class Probe {
  state = $state.raw<ProbeState>({ type: 'idle' });
  readonly track: MediaStreamTrack | null = $derived(
    this.state.type === 'open' ? this.state.track : null,
  );
  readonly #kind: 'audio' | 'video';
  /** Which opening counts. */
  #turn = 0;

  constructor(kind: 'audio' | 'video') {
    this.#kind = kind;
  }

  async open(device: string | null): Promise<void> {
    this.close();
    const turn = ++this.#turn;
    this.state = { type: 'opening' };
    try {
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
    if (this.state.type === 'open') this.state.track.stop();
    this.state = { type: 'idle' };
  }
}
