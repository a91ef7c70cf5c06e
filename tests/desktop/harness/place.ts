import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Variables of whoever runs the tests that programs under test must not see. */
const FOREIGN = ['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'PULSE_SERVER'];

/** The folders of somebody's login on a machine: all that their programs can find. */
export class Place {
  /** What they keep. */
  readonly home: string;
  /** What is gone when they log out: sockets. */
  readonly runtime: string;
  readonly logs: string;
  readonly env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.home = join(folder, 'home');
    this.runtime = join(folder, 'run');
    this.logs = join(folder, 'logs');
    for (const made of [this.home, this.logs]) mkdirSync(made, { recursive: true });
    mkdirSync(this.runtime, { recursive: true, mode: 0o700 });
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOME: this.home,
      XDG_DATA_HOME: join(this.home, 'data'),
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_CACHE_HOME: join(this.home, 'cache'),
      XDG_RUNTIME_DIR: this.runtime,
      LC_ALL: 'C.UTF-8',
    };
    for (const name of FOREIGN) delete env[name];
    this.env = env;
  }

  log(name: string): string {
    return join(this.logs, `${name}.log`);
  }
}
