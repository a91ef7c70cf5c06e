import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.ts';
import { run } from './command.ts';
import type { Place } from './place.ts';
import { read, type Sound } from './sound.ts';
import { pause, until } from './waiting.ts';

/** What the server's idle devices hold back at first, in ms: blocks of 2 s until somebody asks for shorter ones. */
const SETTLING_MS = 2_500;

/** What somebody's microphone hears and their speaker plays: a sound server without hardware. */
export class Room {
  #microphone = '';
  #started = 0;
  readonly #feeders: Child[] = [];

  private constructor(
    private readonly place: Place,
    private readonly server: Child,
    private readonly socket: string,
  ) {}

  static async start(place: Place): Promise<Room> {
    const socket = join(place.runtime, 'sound.sock');
    const parameters = [
      ...['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no'],
      ...['--high-priority=no', '--realtime=no', '--log-target=stderr'],
      `--load=module-native-protocol-unix socket=${socket} auth-anonymous=1`,
      '--load=module-null-sink sink_name=speaker rate=48000 channels=2',
      '--load=module-null-sink sink_name=micfeed rate=48000 channels=1',
    ];
    const log = place.log('pulseaudio');
    const server = new Child('pulseaudio', 'pulseaudio', parameters, { log, env: place.env });
    const room = new Room(place, server, socket);
    await until('the sound server answers', async () => {
      await room.#control(['info']);
      return true;
    });
    await room.#control(['set-default-sink', 'speaker']);
    await room.plugMicrophone();
    for (const device of ['micfeed', 'speaker']) {
      room.#feeders.push(room.#start('pacat', [`--device=${device}`, ...raw(48_000, 10), '/dev/zero']));
    }
    room.#started = performance.now();
    return room;
  }

  /** The only variable that a program in this room needs. */
  get env(): NodeJS.ProcessEnv {
    return { PULSE_SERVER: `unix:${this.socket}` };
  }

  /** Returns once the devices move sound as ordinary ones do. */
  async settle(): Promise<void> {
    await pause(Math.max(0, this.#started + SETTLING_MS - performance.now()));
  }

  async plugMicrophone(): Promise<void> {
    this.#microphone = await this.#control([
      ...['load-module', 'module-remap-source', 'source_name=virtmic'],
      ...['master=micfeed.monitor', 'rate=48000', 'channels=1'],
    ]);
    await this.#control(['set-default-source', 'virtmic']);
  }

  async unplugMicrophone(): Promise<void> {
    await this.#control(['unload-module', this.#microphone]);
  }

  /** Lets the microphone hear the speaker, after `ms` and half as loud. */
  async letEcho(ms: number): Promise<void> {
    const before = await this.#inputs();
    await this.#control([
      ...['load-module', 'module-loopback', 'source=speaker.monitor', 'sink=micfeed'],
      ...[`latency_msec=${ms}`, 'adjust_time=0'],
    ]);
    const input = await until('the echo is there', async () =>
      (await this.#inputs()).find((input) => !before.includes(input)),
    );
    await this.#control(['set-sink-input-volume', input, '-6dB']);
  }

  /** Says a file into the microphone and returns when it is said. */
  async say(file: string): Promise<void> {
    const parameters = ['--device=micfeed', '--latency-msec=20', file];
    await run('paplay', parameters, { env: this.#env, ms: 60_000 });
  }

  /** Listens to the speaker while something happens, and for `after` ms. */
  hear(during: () => Promise<unknown>, after = 1_000): Promise<Sound> {
    return this.#record('speaker', during, after);
  }

  /** Listens to what the microphone picks up while something happens, and for `after` ms. */
  pickUp(during: () => Promise<unknown>, after = 1_000): Promise<Sound> {
    return this.#record('micfeed', during, after);
  }

  async stop(): Promise<void> {
    for (const feeder of this.#feeders) await feeder.end();
    await this.server.end();
  }

  async #record(sink: string, during: () => Promise<unknown>, after: number): Promise<Sound> {
    const file = join(this.place.runtime, `heard-${sink}.raw`);
    writeFileSync(file, '');
    const recorder = this.#start('parec', [`--device=${sink}.monitor`, ...raw(48_000, 20), file]);
    await until('the recording begins', () => existsSync(file) && statSync(file).size > 0);
    await during();
    await pause(after);
    await recorder.end();
    // What the server resamples differs from what sox does, and what was said went through sox.
    const shape = ['-t', 'raw', '-r', '48000', '-c', '1', '-e', 'signed', '-b', '16'];
    return read([...shape, file], RATE, this.place.runtime);
  }

  #start(binary: string, parameters: string[]): Child {
    return new Child(binary, binary, parameters, { log: this.place.log(binary), env: this.#env });
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...this.place.env, ...this.env };
  }

  async #control(parameters: string[]): Promise<string> {
    return (await run('pactl', parameters, { env: this.#env })).trim();
  }

  async #inputs(): Promise<string[]> {
    const list = await this.#control(['list', 'short', 'sink-inputs']);
    return list.split('\n').map((line) => line.split('\t')[0] ?? '');
  }
}

/** What is compared is speech; below 2 kHz is enough of it. */
const RATE = 4_000;

function raw(rate: number, latency: number): string[] {
  return ['--raw', '--format=s16le', `--rate=${rate}`, '--channels=1', `--latency-msec=${latency}`];
}
