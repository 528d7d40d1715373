import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach, beforeEach, expect } from 'vitest';
import { ConsoleOpens } from '../../../native-host/console-opens.ts';
import { Logins } from '../../../native-host/logins.ts';
import { PromptBroker } from '../../../native-host/prompts.ts';
import type { Prompt } from '../../../native-host/protocol.ts';
import { terminalConsole } from '../../../native-host/terminal-console.ts';
import { UnlockedVaults } from '../../../native-host/unlocked-vaults.ts';
import { type AskOptions, askInBrowser } from '../../../native-host/user-socket.ts';
import { listenForTerminals } from '../../../native-host/user-socket-server.ts';

export const request = {
  kind: 'mfa',
  profile: 'work',
  mfaSerial: 'arn:aws:iam::111111111111:mfa/jon',
  program: 'terraform',
  pid: 42,
} as const;

/** For each test a state directory (not made yet) that hosts listen in, and terminals that ask there. */
export function useHosts() {
  let parent: string;
  let stop: AbortController;
  let children: ChildProcess[];
  const state = { dir: '' };

  beforeEach(() => {
    parent = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-socket-'));
    state.dir = path.join(parent, 'state');
    stop = new AbortController();
    children = [];
  });
  afterEach(() => {
    stop.abort();
    for (const child of children) child.kill('SIGKILL');
    fs.rmSync(parent, { recursive: true });
  });

  const common = () => ({ stateDir: state.dir, env: process.env, signal: stop.signal });

  /** A host's socket in this process. */
  function listen(prompts = new PromptBroker(), pid = process.pid, opens = new ConsoleOpens(), logins = new Logins()) {
    const vault = { consolePlan: async () => ({ plan: 'p', destination: '' }) };
    const console = terminalConsole({ vault, opens, family: 'firefox' });
    const vaults = new UnlockedVaults({ stateDir: state.dir, fileRounds: '8192' });
    return listenForTerminals({
      ...common(),
      prompts,
      console,
      logins,
      family: 'firefox',
      vaults,
      sessions: { cachedSession: async () => ({}) },
      hostVersion: '0.1.0',
      pid,
      log: () => undefined,
    });
  }

  /** A host in this process, with a browser that has subscribed. */
  function host(pid = process.pid) {
    const prompts = new PromptBroker();
    const changed = new Set<() => void>();
    prompts.onChange(() => {
      for (const look of changed) look();
    });
    const until = (isRight: (list: readonly Prompt[]) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => isRight(prompts.prompts) && resolve();
        changed.add(look);
        look();
      });
    const onlyId = () => prompts.prompts[0]?.promptId ?? '';
    return {
      socket: listen(prompts, pid),
      prompts,
      asked: () => until((list) => list.length === 1),
      withdrawn: () => until((list) => list.length === 0),
      answer: (text: string) => prompts.answer(onlyId(), text),
      cancel: () => prompts.cancel(onlyId()),
    };
  }

  /** A host in a process of its own; `line` is its next word: how many questions are open. */
  async function hostProcess() {
    const program = path.join(import.meta.dirname, 'host-process.ts');
    const child = spawn(process.execPath, [program, state.dir], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value;
    expect(await line()).toBe('listening');
    return { child, line };
  }

  const ask = (options: Partial<AskOptions> = {}, more: object = {}) =>
    askInBrowser({ ...request, ...more }, { ...common(), ...options });

  return { state, listen, host, hostProcess, ask };
}
