import { createCipheriv, createDiffieHellmanGroup, hkdfSync, randomBytes } from 'node:crypto';
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
import type { WireValue } from '../../native-host/keyring/dbus-wire.ts';

const CALLBACK = 'org.gnome.keyring.internal.Prompter.Callback';

/** What the person at the screen does: types a password, presses Cancel, or is not there. */
export type Person = { readonly types: string } | 'cancels' | 'is away';

/**
 * Plays the desktop's prompter (gnome-shell's or gcr's) on a test's bus, in gcr's own protocol, so that gnome-keyring really
 * asks. `asked` counts the questions shown; `question` waits for the next one.
 */
export type Prompter = { readonly asked: number; question(): Promise<void>; close(): void };

export async function startPrompter(socketPath: string, person: Person): Promise<Prompter> {
  const socket = connect(socketPath);
  socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
  await once(socket, 'data');
  const prompter = new PlayedPrompter(socket, person);
  await prompter.start();
  return prompter;
}

class PlayedPrompter implements Prompter {
  asked = 0;
  readonly #person: Person;
  readonly #socket: Socket;
  readonly #exchange = createDiffieHellmanGroup('modp5');
  readonly #public: string;
  #received = Buffer.alloc(0);
  #serial = 0;
  readonly #named = Promise.withResolvers<void>();
  #shown = Promise.withResolvers<void>();

  constructor(socket: Socket, person: Person) {
    this.#person = person;
    this.#socket = socket;
    this.#public = this.#exchange.generateKeys('base64');
  }

  async start(): Promise<void> {
    this.#socket.on('data', (chunk) => this.#receive(Buffer.from(chunk)));
    this.#socket.write('BEGIN\r\n');
    this.#send({ type: MESSAGE_TYPE.call, ...BUS, member: 'Hello' });
    const name = { signature: 'su', body: ['org.gnome.keyring.SystemPrompter', 0] };
    this.#send({ type: MESSAGE_TYPE.call, ...BUS, member: 'RequestName', ...name });
    await this.#named.promise;
  }

  async question(): Promise<void> {
    await this.#shown.promise;
    this.#shown = Promise.withResolvers<void>();
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
      if (message.type === MESSAGE_TYPE.call) this.#serve(message);
      else if (message.replySerial === 2) this.#named.resolve();
    }
  }

  #serve(call: Message): void {
    const [callback, , , exchange] = call.body;
    const target = { destination: String(call.sender), path: String(callback) };
    this.#send({ type: MESSAGE_TYPE.reply, replySerial: call.serial, destination: target.destination });
    if (call.member === 'BeginPrompting') this.#ready(target, '', `public=${this.#public}\n`);
    if (call.member === 'StopPrompting')
      this.#send({ ...target, type: MESSAGE_TYPE.call, interface: CALLBACK, member: 'PromptDone' });
    if (call.member !== 'PerformPrompt') return;
    this.asked += 1;
    this.#shown.resolve();
    if (this.#person === 'cancels') this.#ready(target, 'no', '');
    else if (this.#person !== 'is away')
      this.#ready(target, 'yes', this.#encrypted(this.#person.types, String(exchange)));
  }

  #ready(target: { readonly destination: string; readonly path: string }, answer: string, fields: string): void {
    // Not ticked, or gnome-keyring would keep the password and never ask again. A variant in a variant is what gcr wants.
    const properties = new Map([['choice-chosen', { signature: 'v', value: { signature: 'b', value: false } }]]);
    const body: WireValue[] = [answer, properties, `[sx-aes-1]\n${fields}`];
    const call = { type: MESSAGE_TYPE.call, interface: CALLBACK, member: 'PromptReady', signature: 'sa{sv}s' };
    this.#send({ ...target, ...call, body });
  }

  #encrypted(password: string, exchange: string): string {
    const theirs = /^public=(.+)$/m.exec(exchange)?.[1] ?? '';
    const shared = this.#exchange.computeSecret(Buffer.from(theirs, 'base64'));
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-128-cbc', Buffer.from(hkdfSync('sha256', shared, '', '', 16)), iv);
    const secret = Buffer.concat([cipher.update(password), cipher.final()]).toString('base64');
    return `public=${this.#public}\nsecret=${secret}\niv=${iv.toString('base64')}\n`;
  }

  #send(message: Partial<Message> & { readonly type: number }): void {
    this.#serial += 1;
    this.#socket.write(encodeMessage({ flags: 0, signature: '', body: [], ...message, serial: this.#serial }));
  }
}
