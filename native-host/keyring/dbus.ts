import type { Socket } from 'node:net';
import { VaultError } from '../errors.ts';
import { sessionBusSockets } from './dbus-address.ts';
import { DbusError } from './dbus-error.ts';
import { decodeMessage, encodeMessage, MESSAGE_TYPE, type Message, messageLength } from './dbus-message.ts';
import type { WireValue } from './dbus-wire.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type Call = {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly WireValue[];
  readonly timeoutMs?: number;
};

/** Signals that agree with every field. `sender` is a unique name (or the bus itself): anybody can claim another one. */
export type SignalRule = {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The first argument, where it is a string. */
  readonly arg0?: string;
};

export type ConnectOptions = {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly meanwhile?: () => void;
};
type ConnectionOptions = ConnectOptions & { readonly address: string };

export const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};
const NO_REPLY_EXPECTED = 1;
const DEFAULT_TIMEOUT_MS = 5000;
const MAX_AUTH_LINE_BYTES = 16 * 1024;
const MIN_MESSAGE_BYTES = 16;

/**
 * A connection to the session bus of `env`, authenticated and with a name of its own. It never keeps the process alive by itself;
 * a waiting call does. `timeoutMs` (5000) bounds the connecting and every call that has no time-out of its own; `signal` ends
 * every wait with CANCELLED. `meanwhile` is run while the bus works on our greeting: the place for work that blocks.
 * @throws DbusError NoServer, AuthFailed, Disconnected, Timeout; VaultError CANCELLED
 */
export async function connectSessionBus(env: Env, options: ConnectOptions): Promise<BusConnection> {
  const { address, paths } = sessionBusSockets(env);
  const failures: string[] = [];
  for (const path of paths) {
    try {
      return await openConnection(path, { address, ...options });
    } catch (error) {
      // The next address is for a bus that is not there; a bus that answers wrongly is not passed over in silence.
      if (!(error instanceof DbusError) || !error.errorName.endsWith('.NoServer')) throw error;
      failures.push(error.message);
    }
  }
  throw new DbusError('NoServer', `${address}: ${failures.join(', ')}`);
}

async function openConnection(path: string, options: ConnectionOptions): Promise<BusConnection> {
  const { connect } = process.getBuiltinModule('node:net');
  const socket = connect(path);
  const connection = new BusConnection(socket, options);
  try {
    const named = connection.call({ ...BUS, member: 'Hello' });
    // What was written before the socket is connected has been sent when this goes on.
    const worked = new Promise<void>((resolve) => socket.once('connect', resolve)).then(options.meanwhile);
    await Promise.all([named, worked]);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A bus connection; made by `connectSessionBus`. */
export class BusConnection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #rejects = new Set<(error: Error) => void>();
  readonly #replies = new Map<number, { resolve(reply: Message): void; reject(error: Error): void }>();
  readonly #listeners = new Set<(signal: Message) => void>();
  #isAuthenticated = false;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #neededBytes = 1;
  #serial = 0;
  #failure: Error | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.address = options.address;
    this.#socket = socket;
    this.#signal = options.signal;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const userId = Buffer.from(`${process.getuid?.()}`).toString('hex');
    // Nothing depends on the answer but whether we are let in, so the first messages need not wait for it.
    socket.write(`\0AUTH EXTERNAL ${userId}\r\nBEGIN\r\n`);
    // The timer of each wait keeps the process alive, so the socket never has to.
    socket.unref();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => {
      const name = this.#isAuthenticated ? 'Disconnected' : 'NoServer';
      this.#fail(new DbusError(name, error.message, { cause: error }));
    });
    socket.on('close', () => this.#fail(new DbusError('Disconnected', 'the bus closed the connection')));
    this.#signal.addEventListener('abort', this.#onAbort);
  }

  /**
   * Calls a method and waits for its answer. Calls may overlap; a service receives them in order.
   * @throws DbusError the service's own error, or NoReply (it ended meanwhile), Disconnected, Timeout; VaultError CANCELLED
   */
  call(call: Call): Promise<Message> {
    return this.wait(call.timeoutMs ?? this.#timeoutMs, `${call.interface}.${call.member}`, (resolve, reject) => {
      const serial = this.#send(call, 0);
      this.#replies.set(serial, { resolve, reject });
      return () => this.#replies.delete(serial);
    });
  }

  /** Calls a method without waiting for anything; works after an abort, and does nothing on a lost connection. */
  post(call: Call): void {
    if (this.#failure) return;
    this.#send(call, NO_REPLY_EXPECTED);
    this.#socket.uncork();
  }

  /** Hears signals from now on; the function returned ends that. */
  watch(rule: SignalRule, listener: (signal: Message) => void): () => void {
    const hear = (signal: Message) => {
      if (agrees(signal, rule)) listener(signal);
    };
    const { sender, path, arg0 } = rule;
    const text = `type='signal',sender='${sender}',path='${path}',interface='${rule.interface}',member='${rule.member}'`;
    const match = { ...BUS, signature: 's', body: [arg0 === undefined ? text : `${text},arg0='${arg0}'`] };
    this.#listeners.add(hear);
    this.post({ ...match, member: 'AddMatch' });
    return () => {
      this.#listeners.delete(hear);
      this.post({ ...match, member: 'RemoveMatch' });
    };
  }

  /**
   * Waits for what `begin` starts, until it is there, the time is over, the connection is lost or the signal aborts; then runs
   * what `begin` returned. Everything that can take time goes through here.
   */
  async wait<T>(
    timeoutMs: number,
    what: string,
    begin: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
  ): Promise<T> {
    if (this.#failure) throw this.#failure;
    if (this.#signal.aborted) throw cancelled(this.#signal);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const end = begin(resolve, reject);
    const timer = setTimeout(
      () => reject(new DbusError('Timeout', `${what}: no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#rejects.add(reject);
    try {
      return await promise;
    } finally {
      this.#rejects.delete(reject);
      clearTimeout(timer);
      end();
    }
  }

  /** Ends the connection, and every wait with Disconnected. */
  close(): void {
    this.#fail(new DbusError('Disconnected', 'the connection was closed'));
  }

  readonly #onAbort = (): void => {
    for (const reject of this.#rejects) reject(cancelled(this.#signal));
  };

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
    for (const reject of this.#rejects) reject(error);
  }

  #send(call: Call, flags: number): number {
    const { timeoutMs: _, signature = '', body = [], ...target } = call;
    this.#serial += 1;
    const bytes = encodeMessage({ type: MESSAGE_TYPE.call, flags, serial: this.#serial, ...target, signature, body });
    // Calls made in the same turn leave in one write.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
    return this.#serial;
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < this.#neededBytes) return;
    try {
      this.#takeAll(Buffer.concat(this.#chunks));
    } catch (error) {
      this.#fail(new DbusError('InconsistentMessage', 'the bus sent what is not D-Bus', { cause: error }));
    }
  }

  /** Takes every complete message (or line of the authentication) and keeps the rest. */
  #takeAll(received: Buffer): void {
    let at = 0;
    let length = this.#nextLength(received);
    while (at + length <= received.length && !this.#failure) {
      const bytes = received.subarray(at, at + length);
      if (!this.#isAuthenticated) this.#authenticate(bytes.toString('latin1'));
      else this.#dispatch(decodeMessage(bytes));
      at += length;
      length = this.#nextLength(received.subarray(at));
    }
    this.#chunks = [received.subarray(at)];
    this.#receivedBytes = received.length - at;
    this.#neededBytes = length;
  }

  #nextLength(bytes: Buffer): number {
    if (this.#isAuthenticated) return messageLength(bytes) ?? MIN_MESSAGE_BYTES;
    const end = bytes.indexOf('\r\n');
    if (bytes.length > MAX_AUTH_LINE_BYTES) throw new RangeError('the line is too long');
    return end < 0 ? bytes.length + 1 : end + 2;
  }

  #authenticate(answer: string): void {
    this.#isAuthenticated = answer.startsWith('OK ');
    if (!this.#isAuthenticated) this.#fail(new DbusError('AuthFailed', 'the bus does not accept this user'));
  }

  #dispatch(message: Message): void {
    if (message.type === MESSAGE_TYPE.signal) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    const waiting = this.#replies.get(message.replySerial ?? 0);
    if (message.type === MESSAGE_TYPE.reply) waiting?.resolve(message);
    else if (message.type === MESSAGE_TYPE.error) waiting?.reject(errorOf(message));
  }
}

function agrees(signal: Message, rule: SignalRule): boolean {
  const isSame = signal.sender === rule.sender && signal.path === rule.path && signal.interface === rule.interface;
  return isSame && signal.member === rule.member && (rule.arg0 === undefined || signal.body[0] === rule.arg0);
}

function errorOf(message: Message): DbusError {
  const [text] = message.body;
  return new DbusError(message.errorName ?? 'Failed', typeof text === 'string' ? text : 'no reason given');
}

function cancelled(signal: AbortSignal): VaultError {
  if (signal.reason instanceof VaultError) return signal.reason;
  return new VaultError('CANCELLED', 'stopped while waiting for the keyring', { cause: signal.reason });
}
