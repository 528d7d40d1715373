import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { type BrowserActionsOptions, browserActions, type HostVault } from '../../../native-host/actions.ts';
import { ConsoleOpens } from '../../../native-host/console-opens.ts';
import { encodeFrame, FrameReader } from '../../../native-host/framing.ts';
import { Logins } from '../../../native-host/logins.ts';
import { PromptBroker } from '../../../native-host/prompts.ts';
import { type ActionTable, action, type ServeOptions, serve } from '../../../native-host/server.ts';

export const HELLO = { protocol: { min: 1, max: 1 }, extensionVersion: '0.1.0' };

/** A browser's end of a host's connection, over real streams: what it sends goes in, what comes out is kept in order. */
export class BrowserEnd {
  readonly input = new PassThrough();
  readonly output: PassThrough;
  readonly log: string[] = [];
  readonly stop = new AbortController();
  readonly ended: Promise<void>;
  readonly #received: unknown[] = [];
  readonly #reader = new FrameReader();
  #waiting: (() => void) | undefined;

  constructor(actions: ActionTable, options: Partial<ServeOptions> & { readonly highWaterMark?: number } = {}) {
    this.output = new PassThrough(options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark });
    const { signal } = this.stop;
    const log = (line: string) => void this.log.push(line);
    this.ended = serve({ input: this.input, output: this.output, actions, signal, log, ...options });
  }

  /** Reads what the host writes; until then its output fills up. */
  read() {
    this.output.on('data', (chunk: Buffer) => {
      for (const frame of this.#reader.push(chunk)) if ('message' in frame) this.#received.push(frame.message);
      this.#waiting?.();
    });
  }

  send(message: object) {
    this.input.write(encodeFrame(message));
  }

  /** The next message from the host. */
  async next(): Promise<unknown> {
    while (this.#received.length === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.#received.shift();
  }

  get unread(): readonly unknown[] {
    return this.#received;
  }

  async greet() {
    this.send({ id: 0, action: 'hello', params: HELLO });
    await this.next();
  }
}

/** A host with the browser's real table of actions, over a vault that does as told. */
export async function browserOf(
  vault: Partial<HostVault> = {},
  options: Partial<ServeOptions> & { readonly onSubscribed?: BrowserActionsOptions['onSubscribed'] } = {},
): Promise<{ browser: BrowserEnd; prompts: PromptBroker; opens: ConsoleOpens; logins: Logins }> {
  const prompts = new PromptBroker();
  const opens = new ConsoleOpens();
  const logins = new Logins();
  const { onSubscribed, ...serving } = options;
  const actions = browserActions({
    vault: {
      list: async () => ({ profiles: [] }),
      consoleUrl: async () => ({ url: 'https://example.com/' }),
      openUrl: async () => ({ url: 'https://example.com/' }),
      lockState: async () => ({ status: 'none' }),
      onLockChange: () => () => undefined,
      unlock: async () => undefined,
      lock: () => undefined,
      ...vault,
    },
    prompts,
    opens,
    logins,
    hostVersion: '0.1.0',
    ...(onSubscribed && { onSubscribed }),
  });
  const browser = new BrowserEnd(actions, serving);
  browser.read();
  await browser.greet();
  return { browser, prompts, opens, logins };
}

/** The least table that a connection can be opened with. */
export const greets = {
  hello: action(
    () => ({ min: 1, max: 1 }),
    (range, call) => ({ protocol: call.greet(range) }),
  ),
};

/** An answer that is an error. */
export function failure(id: number | null, code: string, message: unknown = expect.any(String), details: object = {}) {
  return { id, ok: false, error: { code, message, details } };
}

/** A call that ends when it is told to, or stopped. */
export function slow() {
  const started = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<{ profiles: [] }>();
  const list = (signal: AbortSignal) => {
    started.resolve(signal);
    signal.addEventListener('abort', () => end.reject(signal.reason));
    return end.promise;
  };
  return { list, started: started.promise, finish: () => end.resolve({ profiles: [] }) };
}
