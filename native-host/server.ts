import type { Readable, Writable } from 'node:stream';
import { asVaultError, type ErrorDetails, VaultError } from './errors.ts';
import { encodeFrame, FrameReader, MAX_TO_BROWSER_BYTES, MAX_TO_HOST_BYTES } from './framing.ts';
import { type Check, integer, isRecord, quoted, requireKnownKeys } from './message-check.ts';
import { PROTOCOL_VERSION, type WireError } from './protocol.ts';

/** What an action may do to the call and the connection it came by. */
export type Call = {
  /** Aborted by `cancel` and by the end of the connection. */
  readonly signal: AbortSignal;
  /** Sends a message nobody asked for; dropped when the connection is gone. */
  readonly send: (event: object) => void;
  /** Runs when the connection ends, however it ends. */
  readonly onEnd: (run: () => void) => void;
  /** Agrees on a protocol; until it has, only hello is answered. @throws VaultError VERSION_MISMATCH */
  readonly greet: (client: { readonly min: number; readonly max: number }) => number;
  /** Stops another call of this connection; one that is over already is left alone. */
  readonly cancel: (requestId: number) => void;
};

export type Action = {
  /** @throws VaultError BAD_MESSAGE */
  readonly check: Check<unknown>;
  /** Takes unchecked params. A result that is no promise is sent before anything else can happen. */
  readonly run: (params: unknown, call: Call) => object | Promise<object>;
};

/** The allow-list of what one kind of client may ask. */
export type ActionTable = Readonly<Record<string, Action>>;

export type ServeOptions = {
  readonly input: Readable;
  readonly output: Writable;
  readonly actions: ActionTable;
  /** Ends the connection as a closed input does. */
  readonly signal: AbortSignal;
  /** A line for stderr or --debug: action, outcome, time; never params or results. */
  readonly log?: (line: string) => void;
  readonly maxMessageBytes?: number;
  readonly maxCalls?: number;
};

/** The connection between one table of actions and one check of its parameters, so that neither can be given without the other. */
export function action<P, R extends object>(check: Check<P>, run: (params: P, call: Call) => R | Promise<R>): Action {
  return { check, run: (params, call) => run(check(params, 'params'), call) };
}

/**
 * Answers every message of `input` on `output` until the input ends, the signal aborts or the stream cannot be trusted. Calls
 * overlap. At the end all calls are aborted; those that heed it get a moment to let go of what they hold. Never rejects.
 */
export function serve(options: ServeOptions): Promise<void> {
  return new Connection(options).ended;
}

const MAX_CALLS = 32;
const END_GRACE_MS = 500;

class Connection {
  readonly ended: Promise<void>;
  readonly #options: ServeOptions;
  readonly #reader: FrameReader;
  readonly #calls = new Map<number, AbortController>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #endings: (() => void)[] = [];
  readonly #resolveEnded: () => void;
  #greeting: 'none' | 'refused' | 'done' = 'none';
  #isOver = false;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#reader = new FrameReader(options.maxMessageBytes ?? MAX_TO_HOST_BYTES);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#listen(options);
  }

  #listen({ input, output, signal }: ServeOptions) {
    const over = () => void this.#end();
    const inputOver = () => {
      const truncated = this.#reader.end();
      if (truncated) this.#answerError(null, truncated);
      over();
    };
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    input.once('end', inputOver);
    input.once('close', over);
    // A client that breaks the pipe has gone; there is nobody to tell.
    input.on('error', over);
    output.on('error', over);
    output.once('close', over);
    if (signal.aborted) over();
    else signal.addEventListener('abort', over, { once: true });
    this.onEnd(() => signal.removeEventListener('abort', over));
  }

  onEnd(run: () => void) {
    if (this.#isOver) run();
    else this.#endings.push(run);
  }

  async #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.input.pause();
    for (const call of this.#calls.values()) call.abort(new VaultError('CANCELLED', 'the connection was closed'));
    for (const run of this.#endings) run();
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, END_GRACE_MS);
    await Promise.race([Promise.all([Promise.allSettled(this.#work), this.#flushed()]), timer.promise]);
    clearTimeout(timeout);
    this.#resolveEnded();
  }

  /** Settles once what was written has left this process, or never will. */
  #flushed(): Promise<void> {
    const { output } = this.#options;
    if (!output.writable) return Promise.resolve();
    return new Promise((resolve) => output.write('', () => resolve()));
  }

  #receive(chunk: Buffer) {
    if (this.#isOver) return;
    for (const frame of this.#reader.push(chunk)) {
      if ('message' in frame) {
        this.#dispatch(frame.message);
        continue;
      }
      this.#answerError(null, frame.error);
      if (frame.isFatal) void this.#end();
    }
    const { input, output } = this.#options;
    // Who does not read the answers gets no further questions in, so that they do not pile up here.
    if (output.writableNeedDrain && !this.#isOver) {
      input.pause();
      output.once('drain', () => !this.#isOver && input.resume());
    }
  }

  #dispatch(message: Readonly<Record<string, unknown>>) {
    let id: number | null = null;
    try {
      id = requestId(message, 'id');
      const { name, params } = checkEnvelope(message);
      void this.#run({ id, name, params, found: this.#admit(id, name) });
    } catch (error) {
      this.#answerError(id, error);
    }
  }

  #admit(id: number, name: string): Action {
    const { actions, maxCalls = MAX_CALLS } = this.#options;
    const found = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (found === undefined) throw new VaultError('BAD_MESSAGE', `there is no action ${quoted(name)}`);
    if (this.#greeting === 'refused' && name !== 'hello') throw versionMismatch('offered none that this host speaks');
    if (this.#greeting === 'none' && name !== 'hello') {
      throw new VaultError('BAD_MESSAGE', `the first message must be hello, and ${name} came before it`);
    }
    if (this.#calls.has(id))
      throw new VaultError('BAD_MESSAGE', `the id ${id} belongs to a call that is still under way`);
    // A client that has used up its calls can still stop some.
    if (this.#work.size >= maxCalls && name !== 'cancel') {
      throw new VaultError(
        'BAD_MESSAGE',
        `${maxCalls} calls are under way, and no more are taken before one is answered`,
      );
    }
    return found;
  }

  async #run({ id, name, params, found }: { id: number; name: string; params: unknown; found: Action }) {
    const startedAt = performance.now();
    const stop = new AbortController();
    this.#calls.set(id, stop);
    try {
      const outcome = found.run(params, this.#callOf(stop.signal));
      const result = outcome instanceof Promise ? await this.#untilStopped(outcome, stop.signal) : outcome;
      this.#calls.delete(id);
      this.#send({ id, ok: true, result });
      this.#log(`${name} answered in ${elapsed(startedAt)}`);
    } catch (error) {
      this.#calls.delete(id);
      this.#answerError(id, error);
      this.#log(`${name} failed with ${asVaultError(error).code} in ${elapsed(startedAt)}`);
    }
  }

  /** A stopped call is answered at once, even if its work does not notice; it counts as under way until it does. */
  #untilStopped(work: Promise<object>, signal: AbortSignal): Promise<object> {
    const stopped = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => stopped.reject(signal.reason), { once: true });
    const settled: Promise<unknown> = work.then(
      () => this.#work.delete(settled),
      () => this.#work.delete(settled), // the race below answers with this failure
    );
    this.#work.add(settled);
    return Promise.race([work, stopped.promise]);
  }

  #callOf(signal: AbortSignal): Call {
    return {
      signal,
      send: (event) => this.#send(event),
      onEnd: (run) => this.onEnd(run),
      greet: (client) => this.#greet(client),
      cancel: (requestId) => this.#calls.get(requestId)?.abort(new VaultError('CANCELLED', 'the call was cancelled')),
    };
  }

  #greet({ min, max }: { readonly min: number; readonly max: number }): number {
    this.#greeting = 'refused';
    if (min > PROTOCOL_VERSION) throw versionMismatch(`needs ${min} or newer; update the keyturn program`);
    if (max < PROTOCOL_VERSION)
      throw versionMismatch(`knows only up to ${max}; update the client (the browser extension)`);
    this.#greeting = 'done';
    return PROTOCOL_VERSION;
  }

  #answerError(id: number | null, error: unknown) {
    this.#send({ id, ok: false, error: wireError(error) });
  }

  /** An answer that no browser would take becomes the error that says so. */
  #send(message: object) {
    const { output } = this.#options;
    if (this.#isOver || !output.writable) return;
    let frame: Buffer;
    try {
      frame = encodeFrame(message, MAX_TO_BROWSER_BYTES);
    } catch (error) {
      const id = 'id' in message ? message.id : null;
      frame = encodeFrame({ id, ok: false, error: wireError(error) });
    }
    output.write(frame);
  }

  #log(line: string) {
    this.#options.log?.(line);
  }
}

function elapsed(startedAt: number): string {
  return `${(performance.now() - startedAt).toFixed(1)} ms`;
}

function versionMismatch(rest: string): VaultError {
  const message = `this Keyturn host speaks protocol ${PROTOCOL_VERSION}, and the client ${rest}`;
  return new VaultError('VERSION_MISMATCH', message, { details: { protocol: PROTOCOL_VERSION } });
}

const ENVELOPE_KEYS = ['id', 'action', 'params'];
const requestId = (message: Readonly<Record<string, unknown>>, key: string) => integer({ min: 0 })(message[key], key);

function checkEnvelope(message: Readonly<Record<string, unknown>>): { name: string; params: unknown } {
  requireKnownKeys(message, ENVELOPE_KEYS, 'the message');
  const { action: name, params } = message;
  if (typeof name !== 'string') throw new VaultError('BAD_MESSAGE', 'action must be a string');
  if (!isRecord(params)) throw new VaultError('BAD_MESSAGE', 'params must be an object');
  return { name, params };
}

const DETAIL_KEYS: Readonly<Record<keyof ErrorDetails, true>> = {
  profile: true,
  file: true,
  line: true,
  flag: true,
  backend: true,
  mfaSerial: true,
  ssoStartUrl: true,
  ssoSession: true,
  sessionKey: true,
  operation: true,
  requestId: true,
  awsCode: true,
  protocol: true,
};

/** An error as it goes over the wire: code, message and the listed details; never its cause or its stack. */
export function wireError(error: unknown): WireError {
  const { code, message, details } = asVaultError(error);
  const listed = Object.entries(details).filter(([key]) => Object.hasOwn(DETAIL_KEYS, key));
  return { code, message, details: Object.fromEntries(listed) };
}
