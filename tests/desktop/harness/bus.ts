import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.ts';
import type { Place } from './place.ts';
import { until } from './waiting.ts';
import { run } from './command.ts';

/** `none`: nobody on the bus keeps secrets. */
export type KeyringState = 'unlocked' | 'locked' | 'none';

/** What the person's keyring opens with. */
const KEYRING_PASSWORD = 'opens-the-keyring';

/** A session bus on which only those are who were put there; nothing is started on demand. */
export class SessionBus {
  #keyring: Child | null = null;

  private constructor(
    private readonly place: Place,
    private readonly daemon: Child,
    /** As in `DBUS_SESSION_BUS_ADDRESS`. */
    readonly address: string,
  ) {}

  static async start(place: Place): Promise<SessionBus> {
    const socket = join(place.runtime, 'bus');
    const config = join(place.runtime, 'bus.conf');
    writeFileSync(
      config,
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`,
    );
    const parameters = ['--nofork', '--nopidfile', `--config-file=${config}`];
    const log = place.log('bus');
    const daemon = new Child('dbus-daemon', 'dbus-daemon', parameters, { log, env: place.env });
    await until('the session bus listens', () => existsSync(socket));
    return new SessionBus(place, daemon, `unix:path=${socket}`);
  }

  get env(): NodeJS.ProcessEnv {
    return { ...this.place.env, DBUS_SESSION_BUS_ADDRESS: this.address };
  }

  /** Puts a keyring on the bus, or takes it away; what it keeps stays in the person's home. */
  async setKeyring(state: KeyringState): Promise<void> {
    await this.#keyring?.end();
    this.#keyring = null;
    if (state === 'none') return;
    const open = state === 'unlocked';
    const parameters = ['--foreground', '--components=secrets', ...(open ? ['--unlock'] : [])];
    this.#keyring = new Child('gnome-keyring-daemon', 'gnome-keyring-daemon', parameters, {
      log: this.place.log('keyring'),
      env: this.env,
      speaks: true,
    });
    this.#keyring.input.end(open ? KEYRING_PASSWORD : '');
    await this.present('org.freedesktop.secrets');
  }

  /** Returns once somebody on the bus has this name. */
  async present(name: string): Promise<void> {
    await until(`${name} is on the bus`, () => this.has(name));
  }

  async has(name: string): Promise<boolean> {
    const answer = await this.call('org.freedesktop.DBus', '/org/freedesktop/DBus', [
      'org.freedesktop.DBus.NameHasOwner',
      name,
    ]);
    return answer.includes('true');
  }

  /** Calls a method of somebody on the bus; gives what `gdbus` prints. */
  call(destination: string, path: string, [method, ...parameters]: string[]): Promise<string> {
    const target = ['--dest', destination, '--object-path', path, '--method', method ?? ''];
    return run('gdbus', ['call', '--address', this.address, ...target, ...parameters], {
      env: this.env,
    });
  }

  async stop(): Promise<void> {
    await this.#keyring?.end();
    await this.daemon.end();
  }
}
