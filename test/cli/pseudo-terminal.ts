import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { patiently } from './patience.ts';

/** A shell command that runs in a terminal of its own, with hands to type and eyes to read. */
export class PseudoTerminal {
  /** All that the terminal has shown, echo included; lines end with \r\n. */
  output = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<number>;
  private readonly watchers = new Set<() => void>();
  private isOver = false;

  /** `script` (util-linux) makes the terminal; ECHO is on, as in every terminal, so that a secret shown is seen here. */
  constructor(command: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn('script', ['--quiet', '--return', '--echo', 'always', '--command', command, '/dev/null'], {
      env: { ...process.env, SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.notify();
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (status, signal) => {
        this.isOver = true;
        this.notify();
        if (status === null) reject(new Error(`the terminal died of ${signal}`));
        else resolve(status);
      });
    });
  }

  /** Waits until `text` has been shown after position `from`. */
  async shows(text: string, from = 0): Promise<void> {
    const missing = (): string => `the terminal does not show ${JSON.stringify(text)} after ${from}: ${this.output}`;
    while (!this.output.includes(text, from)) {
      if (this.isOver) throw new Error(`the terminal closed without showing ${JSON.stringify(text)}: ${this.output}`);
      const more = new Promise<void>((resolve) => {
        this.watchers.add(resolve);
      });
      await patiently(more, missing);
    }
  }

  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** The exit status of the command. */
  async status(): Promise<number> {
    const status = await patiently(this.exited, () => `the command does not end: ${this.output}`);
    this.child.stdin?.destroy();
    return status;
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
    this.watchers.clear();
  }
}

/** A module of this repository as a shell word for `node`, which runs TypeScript as it is. */
export function driver(name: string): string {
  return `'${process.execPath}' '${path.join(import.meta.dirname, 'drivers', name)}'`;
}
