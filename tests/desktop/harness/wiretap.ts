import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a relay on which everything is overheard: what a client must keep to itself is known. */
export class Wiretap {
  #heard = '';
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(relay: string): Promise<Wiretap> {
    const server = createServer();
    const tap = new Wiretap(server);
    const { hostname, port } = new URL(relay);
    server.on('connection', (near) => {
      const far = connect(Number(port), hostname);
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        tap.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.once('close', () => tap.#sockets.delete(socket));
        socket.pipe(other);
      }
      far.on('data', (bytes: Buffer) => (tap.#heard += bytes.toString('latin1')));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return tap;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Every token that the relay handed out. */
  tokens(): string[] {
    return [...this.#heard.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)].map(
      ([, token]) => token ?? '',
    );
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
