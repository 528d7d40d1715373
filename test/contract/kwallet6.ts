import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BUS } from '../../native-host/keyring/dbus.ts';
import {
  decodeMessage,
  encodeMessage,
  MESSAGE_TYPE,
  type Message,
  messageLength,
} from '../../native-host/keyring/dbus-message.ts';

/** KDE 6's wallet daemon, of which this system has no package: its name and object, answered by KDE 5's on the same bus. */
export type Kwallet6 = { readonly calls: readonly string[]; close(): void };

const FIVE = { destination: 'org.kde.kwalletd5', path: '/modules/kwalletd5' };
const SIX = { name: 'org.kde.kwalletd6', path: '/modules/kwalletd6' };

export async function startKwallet6(socketPath: string): Promise<Kwallet6> {
  const socket = connect(socketPath);
  socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
  await once(socket, 'data');
  const kwallet = new RelayedKwallet(socket);
  await kwallet.start();
  return kwallet;
}

class RelayedKwallet implements Kwallet6 {
  readonly calls: string[] = [];
  readonly #socket: Socket;
  readonly #named = Promise.withResolvers<void>();
  /** Our call's serial -> the caller and its own serial. */
  readonly #waiting = new Map<number, { readonly destination: string; readonly replySerial: number }>();
  #received = Buffer.alloc(0);
  #serial = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async start(): Promise<void> {
    this.#socket.on('data', (chunk) => this.#receive(Buffer.from(chunk)));
    this.#socket.write('BEGIN\r\n');
    this.#send({ type: MESSAGE_TYPE.call, ...BUS, member: 'Hello' });
    this.#send({ type: MESSAGE_TYPE.call, ...BUS, member: 'RequestName', signature: 'su', body: [SIX.name, 0] });
    await this.#named.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const length = messageLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      const message = decodeMessage(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      this.#pass(message);
    }
  }

  #pass(message: Message): void {
    const { type, signature, body } = message;
    if (type === MESSAGE_TYPE.call && message.path === SIX.path) {
      this.calls.push(message.member ?? '');
      const { interface: ofWallet, member } = message;
      const serial = this.#send({ type, ...FIVE, interface: ofWallet, member, signature, body });
      this.#waiting.set(serial, { destination: String(message.sender), replySerial: message.serial });
    } else if (message.replySerial === 2) {
      this.#named.resolve();
    } else {
      const caller = this.#waiting.get(message.replySerial ?? 0);
      if (caller !== undefined) this.#send({ type, ...caller, errorName: message.errorName, signature, body });
    }
  }

  #send(message: { [K in keyof Message]?: Message[K] | undefined } & { readonly type: number }): number {
    this.#serial += 1;
    const given = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
    const whole = { flags: 0, signature: '', body: [], ...given, type: message.type, serial: this.#serial };
    this.#socket.write(encodeMessage(whole));
    return this.#serial;
  }
}
