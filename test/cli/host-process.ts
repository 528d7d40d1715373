import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { patiently } from './patience.ts';

export const HOST = path.resolve('dist/keyturn-host');
/** The arguments each browser gives the host. */
export const FIREFOX = ['/home/ada/.mozilla/native-messaging-hosts/io.keyturn.host.json', 'keyturn@keyturn.io'];
export const CHROMIUM = ['chrome-extension://afmiffhfcllegmgmmpkkgdpaabblbjio/'];

export type Message = {
  readonly id?: number | null;
  readonly ok?: boolean;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: string; readonly message: string; readonly details: object };
  readonly event?: string;
  readonly prompts?: readonly Record<string, string>[];
};

type HostOptions = {
  readonly env: Record<string, string | undefined>;
  readonly args?: readonly string[];
  readonly file?: string;
  readonly cwd?: string;
};

const isLittleEndian = os.endianness() === 'LE';

/** A frame as a browser writes it, around any bytes. */
export function frame(body: string | Buffer): Buffer {
  const content = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([header(content.length), content]);
}

export function header(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (isLittleEndian) bytes.writeUInt32LE(length);
  else bytes.writeUInt32BE(length);
  return bytes;
}

/** The built host as a browser runs it, with a reader of its own for what it says. */
export class HostProcess {
  /** Everything it has said, in order. */
  readonly messages: Message[] = [];
  stderr = '';
  readonly child: ChildProcessWithoutNullStreams;
  /** Its exit status, when it is over and everything it said has been read. */
  readonly exited: Promise<number | null>;
  private received = Buffer.alloc(0);
  private lastId = 0;
  private isOver = false;
  private readonly watchers = new Set<() => void>();

  constructor({ env, args = FIREFOX, file = HOST, cwd = '/' }: HostOptions) {
    const given = Object.entries(env).filter(([, value]) => value !== undefined);
    this.child = spawn(file, args, { env: Object.fromEntries(given), cwd, stdio: 'pipe', detached: true });
    this.child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // A host that refuses leaves without reading what was sent to it.
    this.child.stdin.on('error', () => undefined);
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (status) => {
        this.isOver = true;
        this.notify();
        resolve(status);
      });
    });
  }

  send(bytes: Buffer): void {
    this.child.stdin.write(bytes);
  }

  /** Asks and waits for the answer with the same id. */
  call(action: string, params: object = {}): Promise<Message> {
    this.lastId += 1;
    const id = this.lastId;
    this.send(frame(JSON.stringify({ id, action, params })));
    return this.next((message) => message.id === id);
  }

  hello(): Promise<Message> {
    return this.call('hello', { protocol: { min: 1, max: 1 }, extensionVersion: '0.1.0' });
  }

  /** The first message from `from` on that fits, once it is there. */
  async next(fits: (message: Message) => boolean, from = 0): Promise<Message> {
    for (;;) {
      const found = this.messages.slice(from).find(fits);
      if (found !== undefined) return found;
      if (this.isOver) throw new Error(`the host ended without that message: ${this.stderr}`);
      const more = new Promise<void>((resolve) => {
        this.watchers.add(resolve);
      });
      await patiently(more, () => `the host has said only ${JSON.stringify(this.messages)} ${this.stderr}`);
    }
  }

  /** Closes its stdin, as a browser does when the extension lets go of the port. */
  close(): Promise<number | null> {
    this.child.stdin.end();
    return this.exited;
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (let end = this.frameEnd(); end <= this.received.length; end = this.frameEnd()) {
      this.messages.push(JSON.parse(this.received.subarray(4, end).toString('utf8')));
      this.received = this.received.subarray(end);
    }
    this.notify();
  }

  /** Where the frame that has begun will end; beyond everything as long as its header is not there. */
  private frameEnd(): number {
    if (this.received.length < 4) return Number.POSITIVE_INFINITY;
    return 4 + (isLittleEndian ? this.received.readUInt32LE() : this.received.readUInt32BE());
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
    this.watchers.clear();
  }
}
