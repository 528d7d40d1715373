import type { Readable, Writable } from 'node:stream';
import { ERROR_CODES, VaultError } from './errors.ts';
import { encodeFrame, FrameReader, MAX_TO_BROWSER_BYTES } from './framing.ts';
import { isRecord } from './message-check.ts';

type Waiting = {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: unknown) => void;
};

/** The other end of server.ts, for those that are not a browser: a terminal that asks, and the check of an installation. */
export class MessageClient {
  /** Resolves when the connection is over, with the reason why no call is answered any more. */
  readonly closed: Promise<VaultError>;
  readonly #output: Writable;
  readonly #reader = new FrameReader(MAX_TO_BROWSER_BYTES);
  readonly #waiting = new Map<unknown, Waiting>();
  readonly #resolveClosed: (reason: VaultError) => void;
  #reason: VaultError | undefined;
  #lastId = 0;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    const { promise, resolve } = Promise.withResolvers<VaultError>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    for (const event of ['end', 'close'] as const) input.once(event, () => this.#close(gone()));
    input.on('error', (cause) => this.#close(gone(cause)));
    if (output !== (input as unknown)) output.on('error', (cause) => this.#close(gone(cause))); // a socket is both
  }

  /** @throws VaultError with the code of the answer, HOST_GONE, or BAD_MESSAGE when the other end speaks something else */
  async call(action: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    if (this.#reason) throw this.#reason;
    this.#lastId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    this.#waiting.set(this.#lastId, { resolve, reject });
    this.#output.write(encodeFrame({ id: this.#lastId, action, params }));
    return promise;
  }

  #receive(chunk: Buffer) {
    for (const frame of this.#reader.push(chunk)) {
      if ('error' in frame) return this.#close(frame.error);
      this.#settle(frame.message);
    }
  }

  #settle({ id, ok, result, error }: Readonly<Record<string, unknown>>) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok === true && isRecord(result)) waiting?.resolve(result);
    else if (id === null) this.#close(answeredError(error));
    else waiting?.reject(answeredError(error));
  }

  #close(reason: VaultError) {
    if (this.#reason) return;
    this.#reason = reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#resolveClosed(reason);
  }
}

function gone(cause?: unknown): VaultError {
  return new VaultError('HOST_GONE', 'the Keyturn host closed the connection', { cause });
}

/** A newer host may know codes that this program does not. */
function answeredError(error: unknown): VaultError {
  const { code, message } = isRecord(error) ? error : {};
  const known = ERROR_CODES.find((one) => one === code) ?? 'INTERNAL';
  return new VaultError(
    known,
    typeof message === 'string' ? message : 'the Keyturn host answered with an error it did not name',
  );
}
